"""A payout line is paid: its state, its request, its exceptions, its event, and its run."""

from dataclasses import replace

from payment_service.application.finish_runs import finish_run
from payment_service.application.ports import Session
from payment_service.application.translate import payout_paid
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem


def item_paid(
    session: Session, item: PayoutItem, *, transfer_id: str | None, transaction_id: str
) -> None:
    """`transaction_id` is the line of the processor's books, or of the bank's statement."""
    now = session.now()
    paid = replace(
        item,
        state=ItemState.PAID,
        transfer_id=transfer_id,
        transaction_id=transaction_id,
        escalated=False,
        changed_at=now,
    )
    session.payout_runs.change_item(paid, was=IN_FLIGHT)
    session.payout_requests.set_status({item.request_id}, "paid", at=now)
    for key in (f"unknown:{item.item_id}", f"payout_failed:{item.item_id}"):
        session.exceptions.resolve(key, resolution="paid")
    session.emit(payout_paid(paid, now))
    finish_run(session, item.run_id)
