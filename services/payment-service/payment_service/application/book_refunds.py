"""Book the processor's lines of refunds: what was sent to a card, and what a bank sent back."""

from dataclasses import replace

from payment_service.application.ask_refund import found
from payment_service.application.execute_refunds import finish_refund
from payment_service.application.ports import Session
from payment_service.domain import refund_flows
from payment_service.domain.entries import Entry
from payment_service.domain.processor_lines import BalanceTransaction
from payment_service.domain.refunds import OPEN_PARTS, PartState, RefundPart

REFUND_PART = "refund_part"
_REFUNDS = {"refund", "payment_refund"}
_FAILURES = {"refund_failure", "payment_refund_failure", "payment_failure_refund"}


def refund_entry(session: Session, line: BalanceTransaction) -> Entry | str | None:
    """What to post for a line of a refund that we made, after noting it; or what is wrong with it.
    None for all other lines.
    """
    part_id = line.metadata.get(REFUND_PART)
    if part_id is None or line.kind not in _REFUNDS | _FAILURES:
        return None
    part = session.refunds.part(part_id)
    if part is None:
        return None
    return _sent(session, line, part) if line.kind in _REFUNDS else _failed(session, line, part)


def _sent(session: Session, line: BalanceTransaction, part: RefundPart) -> Entry | str:
    fault = _fault_of(line, part)
    if fault is not None:
        return fault
    settled = replace(
        part,
        state=PartState.SETTLED,
        processor_refund_id=line.source_id,
        transaction_id=line.transaction_id,
        escalated=False,
        changed_at=session.now(),
        next_try_at=None,
    )
    session.refunds.change_part(settled, was=OPEN_PARTS)
    for key in (f"unknown:{part.part_id}", f"refund_waits:{part.part_id}"):
        session.exceptions.resolve(key, resolution="settled")
    refund = found(session, part.refund_id)
    finish_refund(session, refund)
    return refund_flows.post(refund, line)


def _failed(session: Session, line: BalanceTransaction, part: RefundPart) -> Entry | str:
    if part.state is not PartState.SETTLED:
        return "status_mismatch"
    if line.gross != part.amount:
        return "amount_mismatch"
    failed = replace(
        part, state=PartState.FAILED, refusal_code="card_refused", changed_at=session.now()
    )
    session.refunds.change_part(failed, was={PartState.SETTLED})
    refund = found(session, part.refund_id)
    session.refunds.replace(
        replace(refund, sent=refund.sent - part.amount, returned=refund.returned + part.amount)
    )
    return refund_flows.come_back(refund, part, line)


def _fault_of(line: BalanceTransaction, part: RefundPart) -> str | None:
    if part.state is PartState.SETTLED:
        return "duplicate"
    if part.state not in OPEN_PARTS:
        return "status_mismatch"
    if line.currency is not part.currency:
        return "currency_mismatch"
    return "amount_mismatch" if -line.gross != part.amount else None
