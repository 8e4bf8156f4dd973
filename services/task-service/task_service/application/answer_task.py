"""A worker with a ticket loads a task, keeps drafts, submits. The ticket is all that is needed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdloom.chassis.kept import Kept
from crowdloom.chassis.tickets import Ticket
from crowdloom.contracts.task import SubmissionReceived, SubmissionScored
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.errors import DomainError, NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId, ProjectId, SubmissionId

from task_service.application.ports import Draft, Reader, Session, Store, Task
from task_service.domain.batches import Batch
from task_service.domain.errors import AlreadySubmitted, AssignmentOver, LeaseExpired
from task_service.domain.known_answers import answer_key, is_right, shown_inputs
from task_service.domain.projects import Project
from task_service.domain.submissions import (
    SUBMIT_GRACE,
    Answer,
    Submission,
    SubmissionStatus,
    fingerprint_of,
)

_BATCH_KEPT = timedelta(seconds=10)
_BATCHES_KEPT_MAX = 1_000
_PROJECT_KEPT = timedelta(hours=1)
_PROJECTS_KEPT_MAX = 200
_FIELDS_KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class LoadedTask:
    """A task with all that its page needs; `note` says what to do again where it was sent back,
    `is_received` that its answer was taken in before.
    """

    ticket: Ticket
    batch: Batch
    project: Project
    task: Task
    note: str | None = None
    is_received: bool = False

    @property
    def inputs(self) -> dict[str, str]:
        return shown_inputs(self.batch.columns, self.task.cells)


class AnswerTask:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids
        # What is needed of a batch here was announced to workers, and does not change; but for the
        # first mark of a known answer, which may be heard of so much later.
        self._batches: Kept[BatchId, Batch] = Kept(
            clock=clock, age_max=_BATCH_KEPT, count_max=_BATCHES_KEPT_MAX
        )
        # A project is never changed once it is there.
        self._projects: Kept[ProjectId, Project | None] = Kept(
            clock=clock, age_max=_PROJECT_KEPT, count_max=_PROJECTS_KEPT_MAX
        )
        # What was noted once stays noted.
        self._noted: Kept[tuple[BatchId, frozenset[str]], None] = Kept(
            clock=clock, age_max=_FIELDS_KEPT, count_max=_BATCHES_KEPT_MAX
        )

    def check_ticket(self, ticket: Ticket, assignment_id: str) -> None:
        """A ticket is good for its own assignment alone. Raises NotFound."""
        if ticket.assignment_id != assignment_id:
            raise NotFound("There is no such assignment", assignment_id=assignment_id)

    def load(self, ticket: Ticket) -> LoadedTask:
        """Raises NotFound, AssignmentOver, LeaseExpired."""
        received = self._reader.submissions.of_assignment(ticket.assignment_id)
        if received is not None and received.status is SubmissionStatus.CLOSED:
            if _ran_out(ticket, self._clock.now()):
                raise LeaseExpired("The time for this item was over; somebody else gets it")
            raise AssignmentOver("You gave this item back; somebody else gets it")
        batch = self._batches.get(ticket.batch_id, lambda: self._batch_of(ticket))
        project = self._projects.get(
            batch.project_id, lambda: self._reader.projects.get(batch.project_id)
        )
        task = self._reader.tasks.get(ticket.task_id)
        if project is None or task is None:
            raise NotFound("There is no such task", task_id=ticket.task_id)
        earlier = self._reader.submissions.reworked_as(ticket.assignment_id)
        note = earlier.reason if earlier else None
        return LoadedTask(ticket, batch, project, task, note, is_received=received is not None)

    def inputs_of(self, ticket: Ticket) -> dict[str, str]:
        """What was asked, for whoever answered and looks at it again; else empty."""
        task = self._reader.tasks.get(ticket.task_id)
        if task is None or self.submitted(ticket.assignment_id) is None:
            return {}
        return shown_inputs(self._batch_of(ticket).columns, task.cells)

    def draft(self, ticket: Ticket) -> Draft | None:
        return self._reader.drafts.get(ticket.assignment_id)

    def save_draft(self, ticket: Ticket, answer: Answer) -> Draft:
        """Keeps the answer, also after the deadline: work is never thrown away."""
        draft = Draft(answer, self._clock.now())
        self._reader.drafts.put(ticket.assignment_id, draft)
        return draft

    def submitted(self, assignment_id: AssignmentId) -> Submission | None:
        """What was submitted for the assignment; None as well where it was given back."""
        found = self._reader.submissions.of_assignment(assignment_id)
        return None if found is None or found.status is SubmissionStatus.CLOSED else found

    def submit(self, ticket: Ticket, answer: Answer, *, held_ms: int = 0) -> Submission:
        """Take an answer in and return its receipt. The same answer again returns the same receipt.
        `held_ms` is how long the worker's page held it back so that it could be undone.

        Raises LeaseExpired (the answer is kept as a draft), AlreadySubmitted, AssignmentOver.
        """
        batch = self._batches.get(ticket.batch_id, lambda: self._batch_of(ticket))
        known_right = self._known_right(ticket, batch, answer) if batch.has_known else None

        def work(session: Session) -> Submission:
            # The clock is read within the transaction: the relay's watermark counts on it to
            # commit at most TRANSACTION_SECONDS_MAX after the moment that is judged here.
            submission = self._submission(ticket, batch, answer, known_right)
            _receive(session, submission, held_ms)
            return submission

        self._note_fields(ticket.batch_id, answer)
        # Written first and asked about only where refused: the first submit is the common one.
        try:
            return self._store.write(work)
        except (AlreadySubmitted, LeaseExpired) as refusal:
            return self._earlier(ticket, answer, refusal)

    def _note_fields(self, batch_id: BatchId, answer: Answer) -> None:
        """Before the answer counts: a field too many is an empty column, one too few a loss."""
        names = frozenset(name for name, _ in answer)
        self._noted.get(
            (batch_id, names), lambda: self._reader.submissions.note_fields(batch_id, names)
        )

    def _known_right(self, ticket: Ticket, batch: Batch, answer: Answer) -> bool | None:
        """Whether it is the known answer of its row. What is done again counts by its first one."""
        task = self._reader.tasks.get(ticket.task_id)
        if task is None:
            return None
        marks = self._reader.known_answers.get(batch.batch_id, task.number)
        key = answer_key(batch.columns, task.cells, marks)
        if not key or self._reader.submissions.reworked_as(ticket.assignment_id):
            return None
        return is_right(key, answer)

    def _earlier(self, ticket: Ticket, answer: Answer, refusal: DomainError) -> Submission:
        """The receipt of an equal answer that came before, or the reason why there is none."""
        earlier = self._reader.submissions.of_assignment(ticket.assignment_id)
        if earlier is None:
            self.save_draft(ticket, answer)
            raise refusal
        if earlier.status is SubmissionStatus.CLOSED:
            self.save_draft(ticket, answer)
            if isinstance(refusal, LeaseExpired):
                raise refusal
            raise AssignmentOver("You gave this item back. Your answer is kept as a draft")
        if fingerprint_of(earlier.answer) != fingerprint_of(answer):
            raise AlreadySubmitted(
                "Another answer was submitted before; the first one counts",
                submission_id=earlier.submission_id,
            )
        return earlier

    def _submission(
        self, ticket: Ticket, batch: Batch, answer: Answer, known_right: bool | None
    ) -> Submission:
        now = self._clock.now()
        if _ran_out(ticket, now):
            raise LeaseExpired(
                "The time for this item was over. Your answer is kept as a draft",
                deadline=format_instant(ticket.deadline),
            )
        return Submission(
            submission_id=SubmissionId(self._ids.new("submission")),
            assignment_id=ticket.assignment_id,
            task_id=ticket.task_id,
            batch_id=ticket.batch_id,
            requester_id=batch.requester_id,
            pseudonym=ticket.pseudonym,
            answer=answer,
            status=SubmissionStatus.SUBMITTED,
            claimed_at=ticket.claimed_at,
            submitted_at=now,
            auto_accept_at=now + timedelta(seconds=batch.terms.auto_accept_seconds),
            known_right=known_right,
        )

    def _batch_of(self, ticket: Ticket) -> Batch:
        batch = self._reader.batches.get(ticket.batch_id)
        if batch is None:
            raise NotFound("There is no such batch", batch_id=ticket.batch_id)
        return batch


def _ran_out(ticket: Ticket, now: datetime) -> bool:
    return now > ticket.deadline + SUBMIT_GRACE


def _receive(session: Session, submission: Submission, held_ms: int) -> None:
    session.submissions.take_in(submission)
    session.emit(
        SubmissionReceived(
            submission_id=submission.submission_id,
            assignment_id=submission.assignment_id,
            task_id=submission.task_id,
            batch_id=submission.batch_id,
            requester_id=submission.requester_id,
            pseudonym=submission.pseudonym,
            submitted_at=submission.submitted_at,
            auto_accept_at=submission.auto_accept_at,
            held_ms=held_ms,
        )
    )
    if submission.known_right is not None:
        session.emit(
            SubmissionScored(
                submission_id=submission.submission_id,
                assignment_id=submission.assignment_id,
                task_id=submission.task_id,
                batch_id=submission.batch_id,
                requester_id=submission.requester_id,
                pseudonym=submission.pseudonym,
                right=submission.known_right,
                scored_at=submission.submitted_at,
            )
        )
