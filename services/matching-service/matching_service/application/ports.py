"""What the use cases need, as contracts. All blocking; adapters raise TransientError."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from crowdloom.chassis.tickets import Ticket
from crowdloom.contracts import Event
from crowdloom.kernel.ids import AssignmentId, BatchId, TaskId, WorkerId

from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.batches import Batch, BatchStatus, PayPerHour, WorkerProfile

ResultT = TypeVar("ResultT")


class Batches(Protocol):
    def put(self, batch: Batch) -> None:
        """Insert or replace what a BatchOpened said."""
        ...

    def get(self, batch_id: BatchId) -> Batch | None: ...

    def with_status(self, *statuses: BatchStatus) -> list[Batch]: ...

    def set_status(self, batch_id: BatchId, status: BatchStatus) -> None: ...

    def add_chunk(self, batch_id: BatchId, chunk: int) -> None:
        """Note that chunks up to this one exist."""
        ...

    def count_reopened(self, batch_id: BatchId) -> None:
        """One more slot than published is wanted: a rejected answer is to be replaced."""
        ...

    def slots_wanted(self, batch_id: BatchId) -> int:
        """Published and reopened slots, less the withdrawn ones."""
        ...

    def withdraw(self, batch_id: BatchId, slot_count: int) -> int:
        """Count slots as withdrawn; returns the number of this withdrawal, from 1."""
        ...

    def note_progress(self, batch_id: BatchId, open_slot_count: int, leased: int) -> bool:
        """Keep the counts; returns whether they differ from those kept before."""
        ...

    def note_pay(self, batch_id: BatchId, pay: PayPerHour) -> None: ...

    def note_served(self, batch_id: BatchId, served_at: datetime) -> None: ...


class Tasks(Protocol):
    """One document a task: its open slots, and every worker it was ever given to."""

    def add(self, batch_id: BatchId, chunk: int, task_ids: Sequence[TaskId], slots: int) -> None:
        """Add tasks; one that is there already is left as it is."""
        ...

    def candidates(self, batch_id: BatchId, chunk: int, worker_id: WorkerId) -> list[TaskId]:
        """Tasks of a chunk with an open slot that this worker never had: at most 500."""
        ...

    def take(self, task_id: TaskId, worker_id: WorkerId) -> bool:
        """Take a slot, if one is open and the worker never had the task: one conditional write."""
        ...

    def reopen(self, task_id: TaskId) -> None:
        """One slot more is open."""
        ...

    def close_slot(self, task_id: TaskId) -> bool:
        """One slot less is open; False where none was."""
        ...

    def withdraw_open(self, batch_id: BatchId, chunk: int) -> int:
        """Close every open slot of a chunk; returns how many."""
        ...


class Assignments(Protocol):
    def add(self, assignment: Assignment) -> None:
        """Raises AlreadyClaimed where the worker has made a claim with this key before."""
        ...

    def get(self, assignment_id: AssignmentId) -> Assignment | None: ...

    def by_claim_key(self, worker_id: WorkerId, claim_key: str) -> Assignment | None: ...

    def held_by(self, worker_id: WorkerId) -> list[Assignment]: ...

    def finish(
        self, assignment_id: AssignmentId, status: AssignmentStatus, finished_at: datetime
    ) -> bool:
        """Move a leased assignment to a final status; False where it was not leased."""
        ...

    def override(
        self, assignment_id: AssignmentId, status: AssignmentStatus, finished_at: datetime
    ) -> None:
        """Set a status whatever it was before."""
        ...

    def prolong(self, assignment: Assignment, deadline: datetime) -> bool:
        """Move the deadline of a leased assignment, if nobody moved it meanwhile."""
        ...

    def overdue(self, before: datetime, count_max: int) -> list[Assignment]:
        """Leased assignments with an earlier deadline."""
        ...

    def counts(self, batch_id: BatchId) -> Mapping[AssignmentStatus, int]: ...

    def recent_seconds(self, batch_id: BatchId, count_max: int) -> list[float]:
        """Seconds from claim to submission of the last submitted ones."""
        ...


class Workers(Protocol):
    def put(self, worker_id: WorkerId, profile: WorkerProfile) -> None: ...

    def get(self, worker_id: WorkerId) -> WorkerProfile: ...


class Watermarks(Protocol):
    def advance(self, partition: int, as_of: datetime) -> None:
        """Never goes back."""
        ...

    def lowest(self) -> datetime | None:
        """The least over all partitions; None until every one has been heard of."""
        ...


class Session(Protocol):
    """One transaction over everything matching-service owns."""

    @property
    def batches(self) -> Batches: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def assignments(self) -> Assignments: ...
    @property
    def workers(self) -> Workers: ...
    @property
    def watermarks(self) -> Watermarks: ...

    def emit(self, *events: Event) -> None: ...


class Store(Protocol):
    """Runs work in a transaction; see crowdloom.chassis.store.Store."""

    def run(self, work: Callable[[Session], ResultT]) -> ResultT: ...


class Reader(Session, Protocol):
    """The same repositories outside any transaction, for reads that need not agree."""


class Tickets(Protocol):
    def sign(self, ticket: Ticket) -> str: ...
