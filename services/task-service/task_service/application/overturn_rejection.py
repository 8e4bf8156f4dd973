"""A rejection is overturned: the answer counts again, and its worker is paid all the same."""

from dataclasses import replace
from datetime import datetime

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import RequesterId, SubmissionId

from task_service.application.ports import Reader, Session, Store
from task_service.application.review_submissions import (
    BY_REQUESTER,
    Decision,
    ReviewSubmissions,
    accepted_event,
    own_submission,
)
from task_service.domain.submissions import Submission, SubmissionStatus

BY_APPEAL = "appeal"


def overturn_rejection(
    session: Session, submission: Submission, *, decided_by: str, at: datetime
) -> bool:
    """Accept one that is rejected, and tell the others; returns whether it was rejected.

    A slot that was opened again stays somebody else's: the answer is one more than was asked for.
    """
    overturned = replace(
        submission,
        status=SubmissionStatus.ACCEPTED,
        decided_at=at,
        decided_by=decided_by,
        overturned=True,
    )
    if not session.submissions.overturn(overturned):
        return False
    session.emit(accepted_event(overturned))
    return True


class OverturnRejection:
    """By the requester who rejected it, at any time, also after the batch is completed."""

    def __init__(
        self, *, store: Store, reader: Reader, clock: Clock, review: ReviewSubmissions
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._review = review

    def __call__(self, requester_id: RequesterId, submission_id: SubmissionId) -> Submission:
        """Accept whatever was decided before. Again changes nothing. Raises NotFound (somebody
        else's as well), AlreadyDecided where it was sent back.
        """
        submission = own_submission(self._reader, requester_id, submission_id)
        if submission.status is not SubmissionStatus.REJECTED:
            return self._review.decide(requester_id, Decision(submission_id, accept=True))
        self._store.run(
            lambda session: overturn_rejection(
                session, submission, decided_by=BY_REQUESTER, at=self._clock.now()
            )
        )
        return own_submission(self._reader, requester_id, submission_id)
