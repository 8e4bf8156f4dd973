"""A submission goes back to its worker, to be done again in the same slot."""

from dataclasses import replace

from crowdloom.contracts.task import SubmissionReturned
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.ids import AssignmentId, RequesterId, SubmissionId

from task_service.application.ports import Draft, Reader, Session, Store
from task_service.application.review_submissions import BY_REQUESTER, own_submission
from task_service.domain.errors import AlreadyDecided, ReturnedTooOften
from task_service.domain.submissions import (
    RETURNS_MAX,
    Submission,
    SubmissionStatus,
    checked_note,
)


class ReturnSubmission:
    """The slot stays the worker's: nobody else is given it, and its money stays reserved. The
    assignment under which it is done again is named here, so that the earlier answer is its draft
    in the same transaction; matching-service makes the lease.
    """

    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def __call__(
        self, requester_id: RequesterId, submission_id: SubmissionId, note: str
    ) -> Submission:
        """Returning again changes nothing. Raises NotFound (somebody else's as well),
        InvalidInput without a note, AlreadyDecided, ReturnedTooOften.
        """
        note = checked_note(note)
        submission = own_submission(self._reader, requester_id, submission_id)
        if submission.status is SubmissionStatus.SUBMITTED:
            self.check_returns(submission)
            self._store.run(lambda session: self._return(session, submission, note))
        # Somebody, or the announced time, may have been faster: what stands is what counts.
        submission = own_submission(self._reader, requester_id, submission_id)
        if submission.status is not SubmissionStatus.RETURNED:
            raise AlreadyDecided(
                "It was %(decided_as)s before",
                submission_id=submission_id,
                decided_as=str(submission.status),
            )
        return submission

    def _return(self, session: Session, submission: Submission, note: str) -> None:
        now = self._clock.now()
        returned = replace(
            submission,
            status=SubmissionStatus.RETURNED,
            decided_at=now,
            decided_by=BY_REQUESTER,
            reason=note,
            rework_assignment_id=AssignmentId(self._ids.new("assignment")),
        )
        if session.submissions.decide([returned]):
            event = _event_of(returned)
            session.drafts.put(event.rework_assignment_id, Draft(returned.answer, now))
            session.emit(event)

    def check_returns(self, submission: Submission) -> None:
        """Raises ReturnedTooOften."""
        earlier = [
            one
            for one in self._reader.submissions.of_tasks(submission.task_id)
            if one.pseudonym == submission.pseudonym and one.status is SubmissionStatus.RETURNED
        ]
        if len(earlier) >= RETURNS_MAX:
            raise ReturnedTooOften(
                "It was sent back %(returns_max)s times; accept or reject it now",
                submission_id=submission.submission_id,
                returns_max=RETURNS_MAX,
            )


def _event_of(submission: Submission) -> SubmissionReturned:
    if submission.rework_assignment_id is None or submission.decided_at is None:
        raise ValueError(f"{submission.submission_id} was not sent back")
    return SubmissionReturned(
        submission_id=submission.submission_id,
        assignment_id=submission.assignment_id,
        task_id=submission.task_id,
        batch_id=submission.batch_id,
        requester_id=submission.requester_id,
        pseudonym=submission.pseudonym,
        rework_assignment_id=submission.rework_assignment_id,
        returned_at=submission.decided_at,
        note=submission.reason or "",
    )
