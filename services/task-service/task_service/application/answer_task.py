"""A worker with a ticket loads a task, keeps drafts, submits. The ticket is all that is needed."""

from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.tickets import Ticket
from crowdloom.contracts.task import SubmissionReceived
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, SubmissionId

from task_service.application.ports import Draft, Reader, Session, Store, Task
from task_service.domain.batches import Batch
from task_service.domain.errors import AlreadySubmitted, AssignmentOver, LeaseExpired
from task_service.domain.projects import Project
from task_service.domain.submissions import (
    SUBMIT_GRACE,
    Answer,
    Submission,
    SubmissionStatus,
    fingerprint_of,
)


@dataclass(frozen=True)
class LoadedTask:
    """A task with all that its page needs."""

    ticket: Ticket
    batch: Batch
    project: Project
    task: Task

    @property
    def inputs(self) -> dict[str, str]:
        return dict(zip(self.batch.columns, self.task.cells, strict=True))


class AnswerTask:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def check_ticket(self, ticket: Ticket, assignment_id: str) -> None:
        """A ticket is good for its own assignment alone. Raises NotFound."""
        if ticket.assignment_id != assignment_id:
            raise NotFound("There is no such assignment", assignment_id=assignment_id)

    def load(self, ticket: Ticket) -> LoadedTask:
        """Raises NotFound."""
        batch = self._batch_of(ticket)
        project = self._reader.projects.get(batch.project_id)
        task = self._reader.tasks.get(ticket.task_id)
        if project is None or task is None:
            raise NotFound("There is no such task", task_id=ticket.task_id)
        return LoadedTask(ticket, batch, project, task)

    def draft(self, ticket: Ticket) -> Draft | None:
        return self._reader.drafts.get(ticket.assignment_id)

    def save_draft(self, ticket: Ticket, answer: Answer) -> Draft:
        """Keeps the answer, also after the deadline: work is never thrown away."""
        draft = Draft(answer, self._clock.now())
        self._reader.drafts.put(ticket.assignment_id, draft)
        return draft

    def submitted(self, assignment_id: AssignmentId) -> Submission | None:
        return self._reader.submissions.of_assignment(assignment_id)

    def submit(self, ticket: Ticket, answer: Answer) -> Submission:
        """Take an answer in and return its receipt. The same answer again returns the same receipt.

        Raises LeaseExpired (the answer is kept as a draft), AlreadySubmitted, AssignmentOver.
        """
        earlier = self._earlier(ticket, answer)
        if earlier is not None:
            return earlier
        if self._clock.now() > ticket.deadline + SUBMIT_GRACE:
            self.save_draft(ticket, answer)
            raise LeaseExpired(
                "The time for this item was over. Your answer is kept as a draft",
                deadline=ticket.deadline.isoformat(),
            )
        submission = self._submission(ticket, answer)
        try:
            self._store.run(lambda session: _receive(session, submission))
        except AlreadySubmitted:
            earlier = self._earlier(ticket, answer)
            if earlier is None:
                raise
            return earlier
        return submission

    def _earlier(self, ticket: Ticket, answer: Answer) -> Submission | None:
        earlier = self._reader.submissions.of_assignment(ticket.assignment_id)
        if earlier is None:
            return None
        if earlier.status is SubmissionStatus.CLOSED:
            self.save_draft(ticket, answer)
            raise AssignmentOver("You gave this item back. Your answer is kept as a draft")
        if fingerprint_of(earlier.answer) != fingerprint_of(answer):
            raise AlreadySubmitted(
                "Another answer was submitted before; the first one counts",
                submission_id=earlier.submission_id,
            )
        return earlier

    def _submission(self, ticket: Ticket, answer: Answer) -> Submission:
        batch = self._batch_of(ticket)
        now = self._clock.now()
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
        )

    def _batch_of(self, ticket: Ticket) -> Batch:
        batch = self._reader.batches.get(ticket.batch_id)
        if batch is None:
            raise NotFound("There is no such batch", batch_id=ticket.batch_id)
        return batch


def _receive(session: Session, submission: Submission) -> None:
    session.submissions.add(submission)
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
        )
    )
