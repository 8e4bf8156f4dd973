"""Bonuses: an amount on top of the reward of one answer, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import AssignmentId, BatchId, RequesterId, SubmissionId
from crowdloom.kernel.limits import REWARD_MINOR_MAX

from task_service.domain.batches import Declined


class BonusStatus(StrEnum):
    """`granted` waits for the money; the other two are for good."""

    GRANTED = "granted"
    SETTLED = "settled"
    DECLINED = "declined"


@dataclass(frozen=True)
class Bonus:
    """`reason` is the worker's to read; `declined` says what was missing."""

    bonus_id: str
    submission_id: SubmissionId
    assignment_id: AssignmentId
    batch_id: BatchId
    requester_id: RequesterId
    amount: Money
    reason: str
    granted_at: datetime
    status: BonusStatus = BonusStatus.GRANTED
    declined: Declined | None = None


def checked_amount(amount: Money, currency: Currency) -> Money:
    """Raises InvalidInput: whole minor units of the batch's currency, as much as a reward."""
    low, high = Money.of_minor(1, currency), Money.of_minor(REWARD_MINOR_MAX, currency)
    fits = amount.currency is currency and amount.floored_to_minor() == amount
    if not fits or not low <= amount <= high:
        sentence = f"A bonus is between {low} and {high}, in whole minor units"
        raise InvalidInput(sentence, errors={"amount": [f"{sentence}."]})
    return amount
