"""Submissions are accepted or rejected, once: by the requester, or by the announced time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crowdloom.contracts.task import SubmissionAccepted, SubmissionRejected
from crowdloom.kernel import Clock
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import BatchId, RequesterId, SubmissionId

from task_service.application.ports import Reader, Session, Store
from task_service.domain.errors import AlreadyDecided
from task_service.domain.submissions import Submission, SubmissionStatus, checked_reason

BY_REQUESTER = "requester"
BY_TIME = "auto"
_DECIDED_AT_ONCE_MAX = 50
_AUTO_ACCEPTED_AT_ONCE_MAX = 100


@dataclass(frozen=True)
class Decision:
    """`reason` is needed to reject; `reopen` gives the slot to another worker."""

    submission_id: SubmissionId
    accept: bool
    reason: str = ""
    reopen: bool = True


class ReviewSubmissions:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def get(self, requester_id: RequesterId, submission_id: SubmissionId) -> Submission:
        """Raises NotFound, for somebody else's as well."""
        return own_submission(self._reader, requester_id, submission_id)

    def page(
        self,
        batch_id: BatchId,
        *,
        status: SubmissionStatus | None = None,
        after: str | None = None,
        count_max: int = 50,
    ) -> list[Submission]:
        return self._reader.submissions.page(
            batch_id, status=status, after=after, count_max=count_max
        )

    def decide(self, requester_id: RequesterId, decision: Decision) -> Submission:
        """Deciding again in the same way changes nothing. Raises NotFound, AlreadyDecided,
        InvalidInput where the reason is missing.
        """
        submission = self.get(requester_id, decision.submission_id)
        self.decide_all(requester_id, submission.batch_id, [decision])
        decided = self.get(requester_id, decision.submission_id)
        _check_same(decided, decision)
        return decided

    def decide_all(
        self, requester_id: RequesterId, batch_id: BatchId, decisions: Sequence[Decision]
    ) -> int:
        """Decide many of one batch; returns how many were new. All are checked before any is
        written; one that somebody else decides meanwhile stays as that one was decided, and is not
        counted. Raises NotFound, AlreadyDecided, InvalidInput.
        """
        wanted = _each_once(decisions)
        known = {
            submission.submission_id: submission
            for submission in self._reader.submissions.of_ids(list(wanted))
            if submission.requester_id == requester_id and submission.batch_id == batch_id
        }
        new = []
        for submission_id, decision in wanted.items():
            submission = known.get(submission_id)
            if submission is None:
                raise NotFound("There is no such submission", submission_id=submission_id)
            decided = self._decided(submission, decision)
            if submission.status is SubmissionStatus.SUBMITTED:
                new.append(decided)
            else:
                _check_same(submission, decision)
        return sum(
            self._write(new[start : start + _DECIDED_AT_ONCE_MAX])
            for start in range(0, len(new), _DECIDED_AT_ONCE_MAX)
        )

    def accept_what_is_due(self) -> int:
        """Accept submissions whose announced time has come; returns how many."""
        due = self._reader.submissions.due_for_acceptance(
            self._clock.now(), _AUTO_ACCEPTED_AT_ONCE_MAX
        )
        now = self._clock.now()
        return self._write([_accepted(submission, now, BY_TIME) for submission in due])

    def _decided(self, submission: Submission, decision: Decision) -> Submission:
        now = self._clock.now()
        if decision.accept:
            return _accepted(submission, now, BY_REQUESTER)
        return replace(
            submission,
            status=SubmissionStatus.REJECTED,
            decided_at=now,
            decided_by=BY_REQUESTER,
            reason=checked_reason(decision.reason),
            slot_reopened=decision.reopen,
        )

    def _write(self, decided: Sequence[Submission]) -> int:
        """Returns how many took effect."""

        def work(session: Session) -> int:
            # Somebody, or the announced time, may have been faster: then theirs stands.
            new = session.submissions.decide(decided)
            session.emit(*(_event_of(submission) for submission in new))
            return len(new)

        return self._store.run(work) if decided else 0


def own_submission(
    reader: Reader, requester_id: RequesterId, submission_id: SubmissionId
) -> Submission:
    """Raises NotFound, for somebody else's as well."""
    found = reader.submissions.get(submission_id)
    closed = found is not None and found.status is SubmissionStatus.CLOSED
    if found is None or found.requester_id != requester_id or closed:
        raise NotFound("There is no such submission", submission_id=submission_id)
    return found


def _each_once(decisions: Sequence[Decision]) -> dict[SubmissionId, Decision]:
    """Raises InvalidInput for two different decisions about one submission."""
    wanted: dict[SubmissionId, Decision] = {}
    for decision in decisions:
        if wanted.setdefault(decision.submission_id, decision) != decision:
            sentence = f"{decision.submission_id} is decided twice, in different ways"
            raise InvalidInput(sentence, errors={"decisions": [f"{sentence}."]})
    return wanted


def _check_same(submission: Submission, decision: Decision) -> None:
    """Raises AlreadyDecided where the submission was decided the other way."""
    same = SubmissionStatus.ACCEPTED if decision.accept else SubmissionStatus.REJECTED
    if submission.status is not same:
        raise AlreadyDecided(
            "It was %(decided_as)s before",
            submission_id=submission.submission_id,
            decided_as=str(submission.status),
        )


def _accepted(submission: Submission, now: datetime, decided_by: str) -> Submission:
    return replace(
        submission,
        status=SubmissionStatus.ACCEPTED,
        decided_at=now,
        decided_by=decided_by,
    )


def _event_of(submission: Submission) -> SubmissionAccepted | SubmissionRejected:
    if submission.decided_at is None or submission.decided_by is None:
        raise ValueError(f"{submission.submission_id} is not decided")
    if submission.status is SubmissionStatus.ACCEPTED:
        return accepted_event(submission)
    return SubmissionRejected(
        submission_id=submission.submission_id,
        assignment_id=submission.assignment_id,
        task_id=submission.task_id,
        batch_id=submission.batch_id,
        requester_id=submission.requester_id,
        pseudonym=submission.pseudonym,
        rejected_at=submission.decided_at,
        reason=submission.reason or "",
        slot_reopened=submission.slot_reopened,
    )


def accepted_event(submission: Submission) -> SubmissionAccepted:
    if submission.decided_at is None or submission.decided_by is None:
        raise ValueError(f"{submission.submission_id} is not decided")
    return SubmissionAccepted(
        submission_id=submission.submission_id,
        assignment_id=submission.assignment_id,
        task_id=submission.task_id,
        batch_id=submission.batch_id,
        requester_id=submission.requester_id,
        pseudonym=submission.pseudonym,
        accepted_at=submission.decided_at,
        decided_by=submission.decided_by,
        overturns=submission.overturned,
    )
