"""What became of refunds to the cards that requesters paid with."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.payment.funding import OWNER
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.money import Money

TOPIC = "payment.refunds"
_REFUND = {
    "refund_id": "rfd_01kb1z2m5n8q1t4w7z0c3f6j9m",
    "requester_id": ex.REQUESTER,
    "amount": ex.EIGHTEEN_DOLLARS,
}


@event(
    "payment.refund.settled.v1",
    owner=OWNER,
    topic=TOPIC,
    key="requester_id",
    example={**_REFUND, "settled_at": ex.INSTANT},
)
@dataclass(frozen=True)
class RefundSettled(Event):
    """So much is on its way to the cards it was paid with, and the processor's books say so."""

    refund_id: str
    requester_id: RequesterId
    amount: Money
    settled_at: datetime


@event(
    "payment.refund.declined.v1",
    owner=OWNER,
    topic=TOPIC,
    key="requester_id",
    example={**_REFUND, "code": "declined", "declined_at": ex.INSTANT},
)
@dataclass(frozen=True)
class RefundDeclined(Event):
    """So much was not sent, for good, and is free again. `code` is declined, charge_disputed,
    charge_used_up or the processor's.
    """

    refund_id: str
    requester_id: RequesterId
    amount: Money
    code: str
    declined_at: datetime
