"""What the use cases need, as contracts. All blocking; adapters raise TransientError."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from crowdloom.contracts import Event
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    ProjectId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
)

from task_service.application.account_ports import ApiKeyRing, Requesters, Teams
from task_service.application.draft_ports import ProjectDrafts, Trials
from task_service.application.growth_port import GrowingBatches
from task_service.application.known_port import KnownAnswers
from task_service.application.letter_port import Letters
from task_service.application.qualification_ports import OwnQualifications
from task_service.application.source_ports import Sources
from task_service.application.talk_ports import Messages
from task_service.application.totals_port import Totals
from task_service.application.webhook_port import Webhooks
from task_service.application.worker_note_port import WorkerNotes
from task_service.domain.batches import Batch, BatchStatus, Declined
from task_service.domain.bonuses import Bonus, BonusStatus
from task_service.domain.given_back import GivenBack
from task_service.domain.projects import Project
from task_service.domain.requirements import Requirements
from task_service.domain.submissions import Answer, Held, Submission, SubmissionStatus
from task_service.domain.tallies import Tally

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Task:
    """One row of the batch's table; `number` counts from 1."""

    task_id: TaskId
    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    answer: Answer
    saved_at: datetime


class Projects(Protocol):
    def add(self, project: Project) -> None: ...

    def get(self, project_id: ProjectId) -> Project | None: ...

    def page(
        self, requester_id: RequesterId, *, before: str | None, count_max: int
    ) -> list[Project]:
        """Newest first, ids below `before`."""
        ...


class Batches(GrowingBatches, Protocol):
    def add(self, batch: Batch) -> None: ...

    def get(self, batch_id: BatchId) -> Batch | None: ...

    def page(
        self,
        project_id: ProjectId,
        *,
        before: str | None,
        count_max: int,
        archived: bool | None = None,
    ) -> list[Batch]:
        """Newest first, ids below `before`; None for those put away and those not."""
        ...

    def put_away(self, batch: Batch, *, archived: bool) -> bool:
        """False where its status changed meanwhile."""
        ...

    def of_requester(self, requester_id: RequesterId, count_max: int) -> list[Batch]:
        """The newest ones, of all projects."""
        ...

    def with_status(self, *statuses: BatchStatus) -> list[Batch]: ...

    def set_table(
        self, batch_id: BatchId, table_id: str, columns: Sequence[str], task_count: int
    ) -> bool:
        """Give a draft its tasks; False where it is no draft any more."""
        ...

    def set_requirements(
        self, batch_id: BatchId, asked: Requirements | None, *, status: BatchStatus
    ) -> bool:
        """False where it is not in that status."""
        ...

    def begin_adding(self, batch: Batch, call: str, *, now: datetime, until: datetime) -> bool:
        """Let this call alone add rows; False where another does, or the batch changed."""
        ...

    def end_adding(self, batch: Batch, call: str, count: int) -> bool:
        """Let so many tasks more of its table count; False where it is not this call's turn."""
        ...

    def move(self, batch_id: BatchId, before: Sequence[BatchStatus], after: BatchStatus) -> bool:
        """Change the status, if it is one of `before`."""
        ...

    def begin_funding(self, batch_id: BatchId, *, vat_basis_points: int) -> int | None:
        """Draft to funding; returns the new revision, None where it is no draft."""
        ...

    def decline(self, batch_id: BatchId, revision: int, declined: Declined) -> None: ...

    def note_released(self, batch_id: BatchId, chunk: int) -> bool:
        """Note that this chunk is released, if it is the next one."""
        ...

    def note_progress(
        self, batch_id: BatchId, *, open_slots: int, leased: int, counted_at: datetime
    ) -> None:
        """Keep the newest counts."""
        ...

    def note_withdrawn(self, batch_id: BatchId, slot_count: int) -> None: ...

    def note_marks(self, batch_id: BatchId) -> None:
        """Rows of it were marked with their known answers."""
        ...


class Tasks(Protocol):
    def add(
        self,
        table_id: str,
        rows: Iterable[Sequence[str]],
        *,
        after: int = 0,
        first_chunk: int = 0,
        lead: int = 0,
    ) -> int:
        """Add rows as tasks, outside any transaction: their numbers follow `after`, their chunks
        begin with `first_chunk`. `lead` rows will stand before these where another table adopts
        them: chunks are cut for that. Returns how many.
        """
        ...

    def forget(self, table_id: str, *, after: int = 0) -> None:
        """Those with numbers above `after`."""
        ...

    def get(self, task_id: TaskId) -> Task | None: ...

    def chunk(self, table_id: str, chunk: int) -> list[TaskId]: ...

    def page(self, table_id: str, *, after: int, count_max: int) -> list[Task]:
        """In the table's order, numbers above `after`."""
        ...

    def all(self, table_id: str) -> Iterator[Task]: ...

    def adopt(self, batch: Batch, table_id: str, *, after: int) -> None:
        """Move a table's rows behind the batch's own, with room for `after` rows between, outside
        any transaction; those that were moved by an earlier call stay where they are.
        """
        ...


class GivenBackItems(Protocol):
    def put(self, given_back: GivenBack) -> None:
        """One an assignment; idempotent."""
        ...

    def newest(self, batch_id: BatchId, count_max: int) -> list[GivenBack]: ...
    def count(self, batch_id: BatchId, reasons: Collection[str], count_max: int) -> int: ...


class Submissions(Protocol):
    def add(self, submission: Submission) -> None:
        """Raises AlreadySubmitted where the assignment has one, or was closed."""
        ...

    def take_in(self, submission: Submission) -> None:
        """The same with the transaction's last writes: AlreadySubmitted comes out of it."""
        ...

    def get(self, submission_id: SubmissionId) -> Submission | None: ...

    def of_ids(self, submission_ids: Sequence[SubmissionId]) -> list[Submission]:
        """Those that there are, in any order; closed ones are never among them."""
        ...

    def of_assignment(self, assignment_id: AssignmentId) -> Submission | None: ...

    def newest(self, count_max: int) -> list[Submission]:
        """Of all batches, newest first; closed ones are never among them."""
        ...

    def newest_of(self, requester_id: RequesterId, pseudonym: Pseudonym) -> Submission | None: ...

    def newest_pseudonyms(
        self, requester_id: RequesterId, count_max: int, now: datetime
    ) -> list[Pseudonym]:
        """Who answered the requester lately, each once, the newest first."""
        ...

    def newest_of_requester(
        self, requester_id: RequesterId, count_max: int, now: datetime
    ) -> list[Submission]:
        """Of all batches, newest first; closed ones are never among them."""
        ...

    def of_tasks(self, *task_ids: TaskId) -> list[Submission]:
        """Oldest first."""
        ...

    def all(self, batch_id: BatchId) -> Iterator[Submission]:
        """Oldest first; read as they are asked for."""
        ...

    def note_fields(self, batch_id: BatchId, names: Iterable[str]) -> None:
        """Note, outside any transaction, that answers of the batch have these fields; before one
        is added that has others than those before it. Idempotent.
        """
        ...

    def answer_fields(self, batch_id: BatchId) -> list[str]:
        """Names of all fields that occur in the batch's answers, sorted; as they were noted."""
        ...

    def reworked_as(self, assignment_id: AssignmentId) -> Submission | None:
        """The one that was sent back and is done again under this assignment."""
        ...

    def page(
        self,
        batch_id: BatchId,
        *,
        status: SubmissionStatus | None,
        after: str | None,
        count_max: int,
        held: bool | None = None,
    ) -> list[Submission]:
        """Oldest first, ids above `after`; closed ones are never among them. `held`: only those
        with a decision that can be undone, or only those without.
        """
        ...

    def hold(self, submission_ids: Sequence[SubmissionId], held: Held) -> int:
        """Hold a decision for those that have none, taken or held; returns how many."""
        ...

    def let_go(
        self, batch_id: BatchId, submission_ids: Sequence[SubmissionId], now: datetime | None
    ) -> int:
        """Forget held decisions, if they take effect after `now`; returns how many."""
        ...

    def held_due(self, now: datetime, count_max: int) -> list[Submission]:
        """Those whose held decision is to be taken."""
        ...

    def held_count(self, batch_id: BatchId) -> int: ...

    def decide(self, decided: Sequence[Submission]) -> list[Submission]:
        """Write decisions, in a transaction, where none was written before; returns those that were
        new. As many commands for many as for one.
        """
        ...

    def overturn(self, submission: Submission) -> bool:
        """Write the acceptance of one that is rejected."""
        ...

    def due_for_acceptance(self, now: datetime, count_max: int) -> list[Submission]:
        """Those without a held decision whose announced time has come."""
        ...

    def tally(self, batch_id: BatchId) -> Tally:
        """As exact as counting them all."""
        ...

    def tallies(self, batch_ids: Sequence[BatchId]) -> Mapping[BatchId, Tally]: ...

    def changed_since(self, batch_id: BatchId, since: datetime) -> bool:
        """Whether an answer came or was decided from that instant on."""
        ...

    def count_since(self, batch_id: BatchId, since: datetime, now: datetime) -> int:
        """How many came in from that instant on."""
        ...


class Drafts(Protocol):
    def put(self, assignment_id: AssignmentId, draft: Draft) -> None: ...

    def get(self, assignment_id: AssignmentId) -> Draft | None: ...


class Bonuses(Protocol):
    def add(self, bonus: Bonus) -> None: ...

    def of_submissions(self, submission_ids: Sequence[SubmissionId]) -> list[Bonus]:
        """Oldest first."""
        ...

    def end(self, bonus_id: str, status: BonusStatus, declined: Declined | None = None) -> None:
        """Say what became of it, if nothing was said before."""
        ...


class Session(Protocol):
    """One transaction over everything task-service owns."""

    @property
    def requesters(self) -> Requesters: ...
    @property
    def api_keys(self) -> ApiKeyRing: ...
    @property
    def teams(self) -> Teams: ...
    @property
    def projects(self) -> Projects: ...
    @property
    def project_drafts(self) -> ProjectDrafts: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def totals(self) -> Totals: ...
    @property
    def drafts(self) -> Drafts: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def sources(self) -> Sources: ...
    @property
    def bonuses(self) -> Bonuses: ...

    @property
    def given_back(self) -> GivenBackItems: ...
    @property
    def qualifications(self) -> OwnQualifications: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def worker_notes(self) -> WorkerNotes: ...
    @property
    def known_answers(self) -> KnownAnswers: ...

    def emit(self, *events: Event) -> None: ...


class Store(Protocol):
    """Runs work in a transaction; see crowdloom.chassis.store.Store."""

    def run(self, work: Callable[[Session], ResultT]) -> ResultT: ...
    def write(self, work: Callable[[Session], ResultT]) -> ResultT: ...


class Reader(Session, Protocol):
    """The same repositories outside any transaction."""
