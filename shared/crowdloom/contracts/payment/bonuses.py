"""What became of bonuses. Open to task-service: names no worker."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.payment.funding import OWNER, TOPIC
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import BatchId, RequesterId
from crowdloom.kernel.money import Money

_BONUS = {"bonus_id": ex.BONUS, "batch_id": ex.BATCH, "requester_id": ex.REQUESTER}


@event(
    "payment.bonus.settled.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_BONUS,
        "amount": ex.FIVE_CENTS,
        "fee": ex.ONE_CENT,
        "settled_at": ex.INSTANT,
        "vat": ex.NOTHING,
    },
)
@dataclass(frozen=True)
class BonusSettled(Event):
    """The bonus is the worker's; amount, fee and the VAT on it left the wallet."""

    bonus_id: str
    batch_id: BatchId
    requester_id: RequesterId
    amount: Money
    fee: Money
    settled_at: datetime
    vat: Money | None = None


@event(
    "payment.bonus.declined.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_BONUS,
        "code": "insufficient_funds",
        "needed": ex.EIGHTEEN_DOLLARS,
        "missing": ex.FIVE_CENTS,
    },
)
@dataclass(frozen=True)
class BonusDeclined(Event):
    """Nothing was moved, for good. `code` is insufficient_funds."""

    bonus_id: str
    batch_id: BatchId
    requester_id: RequesterId
    code: str
    needed: Money
    missing: Money
