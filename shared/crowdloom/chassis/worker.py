"""The events process of a service: relay, consumer and periodic jobs, each in a thread.

A bug in any of them ends the process with a non-zero code; whoever supervises it starts it again.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from pymongo.database import Database
from pymongo.errors import PyMongoError

from crowdloom.chassis.consumer import ConsumerLoop
from crowdloom.chassis.relay import Relay
from crowdloom.kernel import Clock, TransientError

log = structlog.get_logger(__name__)

PROCESS_STATUS = "process_status"
STATUS_SECONDS = 5.0
_TICK_SECONDS = 0.1
_RESTING_AFTER_SECONDS = 20.0
_RESTING_FACTOR, _RESTING_SECONDS_MAX = 4, 15.0


@dataclass(frozen=True)
class Job:
    """Work done again and again. `run` returns how much it did: where that is `again_from` or more,
    it is run again at once, but for one that keeps its `steady` pace; one that long found nothing,
    while no event came either, is run less often. One that is `apart` may take long: no other waits
    for it.
    """

    name: str
    every_seconds: float
    run: Callable[[], int | None]
    apart: bool = False
    steady: bool = False
    again_from: int = 1


class EventsProcess:
    """Runs until SIGTERM or SIGINT. Returns the exit code."""

    def __init__(
        self,
        *,
        service: str,
        database: Database[dict[str, Any]],
        clock: Clock,
        relay: Relay,
        consumer: ConsumerLoop[Any],
        jobs: Sequence[Job] = (),
    ) -> None:
        self._service = service
        self._database = database
        self._clock = clock
        self._relay = relay
        self._consumer = consumer
        self._jobs = [*jobs, Job("status", STATUS_SECONDS, self._write_status, steady=True)]
        self._stop = threading.Event()
        self._failed = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        threads = [
            threading.Thread(target=self._guarded, args=(name, work), name=name)
            for name, work in (
                ("relay", self._relay.run),
                ("consumer", self._consumer.run),
                ("jobs", partial(self._run_jobs, [job for job in self._jobs if not job.apart])),
                *((job.name, partial(self._run_jobs, [job])) for job in self._jobs if job.apart),
            )
        ]
        for thread in threads:
            thread.start()
        log.info("events_process_started", pid=os.getpid())
        for thread in threads:
            thread.join()
        return 1 if self._failed else 0

    def _guarded(self, name: str, work: Callable[[threading.Event], None]) -> None:
        try:
            work(self._stop)
        except Exception:
            log.exception("thread_failed", thread=name)
            self._failed = True
        finally:
            self._stop.set()

    def _run_jobs(self, jobs: Sequence[Job], stop: threading.Event) -> None:
        ran_at = {job.name: float("-inf") for job in jobs}
        did_at = {job.name: time.monotonic() for job in jobs}
        while not stop.wait(_TICK_SECONDS):
            for job in jobs:
                now = time.monotonic()
                idle_seconds = now - max(did_at[job.name], self._consumer.moved_at)
                if now < ran_at[job.name] + pause_seconds(job, idle_seconds):
                    continue
                did = self._run_job(job)
                ended = time.monotonic()
                is_unfinished = not job.steady and (did or 0) >= job.again_from
                ran_at[job.name] = float("-inf") if is_unfinished else ended
                did_at[job.name] = ended if did else did_at[job.name]

    def _run_job(self, job: Job) -> int | None:
        try:
            return job.run()
        except (TransientError, PyMongoError) as error:
            log.warning("job_waits", job=job.name, error=str(error))
            return None

    def _write_status(self) -> int:
        """Always something, so it never rests: who hears nothing for long takes the process for
        dead.
        """
        lag = {f"{topic}/{partition}": count for (topic, partition), count in self._lag()}
        self._database[PROCESS_STATUS].replace_one(
            {"_id": f"{self._service}-events"},
            {
                "pid": os.getpid(),
                "seen_at": self._clock.now(),
                "handled_count": self._consumer.handled_count,
                "lag": sum(lag.values()),
                "lag_by_partition": lag,
                "lag_age_seconds": self._consumer.lag_age_seconds(),
            },
            upsert=True,
        )
        return 1

    def _lag(self) -> list[tuple[tuple[str, int], int]]:
        return sorted(self._consumer.lag_seen.items())


def pause_seconds(job: Job, idle_seconds: float) -> float:
    """A market at rest costs its machine little, and nobody waits long for its first work."""
    if idle_seconds < _RESTING_AFTER_SECONDS:
        return job.every_seconds
    return max(job.every_seconds, min(job.every_seconds * _RESTING_FACTOR, _RESTING_SECONDS_MAX))
