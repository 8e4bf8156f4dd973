"""What the use cases need, as contracts. All blocking; adapters raise TransientError."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from crowdloom.chassis.tickets import Ticket
from crowdloom.contracts import Event
from crowdloom.contracts.task import SubmissionReceived
from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, TaskId, WorkerId

from matching_service.application.task_ports import Tallies, Tasks
from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.batches import (
    Batch,
    BatchStatus,
    PayPerHour,
    SlotCounts,
)
from matching_service.domain.policy import Parts, Policy
from matching_service.domain.requirements import Holding, Judged, WorkerProfile

ResultT = TypeVar("ResultT")


class Batches(Protocol):
    """What was said of each batch, in whatever order; a batch is shown once it was opened."""

    def put(self, batch: Batch) -> None:
        """Insert or replace what a BatchOpened said."""
        ...

    def grow(
        self, batch_id: BatchId, *, revision: int, reward: Money, task_count: int, redundancy: int
    ) -> None:
        """Keep what holds since the batch grew; an older revision changes nothing."""
        ...

    def get(self, batch_id: BatchId) -> Batch | None: ...

    def with_status(self, *statuses: BatchStatus) -> list[Batch]: ...

    def page(self, *statuses: BatchStatus, after: BatchId | None, count_max: int) -> list[Batch]:
        """Batches in order of their ids, from the one after `after` on."""
        ...

    def note_pause(self, batch_id: BatchId, event_id: str, *, paused: bool) -> None:
        """Paused or resumed; the newest event counts."""
        ...

    def note_excluded(
        self, batch_id: BatchId, event_id: str, pseudonym: Pseudonym, *, excluded: bool
    ) -> None:
        """Excluded from the batch, or let in again; the newest event about a worker counts."""
        ...

    def note_over(self, batch_id: BatchId, status: BatchStatus) -> None:
        """Cancelled or completed, for good."""
        ...

    def add_chunk(self, batch_id: BatchId, chunk: int, task_count: int) -> None:
        """Note that this chunk exists, and how many tasks it has."""
        ...

    def pool_counts(self, batch_id: BatchId) -> Mapping[int, int]:
        """Of each chunk that exists, into how many pools it was dealt."""
        ...

    def count_known(self, batch_id: BatchId, task_count: int) -> int:
        """So many more tasks are known; returns how many were before."""
        ...

    def count_reopened(self, batch_id: BatchId) -> None:
        """One more slot than published is wanted: a rejected answer is to be replaced."""
        ...

    def count_submitted(
        self, batch_id: BatchId, count: int, seconds: Sequence[float], *, from_newcomers: int
    ) -> None:
        """So many more answers, how long each took from claim to submission, and how many of them
        came from newcomers.
        """
        ...

    def recount(self, batch_id: BatchId, found: int, *, was: int, now: datetime) -> bool:
        """So many answers were found; False, and nothing changes, where the counter is not what it
        was any more.
        """
        ...

    def slot_counts(self, batch_id: BatchId) -> SlotCounts: ...

    def withdraw(self, batch_id: BatchId, slot_count: int) -> int:
        """Count slots as withdrawn; returns the number of this withdrawal, from 1."""
        ...

    def note_progress(self, batch_id: BatchId, open_slot_count: int, leased: int) -> bool:
        """Keep the counts; returns whether they differ from those kept before."""
        ...

    def note_pay(self, batch_id: BatchId, pay: PayPerHour) -> None: ...

    def recent_seconds(self, batch_id: BatchId) -> list[float]:
        """Seconds from claim to submission of the last answers, at most 200."""
        ...

    def note_served(self, batch_id: BatchId, served_at: datetime) -> None: ...


@dataclass(frozen=True)
class RecentWork:
    worker_id: WorkerId
    batch_id: BatchId
    status: AssignmentStatus
    claimed_at: datetime
    finished_at: datetime | None
    prolonged_count: int = 0
    is_rework: bool = False


@dataclass(frozen=True)
class Verdict:
    """A requester's own decision about an answer, added to those about its worker's others; where
    it is `by_known`, by the answer that he knew.
    """

    assignment_id: AssignmentId
    batch_id: BatchId
    judged: Judged
    by_known: bool = False


class Assignments(Protocol):
    def add(self, assignment: Assignment, place: int, *turns: str | None) -> None:
        """Add a lease, in one of the places that a worker has for leases, and in the turns of a
        capped batch: that of the whole batch and that of today.

        It is written at the end of the transaction, which then raises AlreadyClaimed where the
        worker has made a claim with this key before, or another lease has the place or a turn.
        """
        ...

    def add_rework(self, assignment: Assignment) -> None:
        """Add a lease of work that was sent back: it takes none of the worker's places."""
        ...

    def get(self, assignment_id: AssignmentId) -> Assignment | None: ...

    def of_ids(self, assignment_ids: Sequence[AssignmentId]) -> list[Assignment]: ...

    def by_claim_key(self, worker_id: WorkerId, claim_key: str) -> Assignment | None: ...

    def held_by(self, worker_id: WorkerId) -> list[Assignment]:
        """At most as many as one may hold, and what was sent back to him."""
        ...

    def of_worker(self, worker_id: WorkerId) -> Iterator[tuple[Assignment, datetime | None]]:
        """All of them in the order of their claims, each with when it ended, read as they are
        asked for.
        """
        ...

    def of_task(
        self, task_id: TaskId, workers: Collection[WorkerId], count_max: int
    ) -> list[tuple[Assignment, datetime | None]]:
        """The same of one task, which was given to these workers. Reads as many as they had."""
        ...

    def places_taken(self, worker_id: WorkerId) -> set[int]: ...

    def turns_taken(self, name: str) -> list[int]:
        """Numbers of the turns of that name which are taken: by what is held or was submitted."""
        ...

    def finish(
        self, assignment_id: AssignmentId, status: AssignmentStatus, finished_at: datetime
    ) -> bool:
        """Move a leased assignment to a final status; False where it was not leased."""
        ...

    def expire(self, assignment_id: AssignmentId, before: datetime, finished_at: datetime) -> bool:
        """Expire it if it is leased and its deadline, prolonged or not, is before `before`."""
        ...

    def submit(self, answered: Mapping[AssignmentId, datetime]) -> None:
        """Mark as submitted at that moment, whatever the status was before."""
        ...

    def confirm_end(self, assignment_id: AssignmentId) -> bool:
        """Note that a returned or expired assignment can be submitted no more; False where that is
        known, or it is neither.
        """
        ...

    def prolong(self, assignment: Assignment, deadline: datetime, key: str) -> bool:
        """Move the deadline of a leased assignment, if nobody moved it meanwhile."""
        ...

    def overdue(self, before: datetime, count_max: int) -> list[Assignment]:
        """Leased assignments with an earlier deadline."""
        ...

    def count(self, batch_id: BatchId, status: AssignmentStatus) -> int:
        """Reads as many as it counts. Of the submitted ones `Batches.slot_counts` keeps count."""
        ...

    def recent(self, count_max: int) -> list[RecentWork]:
        """The last claims, newest first, with what became of them."""
        ...

    def counts(self, batch_id: BatchId) -> Mapping[AssignmentStatus, int]:
        """Reads all of the batch: for a proof that somebody asks for, not for a job."""
        ...


class Workers(Protocol):
    def put(self, worker_id: WorkerId, profile: WorkerProfile) -> None: ...

    def learn(self, worker_id: WorkerId, qualification: str, holding: Holding) -> None:
        """What was said last, by `told_at`, counts."""
        ...

    def count_answers(self, worker_ids: Sequence[WorkerId]) -> list[bool]:
        """One more answer of each, named as often as he gave some; says of each answer whether he
        was a newcomer when he gave it. Whoever is none is counted no further.
        """
        ...

    def judge(self, verdicts: Mapping[tuple[WorkerId, str], Judged]) -> None:
        """Add what was decided about answers of a type of task."""
        ...

    def judge_by_known(self, verdicts: Sequence[tuple[WorkerId, str, Judged]]) -> None:
        """Add what known answers say, in this order, by tens: until then it is kept beside."""
        ...

    def stop(self, worker_id: WorkerId, project: str, *, stopped: bool) -> None:
        """He is given no more of the project, or again."""
        ...

    def close(self, worker_id: WorkerId) -> None:
        """Mark the account as closed for good, and keep nothing else of it; idempotent."""
        ...

    def get(self, worker_id: WorkerId) -> WorkerProfile: ...

    def of_ids(self, worker_ids: Sequence[WorkerId]) -> Mapping[WorkerId, WorkerProfile]:
        """The profiles of those that were heard of."""
        ...

    def registered(self, since: datetime, count_max: int) -> list[WorkerId]:
        """The newest, of those that were heard of."""
        ...


@dataclass(frozen=True)
class Option:
    """A batch that a claim could have been of, and what its score was made of."""

    batch_id: BatchId
    parts: Parts


@dataclass(frozen=True)
class Decision:
    """A choice among several batches; the first option was tried first."""

    decision_id: str
    decided_at: datetime
    options: Sequence[Option]


@dataclass(frozen=True)
class UnmetAsk:
    """A worker was given nothing. `reasons` are by batch; what was looked at and has none had no
    task left for him.
    """

    worker_id: WorkerId
    asked_at: datetime
    looked_at_count: int
    reasons: Mapping[BatchId, str]


class Asks(Protocol):
    """What is kept of claims for those who watch the market: bounded, and forgotten after days."""

    def put_decision(self, decision: Decision) -> None: ...

    def decisions(self, count_max: int) -> list[Decision]:
        """The last ones, newest first."""
        ...

    def put_unmet(self, ask: UnmetAsk) -> None:
        """In place of the worker's last one."""
        ...

    def unmet_of(self, worker_id: WorkerId) -> UnmetAsk | None: ...

    def forget(self, worker_id: WorkerId) -> None: ...

    def unmet_since(self, since: datetime, count_max: int) -> list[UnmetAsk]: ...


@dataclass(frozen=True)
class PolicySetting:
    """`version` counts from 0, which is what holds before anybody set anything."""

    policy: Policy
    version: int = 0


@dataclass(frozen=True)
class PolicyChange:
    """Who changed the policy, from what to what, and why."""

    change_id: str
    changed_at: datetime
    changed_by: str
    before: Policy
    after: Policy
    reason: str


class Policies(Protocol):
    def current(self) -> PolicySetting: ...

    def put(self, policy: Policy, *, version: int) -> bool:
        """Set it, if the version before is still the current one."""
        ...

    def add_change(self, change: PolicyChange) -> None:
        """Into the audit log; nothing changes or removes it."""
        ...

    def changes(self, count_max: int) -> list[PolicyChange]:
        """The last ones, newest first."""
        ...


class Watermarks(Protocol):
    def advance(self, partition: int, as_of: datetime) -> None:
        """Never goes back."""
        ...

    def lowest(self) -> datetime | None:
        """The least over all partitions; None until every one has been heard of."""
        ...


class Session(Protocol):
    """One transaction over everything matching-service owns. `answered` are the answers heard of in
    it, and `verdicts` what was decided about some; their effects wait for its end.
    """

    answered: list[SubmissionReceived]
    verdicts: list[Verdict]

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
    @property
    def tallies(self) -> Tallies: ...
    @property
    def asks(self) -> Asks: ...
    @property
    def policies(self) -> Policies: ...

    def emit(self, *events: Event) -> None: ...

    def take_answers(self) -> None:
        """Let what was answered so far take effect, before something that depends on it."""
        ...


class Store(Protocol):
    """Runs work in a transaction; see crowdloom.chassis.store.Store."""

    def run(self, work: Callable[[Session], ResultT]) -> ResultT: ...
    def write(self, work: Callable[[Session], ResultT]) -> ResultT: ...


class Reader(Session, Protocol):
    """The same repositories outside any transaction, for reads that need not agree."""


class Tickets(Protocol):
    def sign(self, ticket: Ticket) -> str: ...
