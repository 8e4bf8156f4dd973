"""Matching a bank line by hand, and taking a match back: proposed by one, approved by another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crowdloom.kernel.errors import Conflict, InvalidInput, NotFound
from crowdloom.kernel.ids import PayoutItemId

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.bank_ports import KeptLine
from payment_service.application.book_bank_lines import (
    ask_a_person,
    entry_keys,
    in_suspense,
    match,
)
from payment_service.application.judge_bank_lines import (
    Verdict,
    is_requester,
    item_fault,
    return_fault,
)
from payment_service.application.known_accounts import check_known
from payment_service.application.pay_item import item_not_returned
from payment_service.application.ports import Session
from payment_service.domain import bank_flows, chart
from payment_service.domain.approvals import Approval
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.payouts import ItemState, PayoutItem, RunStatus


class LineNotInState(Conflict):
    """The line was matched, or settled otherwise, in the meantime."""

    code = "bank_line_not_in_state"


def statement_match() -> ApprovalKind:
    """Payload: `{"line_id", "kind", "target"}`: a payout line, a sweep, a requester's funds, or an
    account of the chart that is nobody's.
    """

    def prepare(session: Session, payload: Payload) -> Prepared:
        kept = _line(session, payload)
        if not in_suspense(session, kept):
            raise LineNotInState("The line does not wait in suspense", state=kept.state.value)
        verdict = _verdict(session, kept, payload)
        return Prepared(
            subject=kept.line_id,
            payload={
                "line_id": kept.line_id,
                "kind": verdict.kind,
                "target": verdict.target,
                "amount": kept.line.amount.to_wire(),
            },
        )

    def carry_out(session: Session, approval: Approval) -> None:
        kept = _line(session, approval.payload)
        if not in_suspense(session, kept):
            raise LineNotInState("The line does not wait in suspense", state=kept.state.value)
        match(session, kept, _verdict(session, kept, approval.payload), from_suspense=True)

    return ApprovalKind(prepare, carry_out)


def statement_unmatch() -> ApprovalKind:
    """Payload: `{"line_id"}`. What it was matched with is open again; the line is in suspense."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        kept = _matched(session, payload)
        return Prepared(
            subject=kept.line_id,
            payload={
                "line_id": kept.line_id,
                "kind": kept.kind,
                "target": kept.target,
                "nth": kept.match_count,
                "amount": kept.line.amount.to_wire(),
            },
        )

    def carry_out(session: Session, approval: Approval) -> None:
        kept = _matched(session, approval.payload)
        if kept.match_count != approval.payload["nth"]:
            raise LineNotInState("The line was matched anew since", state=kept.state.value)
        _unmatch(session, kept)

    return ApprovalKind(prepare, carry_out)


def _unmatch(session: Session, kept: KeptLine) -> None:
    items = _items_of(session, kept)
    was = ItemState.RETURNED if kept.kind == bank_flows.RETURN else ItemState.PAID
    if any(item.state is not was for item in items):
        raise LineNotInState("The payout came back since: take that match back first")
    moved = _given_back(session, items[0]) if kept.kind == bank_flows.RETURN else None
    for nth, key in enumerate(entry_keys(kept, items), start=1):
        posted = session.ledger.by_key(key)
        if posted is None:
            raise NotFound("The entry of the match is not in the journal")
        name = f"unmatch:{kept.line_id}:{kept.match_count}"
        back = bank_flows.unmatched(
            posted[1],
            line_id=kept.line_id,
            key=name if nth == 1 else f"{name}.{nth}",
            moved=moved,
        )
        session.ledger.post(back)
    for item in items:
        if kept.kind == bank_flows.RETURN:
            item_not_returned(session, item)
        else:
            _send_again(session, item)
    if kept.kind in {bank_flows.SWEEP, bank_flows.SWEEPS}:
        for source_id in kept.target.split("+"):
            session.sweeps.set_line(source_id, None)
    waits = replace(
        kept,
        state=BankLineState.UNMATCHED,
        kind="",
        target="",
        rule="",
        changed_at=session.now(),
    )
    session.bank_lines.change(waits, was={BankLineState.MATCHED})
    ask_a_person(session, waits, Verdict())


def _given_back(session: Session, item: PayoutItem) -> Mapping[str, str]:
    """The hold of a return that was none ends with it. Where it was released before, its amount is
    payable by now, or was paid out again, which the ledger refuses to take back.
    """
    held = session.holds.of_item(item.item_id)
    if held is not None:
        session.holds.release(held.hold_id, session.now())
        return {}
    worker, currency = item.worker_id, item.currency
    return {chart.held(worker, currency): chart.payable(worker, currency)}


def _items_of(session: Session, kept: KeptLine) -> Sequence[PayoutItem]:
    if kept.kind == bank_flows.FILE:
        of_file = session.payout_runs.of_file(kept.target)
        return [item for item in of_file if item.transaction_id == kept.line_id]
    if kept.kind in {bank_flows.PAYOUT, bank_flows.RETURN}:
        item = session.payout_runs.item(PayoutItemId(kept.target))
        return [item] if item is not None else []
    return []


def _send_again(session: Session, item: PayoutItem) -> None:
    """In transit again: it was sent, and nobody knows of its arrival any more."""
    now = session.now()
    back = replace(item, state=ItemState.SENT, transaction_id=None, changed_at=now)
    session.payout_runs.change_item(back, was={ItemState.PAID})
    session.payout_runs.set_status(item.run_id, RunStatus.EXECUTING, now)
    session.payout_requests.set_status({item.request_id}, "in_run", at=now)


def _verdict(session: Session, kept: KeptLine, payload: Payload) -> Verdict:
    """Raises InvalidInput or NotFound with what speaks against it."""
    kind, target = str(payload.get("kind", "")), str(payload.get("target", "")).strip()
    if kind not in bank_flows.KINDS:
        raise InvalidInput(f"Kinds are {', '.join(bank_flows.KINDS)}", errors={"kind": [kind]})
    if kind in {bank_flows.PAYOUT, bank_flows.RETURN}:
        item = session.payout_runs.item(PayoutItemId(target))
        if item is None:
            raise NotFound("There is no such payout line")
        is_back = kind == bank_flows.RETURN
        fault = return_fault(item, kept.line) if is_back else item_fault(item, kept.line)
        if fault is not None:
            raise _cannot(fault, is_back=is_back)
        return Verdict(kind, target, "by_hand", "", (item,))
    if kind == bank_flows.SWEEP:
        _check_sweep(session, kept, target)
    elif kind == bank_flows.TOP_UP:
        _check_requester(session, kept, target)
    else:
        chart.check(target, kept.line.amount.currency)
        if chart.is_guarded(target) or target.startswith(("liability:payout:", "asset:bank:")):
            raise InvalidInput(
                "An account that belongs to somebody takes an entry by hand",
                errors={"target": [target]},
            )
        check_known(session, [target])
    return Verdict(kind, target, "by_hand", "")


def _cannot(fault: str, *, is_back: bool) -> InvalidInput:
    """What speaks against it, for a person; the errors keep its code for programs."""
    errors = {"target": [fault]}
    if fault == "amount_mismatch":
        return InvalidInput("This line is of another amount than that payout", errors=errors)
    if fault == "payout_returned":
        return InvalidInput("The whole of that payout did not come back", errors=errors)
    if fault == "currency_mismatch":
        return InvalidInput("This line is in another currency than that payout", errors=errors)
    if fault == "duplicate":
        return InvalidInput("That payout was paid by another line already", errors=errors)
    if is_back:
        return InvalidInput("Only a payout that a bank file paid comes back", errors=errors)
    return InvalidInput("That payout does not wait for money that left the bank", errors=errors)


def _check_sweep(session: Session, kept: KeptLine, target: str) -> None:
    sweep = session.sweeps.get(target)
    if sweep is None:
        raise NotFound("The processor made no such payout to the bank")
    if sweep["line_id"] is not None or sweep["amount"] != kept.line.amount:
        raise InvalidInput(
            "It was seen before, or is of another amount", errors={"target": [target]}
        )


def _check_requester(session: Session, kept: KeptLine, target: str) -> None:
    if not is_requester(session, target):
        raise NotFound("There is no such requester")
    if kept.line.amount.units <= 0:
        raise InvalidInput("Only money in can be a requester's", errors={"target": [target]})


def _line(session: Session, payload: Payload) -> KeptLine:
    kept = session.bank_lines.get(str(payload.get("line_id", "")))
    if kept is None:
        raise NotFound("There is no such bank line")
    return kept


def _matched(session: Session, payload: Payload) -> KeptLine:
    kept = _line(session, payload)
    if kept.state is not BankLineState.MATCHED:
        raise LineNotInState("The line is not matched", state=kept.state.value)
    return kept
