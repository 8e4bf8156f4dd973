"""Requesters add a bonus to an answer; payment-service says what became of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from crowdloom.contracts.task import BonusGranted
from crowdloom.kernel import Clock, IdFactory, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId, SubmissionId

from task_service.application.ports import Reader, Session, Store
from task_service.application.review_submissions import own_submission
from task_service.domain.bonuses import Bonus, checked_amount
from task_service.domain.submissions import checked_reason


class Bonuses:
    """A rejected answer may be given one as well: its work may have been worth something."""

    def __init__(self, *, store: Store, reader: Reader, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids

    def grant(
        self, requester_id: RequesterId, submission_id: SubmissionId, amount: Money, *, reason: str
    ) -> Bonus:
        """Each call grants another one. Raises NotFound (somebody else's as well), InvalidInput."""
        submission = own_submission(self._reader, requester_id, submission_id)
        batch = self._reader.batches.get(submission.batch_id)
        if batch is None:
            raise NotFound("There is no such batch", batch_id=submission.batch_id)
        bonus = Bonus(
            bonus_id=self._ids.new("bonus"),
            submission_id=submission_id,
            assignment_id=submission.assignment_id,
            batch_id=submission.batch_id,
            requester_id=requester_id,
            amount=checked_amount(amount, batch.terms.reward.currency),
            reason=checked_reason(reason),
            granted_at=self._clock.now(),
        )

        def work(session: Session) -> None:
            session.bonuses.add(bonus)
            session.emit(_event_of(bonus))

        self._store.run(work)
        return bonus

    def vat_on(self, requester_id: RequesterId, fee: Money) -> Money:
        """What would come on a fee now."""
        return fee.share(self._reader.requesters.vat_basis_points(requester_id))

    def of_submission(
        self, requester_id: RequesterId, submission_id: SubmissionId
    ) -> Sequence[Bonus]:
        """Oldest first. Raises NotFound."""
        own_submission(self._reader, requester_id, submission_id)
        return self._reader.bonuses.of_submissions([submission_id])

    def by_submission(
        self, submission_ids: Sequence[SubmissionId]
    ) -> Mapping[SubmissionId, Sequence[Bonus]]:
        """Of each that has any: its bonuses, oldest first."""
        found: dict[SubmissionId, list[Bonus]] = defaultdict(list)
        for bonus in self._reader.bonuses.of_submissions(submission_ids):
            found[bonus.submission_id].append(bonus)
        return found


def _event_of(bonus: Bonus) -> BonusGranted:
    return BonusGranted(
        bonus_id=bonus.bonus_id,
        submission_id=bonus.submission_id,
        assignment_id=bonus.assignment_id,
        batch_id=bonus.batch_id,
        requester_id=bonus.requester_id,
        amount=bonus.amount,
        reason=bonus.reason,
        granted_at=bonus.granted_at,
    )
