"""Domain objects as events: the only place that knows both."""

from datetime import datetime

from crowdloom.contracts.payment import PayoutCameBack, PayoutFailed, PayoutPaid
from crowdloom.kernel.ids import WorkerId

from payment_service.domain.memos import ConnectedPayout
from payment_service.domain.payouts import PayoutItem


def payout_paid(item: PayoutItem, paid_at: datetime) -> PayoutPaid:
    return PayoutPaid(
        payout_item_id=item.item_id,
        worker_id=item.worker_id,
        amount=item.amount,
        paid_at=paid_at,
        fee=item.fee,
        withheld=item.withheld,
    )


def payout_failed(item: PayoutItem, failed_at: datetime) -> PayoutFailed:
    return PayoutFailed(
        payout_item_id=item.item_id,
        worker_id=item.worker_id,
        amount=item.amount,
        code=item.refusal_code or "refused",
        failed_at=failed_at,
    )


def payout_came_back(
    payout: ConnectedPayout, *, worker_id: WorkerId, at: datetime
) -> PayoutCameBack:
    return PayoutCameBack(
        payout_id=payout.payout_id,
        worker_id=worker_id,
        amount=payout.amount,
        code=payout.failure_code or "returned",
        came_back_at=at,
    )
