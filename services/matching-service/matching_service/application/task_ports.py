"""Tasks and who is given which of them. The same contract as in `ports`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crowdloom.kernel.ids import BatchId, TaskId, WorkerId

from matching_service.domain.known_items import Tally
from matching_service.domain.requirements import Judged


@dataclass(frozen=True)
class OpenTask:
    """A task as it was when it was read: its open slots, and everybody it was given to."""

    task_id: TaskId
    open_count: int
    workers: frozenset[WorkerId]
    known: bool = False


class Tasks(Protocol):
    """One document a task: its open slots, and every worker it was ever given to."""

    def add(self, batch_id: BatchId, chunk: int, task_ids: Sequence[TaskId], slots: int) -> None:
        """Add tasks; one that is there already is left as it is."""
        ...

    def find(self, task_id: TaskId) -> tuple[BatchId, OpenTask] | None:
        """Its batch, and how it is now; open or not."""
        ...

    def in_pool(self, pool: str, worker_id: WorkerId) -> list[OpenTask]:
        """Tasks of a pool with an open slot that this worker never had: at most a pool's."""
        ...

    def in_known_pool(self, pool: str, worker_id: WorkerId) -> list[OpenTask]:
        """The same of a pool of known tasks."""
        ...

    def unmarked(self, task_ids: Sequence[TaskId]) -> list[TaskId]:
        """Those that are there and not marked as known."""
        ...

    def mark(self, pools_of: Mapping[TaskId, str]) -> None:
        """Their answers are known: they are in these pools besides."""
        ...

    def unmark(self, task_ids: Sequence[TaskId]) -> None: ...

    def anywhere(self, batch_id: BatchId, worker_id: WorkerId, count_max: int) -> list[OpenTask]:
        """Such tasks of the whole batch. Reads no task without an open slot."""
        ...

    def take(self, task_id: TaskId, worker_id: WorkerId) -> None:
        """Take a slot, if one is open and the worker never had the task: one conditional write. It
        is sent with the transaction's last ones; SlotTaken comes out of the transaction.
        """
        ...

    def widen(self, task_ids: Sequence[TaskId], slots: int) -> None:
        """Open so many slots more of each."""
        ...

    def reopen(self, task_id: TaskId) -> None:
        """One slot more is open."""
        ...

    def close_slot(self, task_id: TaskId) -> bool:
        """One slot less is open; False where none was."""
        ...

    def withdraw_open(self, batch_id: BatchId, task_count_max: int) -> int:
        """Close every open slot of at most so many tasks; returns how many slots."""
        ...


class Tallies(Protocol):
    """How many items, and how many known ones, each worker was given of a project."""

    def get(self, project: str, worker_id: WorkerId) -> Tally: ...

    def put(self, project: str, worker_id: WorkerId, tally: Tally, *, given: int) -> bool:
        """Set it if so many were given till now; False where another claim was first."""
        ...

    def score(self, project: str, worker_id: WorkerId, judged: Judged) -> Judged:
        """Add what known items of the project say of the worker; returns what they all say."""
        ...
