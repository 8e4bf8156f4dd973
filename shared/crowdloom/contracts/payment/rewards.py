"""Rewards and payouts of workers. Closed to task-service."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.payment.funding import OWNER
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import AssignmentId, BatchId, PayoutItemId, WorkerId
from crowdloom.kernel.money import Money

TOPIC = "payment.rewards"
_PAYOUT = {
    "payout_item_id": "pay_01kb1z2m5n8q1t4w7z0c3f6j9m",
    "worker_id": ex.WORKER,
    "amount": ex.EIGHTEEN_DOLLARS,
}


@event(
    "payment.reward.settled.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={
        "assignment_id": ex.ASSIGNMENT,
        "batch_id": ex.BATCH,
        "worker_id": ex.WORKER,
        "reward": ex.FIVE_CENTS,
        "settled_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class RewardSettled(Event):
    """An accepted submission is in the ledger: the reward is the worker's."""

    assignment_id: AssignmentId
    batch_id: BatchId
    worker_id: WorkerId
    reward: Money
    settled_at: datetime


@event(
    "payment.payout.paid.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={**_PAYOUT, "paid_at": ex.INSTANT, "fee": ex.ONE_CENT, "withheld": ex.NOTHING},
)
@dataclass(frozen=True)
class PayoutPaid(Event):
    """The money was moved, and the ledger says so: `amount`, after our fee and the tax withheld."""

    payout_item_id: PayoutItemId
    worker_id: WorkerId
    amount: Money
    paid_at: datetime
    fee: Money | None = None
    withheld: Money | None = None


@event(
    "payment.payout.failed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={**_PAYOUT, "code": "account_inactive", "failed_at": ex.INSTANT},
)
@dataclass(frozen=True)
class PayoutFailed(Event):
    """A definite refusal: the money is payable again. `code` says what the worker can do."""

    payout_item_id: PayoutItemId
    worker_id: WorkerId
    amount: Money
    code: str
    failed_at: datetime


@event(
    "payment.payout.came_back.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={
        "payout_id": "po_1QabcdEFGHijklMNop",
        "worker_id": ex.WORKER,
        "amount": ex.EIGHTEEN_DOLLARS,
        "code": "account_closed",
        "came_back_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class PayoutCameBack(Event):
    """The worker's bank sent back what the processor paid it: the money is on the worker's balance
    there, and the bank details need a look. `payout_id` is the processor's.
    """

    payout_id: str
    worker_id: WorkerId
    amount: Money
    code: str
    came_back_at: datetime
