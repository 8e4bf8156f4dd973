"""What the use cases need of the outside world. Each docstring is the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crowdloom.chassis.store import Emits, Store
from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, BatchId, ProjectId, RequesterId, WorkerId

from worker_service.application.talk_ports import TalkAnswers
from worker_service.domain.appeals import Appeal
from worker_service.domain.batches import BatchCard
from worker_service.domain.qualifications import Held, Qualification, Record, Tries
from worker_service.domain.queue_choices import QueueChoices
from worker_service.domain.requesters import History, Judged
from worker_service.domain.work_items import Status, WorkItem
from worker_service.domain.workers import Worker

__all__ = ["Emits", "Store"]


class Workers(Protocol):
    """Accounts. Point operations; blocks for one each."""

    def add(self, worker: Worker) -> None:
        """Keep a new worker. Fails on an id or a recovery digest that exists."""
        ...

    def get(self, worker_id: WorkerId) -> Worker | None: ...

    def by_recovery_digest(self, digest: str) -> Worker | None: ...

    def replace(self, worker: Worker) -> None:
        """Write the worker as it is now; idempotent."""
        ...

    def remove(self, worker_id: WorkerId) -> bool:
        """Delete the account; returns whether there was one."""
        ...


@dataclass(frozen=True)
class ItemFacts:
    """What one event says about an assignment: `facts` are stored as they are, by field name."""

    assignment_id: AssignmentId
    batch_id: BatchId
    status: Status
    facts: Mapping[str, object]


@dataclass(frozen=True)
class FinishedWork:
    """A claim and a submission that have both been seen; `begun_at` is None where nobody knows."""

    assignment_id: AssignmentId
    batch_id: BatchId
    begun_at: datetime | None
    submitted_at: datetime


@dataclass(frozen=True)
class DecidedWork:
    """A decision about work whose claim and submission have both been seen."""

    assignment_id: AssignmentId
    batch_id: BatchId
    judged: Judged


@dataclass(frozen=True)
class DecidedItem:
    """An item whose decision is to be counted; `counted_as` says how it was counted before."""

    assignment_id: AssignmentId
    worker_id: WorkerId
    status: Status
    counted_as: str | None


@dataclass(frozen=True)
class ScoredItem:
    """An answer to an item whose answer its requester knew."""

    assignment_id: AssignmentId
    worker_id: WorkerId
    right: bool


@dataclass(frozen=True)
class DayOfWork:
    """What one worker submitted since an instant; at most the newest thousand are counted."""

    answer_count: int
    worked_ms: int


@dataclass(frozen=True)
class WorkFilter:
    """What to show of one's work: claimed since, and before, an instant; `words` stand in the title
    or in the requester's name. None and empty ask for nothing.
    """

    status: Status | None = None
    words: str = ""
    since: datetime | None = None
    before: datetime | None = None


class WorkItems(Protocol):
    """Work items, one document an assignment."""

    def learn(self, facts: ItemFacts) -> None:
        """Add facts and raise the status; one write, idempotent, in any order."""
        ...

    def get(self, assignment_id: AssignmentId) -> WorkItem | None: ...

    def statuses(self, named: Sequence[AssignmentId]) -> Mapping[AssignmentId, Status]: ...

    def page(
        self,
        worker_id: WorkerId,
        *,
        wanted: WorkFilter,
        batch_ids: Sequence[BatchId] | None,
        before: AssignmentId | None,
        count_max: int,
    ) -> Sequence[WorkItem]:
        """The worker's newest items, older than `before`, of those batches alone if they are named.
        `wanted.words` are the caller's to look up.
        """
        ...

    def day_of(self, worker_id: WorkerId, since: datetime) -> DayOfWork: ...

    def unmeasured(self, count_max: int) -> Sequence[FinishedWork]:
        """Finished work whose time is in no measurement yet."""
        ...

    def mark_measured(self, assignment_ids: Sequence[AssignmentId]) -> None:
        """Take them out of `unmeasured` for good; idempotent."""
        ...

    def unjudged(self, count_max: int) -> Sequence[DecidedWork]:
        """Decisions that are in no requester's facts yet."""
        ...

    def mark_judged(self, assignment_ids: Sequence[AssignmentId]) -> None:
        """Take them out of `unjudged`; idempotent."""
        ...

    def uncounted(self, count_max: int) -> Sequence[DecidedItem]:
        """Items with a decision, or an appeal, that is in no worker's record yet."""
        ...

    def mark_counted(self, assignment_ids: Sequence[AssignmentId], counted_as: str | None) -> None:
        """Take them out of `uncounted`; one write, idempotent."""
        ...

    def unscored(self, count_max: int) -> Sequence[ScoredItem]:
        """Scored answers that are in no worker's record yet."""
        ...

    def mark_scored(self, assignment_ids: Sequence[AssignmentId]) -> None: ...

    def count_again(self, assignment_id: AssignmentId) -> None:
        """Put it back into `uncounted`: what it counts as may have changed."""
        ...


class Batches(Protocol):
    """Batch cards and the work times measured on them and on their projects."""

    def get(self, batch_id: BatchId) -> BatchCard | None: ...

    def put(self, card: BatchCard) -> None:
        """Write the card as it is now; keeps the measured times."""
        ...

    def many(self, batch_ids: Sequence[BatchId]) -> Mapping[BatchId, BatchCard]: ...

    def listed(self, count_max: int) -> Sequence[BatchCard]:
        """Cards that the queue shows, newest first."""
        ...

    def saying(self, words: str, count_max: int) -> Sequence[BatchId]:
        """Batches with all the words in title or requester's name, whatever their case."""
        ...

    def requester_name(self, requester_id: RequesterId) -> str | None:
        """As one of the requester's batches says it."""
        ...

    def add_durations(self, batch_id: BatchId, durations_ms: Sequence[int]) -> None:
        """Add work times to the batch, and to its project where that is known; newest kept."""
        ...

    def durations_of(self, cards: Sequence[BatchCard]) -> "Durations": ...


class Requesters(Protocol):
    """The newest decisions of each requester, and what its answers came to an hour."""

    def add(self, requester_id: RequesterId, judged: Sequence[Judged]) -> None: ...

    def add_hourly(self, requester_id: RequesterId, rates: Sequence[Money]) -> None: ...

    def many(self, requester_ids: Sequence[RequesterId]) -> Mapping[RequesterId, History]: ...


class QueueChoicesStore(Protocol):
    """What each worker chose for the queue."""

    def get(self, worker_id: WorkerId) -> QueueChoices:
        """Nothing chosen where nothing is kept."""
        ...

    def put(self, choices: QueueChoices) -> None:
        """Write the choices as they are now; idempotent."""
        ...

    def forget(self, worker_id: WorkerId) -> None: ...


class Appeals(Protocol):
    """Appeals, one an assignment."""

    def get(self, assignment_id: AssignmentId) -> Appeal | None: ...

    def put(self, appeal: Appeal) -> None:
        """Write the appeal as it is now; idempotent."""
        ...

    def waiting(self, count_max: int) -> Sequence[Appeal]:
        """Open ones, the earliest date to decide by first."""
        ...

    def many(self, assignment_ids: Sequence[AssignmentId]) -> Mapping[AssignmentId, Appeal]: ...

    def of_worker(self, worker_id: WorkerId) -> Sequence[Appeal]:
        """At most a thousand, in no order."""
        ...


class Qualifications(Protocol):
    """Requesters' own qualifications."""

    def put(self, qualification: Qualification) -> None:
        """Write it as it is now; idempotent."""
        ...

    def get(self, code: str) -> Qualification | None: ...

    def many(self, codes: Sequence[str]) -> Sequence[Qualification]: ...

    def offered(self, count_max: int) -> Sequence[Qualification]:
        """Those that are not closed, newest first."""
        ...


class HeldQualifications(Protocol):
    """Who has what, and who tried which test; one document for each worker and qualification."""

    def get(self, worker_id: WorkerId, code: str) -> Held | None: ...

    def put(self, held: Held) -> None: ...

    def of_worker(self, worker_id: WorkerId) -> Sequence[Held]:
        """Ended ones as well; at most a thousand, in no order."""
        ...

    def ended(self, now: datetime, count_max: int) -> Sequence[Held]:
        """Those whose date has come and which nobody has ended yet."""
        ...

    def tries(self, worker_id: WorkerId, code: str) -> Tries: ...

    def tries_of_worker(self, worker_id: WorkerId) -> Sequence[Tries]: ...

    def put_tries(self, tries: Tries) -> None: ...

    def forget(self, worker_id: WorkerId) -> None:
        """Delete all of the worker's; idempotent."""
        ...


class Records(Protocol):
    """Counts of decisions, one document a worker."""

    def get(self, worker_id: WorkerId) -> Record: ...

    def put(self, record: Record, due_at: datetime | None) -> None:
        """`due_at` is when the rules are to be looked at even if nothing is decided."""
        ...

    def due(self, now: datetime, count_max: int) -> Sequence[WorkerId]: ...

    def forget(self, worker_id: WorkerId) -> None: ...


@dataclass(frozen=True)
class Durations:
    """Measured work times in milliseconds."""

    of_batch: Mapping[BatchId, Sequence[int]]
    of_project: Mapping[ProjectId, Sequence[int]]


class Session(Emits, Protocol):
    """One transaction over everything worker-service keeps."""

    @property
    def workers(self) -> Workers: ...

    @property
    def work_items(self) -> WorkItems: ...

    @property
    def batches(self) -> Batches: ...

    @property
    def appeals(self) -> Appeals: ...

    @property
    def requesters(self) -> Requesters: ...

    @property
    def choices(self) -> QueueChoicesStore: ...

    @property
    def qualifications(self) -> Qualifications: ...

    @property
    def held(self) -> HeldQualifications: ...

    @property
    def records(self) -> Records: ...

    @property
    def talk_answers(self) -> TalkAnswers: ...


class Readers(Protocol):
    """The same repositories outside any transaction, for pages and lists."""

    @property
    def workers(self) -> Workers: ...

    @property
    def work_items(self) -> WorkItems: ...

    @property
    def batches(self) -> Batches: ...

    @property
    def appeals(self) -> Appeals: ...

    @property
    def requesters(self) -> Requesters: ...

    @property
    def choices(self) -> QueueChoicesStore: ...

    @property
    def qualifications(self) -> Qualifications: ...

    @property
    def held(self) -> HeldQualifications: ...

    @property
    def records(self) -> Records: ...

    @property
    def talk_answers(self) -> TalkAnswers: ...


@dataclass(frozen=True)
class SourceCount:
    """How many accounts one source made in one hour; `mark` stands for it in that hour alone."""

    mark: str
    count: int
    last_at: datetime


class RegistrationLimit(Protocol):
    """How many accounts one source may make."""

    def take(self, source: str, *, proof: str = "") -> None:
        """Count one registration. Blocks for some writes. Raises TooManyRegistrations, and
        EffortNeeded with a `challenge` where it may come later or with an effort.
        """
        ...

    def counted(self) -> Sequence[SourceCount]:
        """Of the last two hours, in no order."""
        ...
