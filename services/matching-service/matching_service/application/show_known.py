"""What matching-service knows about a worker, handed over to that worker.

But for one thing: how many items of a project were known ones. It is told by tens, as part of what
was judged; a count that moves by one would tell of a single item that its answer is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel.ids import WorkerId

from matching_service.application.ports import Reader, UnmetAsk
from matching_service.domain.assignments import Assignment
from matching_service.domain.requirements import WorkerProfile


@dataclass(frozen=True)
class Known:
    """`assignments` is read as it is asked for: all there ever were, each with when it ended."""

    profile: WorkerProfile
    last_in_vain: UnmetAsk | None
    assignments: Iterator[tuple[Assignment, datetime | None]]


class ShowKnown:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self, worker_id: WorkerId) -> Known:
        return Known(
            self._reader.workers.get(worker_id),
            self._reader.asks.unmet_of(worker_id),
            self._reader.assignments.of_worker(worker_id),
        )
