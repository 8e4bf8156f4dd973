"""Reserved funds of batches."""

from dataclasses import dataclass

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import BatchId, RequesterId
from crowdloom.kernel.money import Money

OWNER = "payment-service"
TOPIC = "payment.funding"
_BATCH = {"batch_id": ex.BATCH, "requester_id": ex.REQUESTER}


@event(
    "payment.batch.funded.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={**_BATCH, "revision": 1, "reserved": ex.EIGHTEEN_DOLLARS},
)
@dataclass(frozen=True)
class BatchFunded(Event):
    """The whole cost is reserved: the batch may open. Of a later revision: what the grown terms
    cost more is reserved, and they hold from now on.
    """

    batch_id: BatchId
    requester_id: RequesterId
    revision: int
    reserved: Money


@event(
    "payment.batch.funding_declined.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_BATCH,
        "revision": 1,
        "code": "insufficient_funds",
        "needed": ex.EIGHTEEN_DOLLARS,
        "missing": ex.FIVE_CENTS,
    },
)
@dataclass(frozen=True)
class BatchFundingDeclined(Event):
    """Nothing was reserved. `code` is insufficient_funds, wrong_fee, wrong_vat, wallet_frozen,
    batch_over or less_than_published; of a later revision the batch goes on at the terms it has.
    """

    batch_id: BatchId
    requester_id: RequesterId
    revision: int
    code: str
    needed: Money
    missing: Money


@event(
    "payment.batch.released.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={**_BATCH, "released": ex.FIVE_CENTS, "cause": "cancelled"},
)
@dataclass(frozen=True)
class BatchFundsReleased(Event):
    """Reserved money went back to the wallet. `cause` is cancelled, slot_closed or completed."""

    batch_id: BatchId
    requester_id: RequesterId
    released: Money
    cause: str
