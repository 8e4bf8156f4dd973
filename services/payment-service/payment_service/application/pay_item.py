"""A payout line is paid, or comes back: its state, its request, its event, and its run."""

from dataclasses import replace

from payment_service.application.finish_runs import finish_run
from payment_service.application.follow_connected import note_arrived
from payment_service.application.holds import hold_returned
from payment_service.application.ports import Session
from payment_service.application.translate import payout_failed, payout_paid
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
    note_arrived(session, paid)
    for key in (f"unknown:{item.item_id}", f"payout_failed:{item.item_id}"):
        session.exceptions.resolve(key, resolution="paid")
    session.emit(payout_paid(paid, now))
    finish_run(session, item.run_id)


RETURNED = "payout_returned"
_SENTENCE = "The bank sent the payout back"


def item_returned(session: Session, item: PayoutItem, *, entry_key: str) -> None:
    """The money is held for its worker until two people release it. The details that it went to are
    not used until their owner has looked at them: the next payout would come back as well.
    """
    now = session.now()
    back = replace(
        item,
        state=ItemState.RETURNED,
        refusal_code=RETURNED,
        refusal=_SENTENCE,
        changed_at=now,
    )
    session.payout_runs.change_item(back, was={ItemState.PAID})
    hold_returned(session, item, entry_key=entry_key)
    session.payout_requests.set_status(
        {item.request_id}, "failed", at=now, refusal_code=RETURNED, refusal=_SENTENCE
    )
    payee = session.payees.get(item.worker_id)
    if payee is not None and payee.account_id == item.destination:
        session.payees.set_status(item.worker_id, "restricted", now)
    session.emit(payout_failed(back, now))
    finish_run(session, item.run_id)


def item_not_returned(session: Session, item: PayoutItem) -> None:
    """What came back was something else: it is paid, as it was before."""
    now = session.now()
    paid = replace(item, state=ItemState.PAID, refusal_code=None, refusal=None, changed_at=now)
    session.payout_runs.change_item(paid, was={ItemState.RETURNED})
    session.payout_requests.set_status({item.request_id}, "paid", at=now)
    payee = session.payees.get(item.worker_id)
    if payee is not None and payee.account_id == item.destination:
        session.payees.set_status(item.worker_id, "active", now)
    session.emit(payout_paid(paid, now))
    finish_run(session, item.run_id)
