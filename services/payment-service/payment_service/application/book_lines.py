"""Book what the processor's books say: top-ups, their settlement, transfers, refunds, what moves
between it and our bank, its fees, and the unexplained.

Each line is booked the day it is seen. What nobody can explain goes to suspense and into the
exceptions queue; nothing is dropped.
"""

from collections.abc import Iterable

from crowdloom.chassis.store import Store
from crowdloom.kernel.ids import PayoutItemId

from payment_service.application.book_bank_lines import FUND_KINDS, SWEEP_KINDS, book_sweep
from payment_service.application.book_refunds import refund_entry
from payment_service.application.pay_item import item_paid
from payment_service.application.ports import Session
from payment_service.domain import flows
from payment_service.domain.entries import Entry
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem
from payment_service.domain.people import TopUp
from payment_service.domain.processor_lines import BalanceTransaction

TOP_UP = "top_up"
PAYOUT_ITEM = "payout_item"
_CHARGES = {"charge", "payment"}
_FEES = {"stripe_fee", "network_cost"}
_LOOKED_UP_TOGETHER = 100


class BookLines:
    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self, lines: Iterable[BalanceTransaction]) -> int:
        """Book each line once, oldest first; returns how many were new or newly available."""
        ordered = sorted(lines, key=lambda line: line.created_at)
        count = 0
        for start in range(0, len(ordered), _LOOKED_UP_TOGETHER):
            chunk = ordered[start : start + _LOOKED_UP_TOGETHER]
            known = self._known(chunk)
            for line in chunk:
                settled = known.get(line.transaction_id)
                if settled is None or (line.available and not settled):
                    self._book_one(line)
                    count += 1
        return count

    def _known(self, lines: Iterable[BalanceTransaction]) -> dict[str, bool]:
        ids = {line.transaction_id for line in lines}
        return self._store.run(lambda session: dict(session.lines.known(ids)))

    def _book_one(self, line: BalanceTransaction) -> None:
        def work(session: Session) -> None:
            settled = session.lines.known({line.transaction_id}).get(line.transaction_id)
            if settled is None:
                _book(session, line)
            elif line.available and not settled:
                _settle(session, line)
                session.lines.mark_settled(line.transaction_id)

        self._store.run(work)


def _book(session: Session, line: BalanceTransaction) -> None:
    if line.moves_nothing:
        session.lines.add(line, entry_key=None, settled=True)
        return
    item = _item_of(session, line)
    if item is not None:
        _book_payout(session, line, item)
        return
    if line.kind in SWEEP_KINDS | FUND_KINDS:
        _post_and_settle(session, line, book_sweep(session, line))
        return
    if line.kind in _FEES:
        _post_and_settle(session, line, flows.processor_fee(line))
        return
    refund = refund_entry(session, line)
    if isinstance(refund, Entry):
        session.ledger.post(refund)
        session.lines.add(line, entry_key=refund.key, settled=line.available)
        return
    top_up = _top_up_of(session, line)
    if top_up is not None:
        entry = flows.top_up(line, top_up_id=top_up.top_up_id, requester_id=top_up.requester_id)
        session.top_ups.book(top_up.top_up_id, line.gross, session.now())
    else:
        entry = flows.unidentified(line)
        _raise_exception(session, line, refund or "unidentified_line")
    _post_and_settle(session, line, entry)


def _post_and_settle(session: Session, line: BalanceTransaction, entry: Entry) -> None:
    session.ledger.post(entry)
    if line.available:
        _settle(session, line)
    session.lines.add(line, entry_key=entry.key, settled=line.available)


def _settle(session: Session, line: BalanceTransaction) -> None:
    if line.net:
        session.ledger.post(flows.settlement(line))


def _top_up_of(session: Session, line: BalanceTransaction) -> TopUp | None:
    top_up_id = line.metadata.get(TOP_UP)
    if line.kind not in _CHARGES or top_up_id is None or line.gross.units <= 0:
        return None
    top_up = session.top_ups.get(top_up_id)
    if top_up is None or top_up.booked is not None or top_up.amount.currency != line.currency:
        return None
    return top_up


def _item_of(session: Session, line: BalanceTransaction) -> PayoutItem | None:
    item_id = line.metadata.get(PAYOUT_ITEM)
    if line.kind != "transfer" or item_id is None:
        return None
    return session.payout_runs.item(PayoutItemId(item_id))


def _book_payout(session: Session, line: BalanceTransaction, item: PayoutItem) -> None:
    """Book a transfer against its item, whatever we believed of it; but only one, and only ours."""
    fault = _fault_of(line, item)
    if fault is not None:
        _raise_exception(session, line, fault)
        _post_and_settle(session, line, flows.unidentified(line))
        return
    entry = flows.payout_post(item, line)
    session.ledger.post(entry)
    session.lines.add(line, entry_key=entry.key, settled=True)
    item_paid(session, item, transfer_id=line.source_id, transaction_id=line.transaction_id)


def _fault_of(line: BalanceTransaction, item: PayoutItem) -> str | None:
    if item.state is ItemState.PAID:
        return "duplicate"
    if item.state not in IN_FLIGHT:
        return "status_mismatch"
    if line.currency != item.currency:
        return "currency_mismatch"
    if -line.net != item.amount or line.fee:
        return "amount_mismatch"
    return None


def _raise_exception(session: Session, line: BalanceTransaction, kind: str) -> None:
    session.exceptions.open(
        key=f"{kind}:{line.transaction_id}",
        kind=kind,
        subject=line.transaction_id,
        amount=line.net,
        facts={"source": line.source_id, "line_kind": line.kind},
    )
