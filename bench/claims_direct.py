"""Claims by matching-service's own application code, without HTTP: exactness, CPU, retries, tails.

Each figure is beside the engine's own in the same run. "CPU" is that of both sides: this process
and the engine's.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import fmean, quantiles
from typing import Any

from crowdloom.chassis.store import MongoStore
from crowdloom.kernel import TransientError
from matching_service.adapters.mongo_session import MatchingSession
from matching_service.bootstrap import Application
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.errors import AlreadyClaimed

from bench.claims_engine import Engine, broken_promises, grow, matching, open_batch

_EXACT_TASKS, _EXACT_REDUNDANCY, _EXACT_CLAIMS, _EXACT_THREADS = 100, 3, 1_000, 32
_DONE_COUNT = 10_000
_HELD_AT_ONCE = 10
_REDUNDANCY = 3
_TAIL_WORKERS = 16
_TAIL_TASKS = 1_000
_TURNS = 10


def exactness(engine: Engine, repeats: int) -> dict[str, int]:
    """1,000 claims at once on 100 tasks of redundancy 3, each worker asking for ten."""
    sums: Counter[str] = Counter()
    for number in range(repeats):
        application = matching(engine, f"exact-{number}")
        sums.update(_one_exact(application))
        application.database.client.drop_database(application.database.name)
    return {name: sums[name] for name in ("violations", "duplicates", "lost", "claimed")}


def _one_exact(application: Application) -> dict[str, int]:
    database = application.database
    open_batch(application, "bat_exact", redundancy=_EXACT_REDUNDANCY, tasks=_EXACT_TASKS)
    grow(database, "bat_exact", to=_EXACT_TASKS, redundancy=_EXACT_REDUNDANCY)

    def ask(number: int) -> str | None:
        worker_id = f"wrk_{number % _EXACT_TASKS}"
        return _claim(application, worker_id, f"k{number}")

    with ThreadPoolExecutor(_EXACT_THREADS) as threads:
        acknowledged = {one for one in threads.map(ask, range(_EXACT_CLAIMS)) if one}
    kept = {row["_id"]: row for row in database["assignments"].find()}
    per_task = Counter(row["task_id"] for row in kept.values())
    pairs = {(row["task_id"], row["worker_id"]) for row in kept.values()}
    tasks = list(database["tasks"].find())
    exact = [row for row in tasks if not row["open"] and per_task[row["_id"]] == _EXACT_REDUNDANCY]
    return {
        # Of the tasks that there should be: a run that found none is no exact one.
        "violations": max(_EXACT_TASKS, len(tasks)) - len(exact),
        "duplicates": len(kept) - len(pairs),
        "lost": len(acknowledged - set(kept)),
        "claimed": len(kept),
    }


def _claim(application: Application, worker_id: str, key: str) -> str | None:
    """As a client does it: what may be tried again, is, with the same key."""
    while True:
        try:
            made = application.claim_task(worker_id, key)  # type: ignore[arg-type]
        except (TransientError, AlreadyClaimed):
            continue
        return made.assignment.assignment_id if made else None


def _claim_one(application: Application, worker_id: str, key: str) -> None:
    if _claim(application, worker_id, key) is None:
        raise AssertionError(f"{worker_id} was given nothing, so that nothing was measured")


def cpu_per_claim(
    engine: Engine, sizes: Sequence[int], count: int, worker_done: int = _DONE_COUNT
) -> dict[str, float]:
    """CPU milliseconds of one claim at each backlog, each in a database of its own, then for
    somebody who did 10,000 tasks.
    """
    backlogs = {size: _backlog(engine, size) for size in sizes}
    asked = {f"open_{size}": (made, f"wrk_{size}") for size, made in backlogs.items()}
    figures = _cpu_in_turns(engine, asked, count)
    figures["cpu_by_size_ratio"] = figures[f"open_{sizes[-1]}"] / figures[f"open_{sizes[0]}"]
    largest = backlogs[sizes[-1]]
    if sizes[-1] > 2 * worker_done:
        _have_done(largest, "wrk_old", sizes[-1], worker_done)
        done = f"done_{worker_done}"
        asked = {"done_0": (largest, "wrk_new"), done: (largest, "wrk_old")}
        # More of them than of the smallest backlog, where one worker has no more tasks to claim.
        figures |= _cpu_in_turns(engine, asked, 5 * count)
        figures["cpu_by_done_ratio"] = figures[done] / figures["done_0"]
    # They stay: to drop a million takes the embedded engine longer than to insert them.
    return {name: round(value, 3) for name, value in figures.items()}


def _backlog(engine: Engine, size: int) -> Application:
    application = matching(engine, f"cpu-{size}")
    open_batch(application, "bat_cpu", redundancy=_REDUNDANCY, tasks=size)
    grow(application.database, "bat_cpu", to=size, redundancy=_REDUNDANCY)
    print(f"    cpu  {size} open", flush=True)
    return application


def _cpu_in_turns(
    engine: Engine, asked: Mapping[str, tuple[Application, str]], count: int
) -> dict[str, float]:
    """In turns, so that what else the machine does falls on all; a first one warms up."""
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(_TURNS + 1):
        for name, (application, worker_id) in asked.items():
            found[name].append(_cpu_of(engine, application, worker_id, count // _TURNS))
    return {name: fmean(each[1:]) for name, each in found.items()}


def _have_done(application: Application, worker_id: str, size: int, done: int) -> None:
    """Tasks spread evenly over the backlog, in the shape of the adapters."""
    database, step = application.database, size // done
    tasks = [row["_id"] for row in database["tasks"].find({}, {"_id": 1})][::step][:done]
    change = {"$inc": {"open": -1}, "$push": {"workers": worker_id}}
    for start in range(0, len(tasks), 1000):
        part = tasks[start : start + 1000]
        database["tasks"].update_many({"_id": {"$in": part}}, change)
        rows: list[dict[str, Any]] = [
            {
                "_id": f"asg_{task}",
                "worker_id": worker_id,
                "claim_key": f"done:{task}",
                "status": str(AssignmentStatus.SUBMITTED),
                "batch_id": "bat_cpu",
                "task_id": task,
            }
            for task in part
        ]
        database["assignments"].insert_many(rows, ordered=False)


def _cpu_of(engine: Engine, application: Application, worker_id: str, count: int) -> float:
    spent = 0.0
    for start in range(0, count, _HELD_AT_ONCE):
        before = time.process_time() + engine.cpu_seconds()
        for number in range(_HELD_AT_ONCE):
            _claim_one(application, worker_id, f"{time.monotonic_ns()}:{start + number}")
        spent += time.process_time() + engine.cpu_seconds() - before
        _finish_all(application, worker_id)
    return spent / count * 1000


def _finish_all(application: Application, worker_id: str) -> None:
    application.database["assignments"].update_many(
        {"worker_id": worker_id, "status": "leased"},
        {"$set": {"status": "submitted"}, "$unset": {"place": ""}},
    )


@dataclass
class _CountedStore:
    """The store, counting how often its work was tried beside how often it took effect."""

    inner: "MongoStore[MatchingSession]"
    tries: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, work: Callable[[Any], Any]) -> Any:
        return self.inner.run(self._counted(work))

    def write(self, work: Callable[[Any], Any]) -> Any:
        return self.inner.write(self._counted(work))

    def _counted(self, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counted(session: Any) -> Any:
            with self.lock:
                self.tries += 1
            return work(session)

        return counted


def tail(engine: Engine, claims_each: int = 30) -> dict[str, float]:
    """Sixteen workers at once: retries a claim, p99; and the engine's p99 for one update."""
    application = matching(engine, "tail")
    open_batch(application, "bat_tail", redundancy=_REDUNDANCY, tasks=_TAIL_TASKS)
    grow(application.database, "bat_tail", to=_TAIL_TASKS, redundancy=_REDUNDANCY)
    store = _CountedStore(application.store)
    application.claim_task._store = store  # noqa: SLF001 - the count is the bench's alone
    application.database["updates"].insert_many([{"_id": n} for n in range(_TAIL_TASKS)])

    def update(number: int, turn: int) -> None:
        which = (number * 61 + turn * 17) % _TAIL_TASKS
        application.database["updates"].update_one({"_id": which}, {"$inc": {"n": 1}})

    def ask(number: int, turn: int) -> None:
        _claim_one(application, f"wrk_{number}_{turn // _HELD_AT_ONCE}", f"k{turn}")

    raw = _latencies(update, claims_each)
    asked = _latencies(ask, claims_each)
    claims = application.database["assignments"].count_documents({})
    broken = broken_promises(application.database, "bat_tail", _REDUNDANCY)
    application.database.client.drop_database(application.database.name)
    return {
        "retries_a_claim": round(store.tries / claims - 1, 3),
        "claim_p99_ms": _p99(asked),
        "one_update_p99_ms": _p99(raw),
        "p99_ratio": round(_p99(asked) / _p99(raw), 2),
        "broken_promises": broken,
    }


def _latencies(act: Callable[[int, int], None], turns: int) -> list[float]:
    def all_turns(number: int) -> list[float]:
        found = []
        for turn in range(turns):
            began = time.perf_counter()
            act(number, turn)
            found.append((time.perf_counter() - began) * 1000)
        return found

    with ThreadPoolExecutor(_TAIL_WORKERS) as threads:
        return [one for found in threads.map(all_turns, range(_TAIL_WORKERS)) for one in found]


def _p99(values: Sequence[float]) -> float:
    return round(quantiles(values, n=100)[98], 2)
