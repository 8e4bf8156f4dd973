"""Decisions on the review page: held for ten seconds, in which they can be undone, then taken."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import Conflict, NotFound
from crowdloom.kernel.ids import BatchId, RequesterId, SubmissionId

from task_service.application.ports import Reader, Store
from task_service.application.return_submission import ReturnSubmission
from task_service.application.review_submissions import Decision, ReviewSubmissions
from task_service.domain.submissions import (
    Choice,
    Held,
    Submission,
    SubmissionStatus,
    checked_note,
    checked_reason,
)

UNDO_TIME = timedelta(seconds=10)
_TAKEN_AT_ONCE_MAX = 200
_SHOWN_MAX = 500


class HoldDecisions:
    """Nothing leaves the service while a decision is held: no event, no pay. So undoing one needs
    no counter-entry anywhere.
    """

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        clock: Clock,
        review: ReviewSubmissions,
        return_submission: ReturnSubmission,
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._review = review
        self._return_submission = return_submission

    def hold(
        self,
        requester_id: RequesterId,
        batch_id: BatchId,
        submission_ids: Sequence[SubmissionId],
        *,
        choice: Choice,
        reason: str = "",
        reopen: bool = True,
    ) -> int:
        """Hold one decision about many answers of a batch; returns how many were still to decide.

        Raises NotFound where one of them is not an answer of this batch, InvalidInput where the
        reason or note is missing, ReturnedTooOften.
        """
        words = _checked(choice, reason)
        known = self._of_batch(requester_id, batch_id, submission_ids)
        if choice is Choice.RETURN:
            for submission in known:
                self._return_submission.check_returns(submission)
        held = Held(choice, self._clock.now() + UNDO_TIME, words, reopen)
        waiting = [one.submission_id for one in known if one.status is SubmissionStatus.SUBMITTED]
        return self._store.run(lambda session: session.submissions.hold(waiting, held))

    def undo(
        self, requester_id: RequesterId, batch_id: BatchId, submission_ids: Sequence[SubmissionId]
    ) -> int:
        """Returns how many wait again; those that were taken meanwhile stay. Raises NotFound."""
        self._of_batch(requester_id, batch_id, submission_ids)
        now = self._clock.now()
        return self._store.run(lambda s: s.submissions.let_go(batch_id, submission_ids, now))

    def wait_again(self, submission_ids: Sequence[SubmissionId]) -> bool:
        """Whether all of them wait for a decision: none is made, and none is held."""
        found = self._reader.submissions.of_ids(submission_ids)
        return bool(found) and all(
            one.status is SubmissionStatus.SUBMITTED and one.held is None for one in found
        )

    def held(self, batch_id: BatchId) -> list[Submission]:
        """Those that can still be undone."""
        now = self._clock.now()
        found = self._reader.submissions.page(
            batch_id,
            status=SubmissionStatus.SUBMITTED,
            after=None,
            count_max=_SHOWN_MAX,
            held=True,
        )
        return [one for one in found if one.held and one.held.effective_at > now]

    def __call__(self) -> int:
        """Take what is due; returns how many were looked at."""
        return self.take(self._clock.now())

    def take(self, now: datetime) -> int:
        """Take what is due at `now`."""
        due = self._reader.submissions.held_due(now, _TAKEN_AT_ONCE_MAX)
        decisions: dict[tuple[RequesterId, BatchId], list[Decision]] = defaultdict(list)
        for submission in due:
            if submission.held is None or submission.held.choice is Choice.RETURN:
                self._send_back(submission)
            else:
                place = (submission.requester_id, submission.batch_id)
                decisions[place].append(_decision(submission, submission.held))
        for (requester_id, batch_id), several in decisions.items():
            # Decided elsewhere in this very moment: that stands, and is not due any more.
            with suppress(Conflict):
                self._review.decide_all(requester_id, batch_id, several)
        return len(due)

    def _send_back(self, submission: Submission) -> None:
        try:
            self._return_submission(
                submission.requester_id,
                submission.submission_id,
                submission.held.reason if submission.held else "",
            )
        except Conflict:
            # Not possible any more: it waits for another decision.
            ids = [submission.submission_id]
            self._store.run(lambda s: s.submissions.let_go(submission.batch_id, ids, None))

    def _of_batch(
        self, requester_id: RequesterId, batch_id: BatchId, submission_ids: Sequence[SubmissionId]
    ) -> list[Submission]:
        """Raises NotFound unless all of them are the requester's, of this batch."""
        found = self._reader.submissions.of_ids(submission_ids)
        known = {
            one.submission_id
            for one in found
            if one.requester_id == requester_id and one.batch_id == batch_id
        }
        for submission_id in submission_ids:
            if submission_id not in known:
                raise NotFound("There is no such submission", submission_id=submission_id)
        return found


def _checked(choice: Choice, reason: str) -> str:
    if choice is Choice.ACCEPT:
        return ""
    return checked_note(reason) if choice is Choice.RETURN else checked_reason(reason)


def _decision(submission: Submission, held: Held) -> Decision:
    return Decision(
        submission.submission_id,
        accept=held.choice is Choice.ACCEPT,
        reason=held.reason,
        reopen=held.reopen,
    )
