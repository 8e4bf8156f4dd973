"""Book what the bank says, line by line: payout lines, sweeps, paid-in funds, and the unexplained.

A reference that names something of ours decides; without one, a sweep of the same amount in the
days around its arrival does, if it is the only one and the line is the only one for it. All else is
booked to suspense the same day, and waits for a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from crowdloom.kernel.ids import PayoutItemId, RequesterId

from payment_service.application.bank_ports import KeptLine
from payment_service.application.pay_item import item_paid
from payment_service.application.ports import Session
from payment_service.domain import bank_flows
from payment_service.domain.bank_statements import BankLine, BankLineState, named_ids, plain
from payment_service.domain.entries import Entry
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem, Rail
from payment_service.domain.processor_lines import BalanceTransaction

UNMATCHED_KIND = "unmatched_bank_line"
SWEEP_KINDS = frozenset({"payout", "payout_cancel", "payout_failure", "payout_reversal"})
# A bank credits the processor's payout between a day before and five business days after.
_EARLY, _LATE = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Verdict:
    """What a line is for. Without `kind` nobody can tell, and `fault` says what is wrong."""

    kind: str = ""
    target: str = ""
    rule: str = ""
    fault: str = UNMATCHED_KIND
    item: PayoutItem | None = None


def judge(session: Session, line: BankLine, *, itself: str | None = None) -> Verdict:
    """Reads only. `itself` is the line's id where it is kept already."""
    for found in (_payout_item(session, line), _named_sweep(session, line)):
        if found is not None:
            return found
    top_up = _requester(session, line)
    return top_up or _sweep_alike(session, line, itself)


def book(session: Session, kept: KeptLine) -> None:
    """Book a line that is not in the journal yet."""
    verdict = judge(session, kept.line, itself=kept.line_id)
    if verdict.kind:
        match(session, kept, verdict, from_suspense=False)
        return
    entry = bank_flows.unidentified(
        kept.account_id, kept.line_id, kept.line.amount, kept.line.booked_on
    )
    session.ledger.post(entry)
    waits = replace(
        kept, state=BankLineState.UNMATCHED, entry_key=entry.key, changed_at=session.now()
    )
    session.bank_lines.change(waits, was={BankLineState.WAITING})
    ask_a_person(session, kept, verdict)


def rematch(session: Session, kept: KeptLine) -> bool:
    """Try a line in suspense again: what it is for may have come after it."""
    verdict = judge(session, kept.line, itself=kept.line_id)
    if not verdict.kind or not in_suspense(session, kept):
        return False
    match(session, kept, verdict, from_suspense=True)
    return True


def match(session: Session, kept: KeptLine, verdict: Verdict, *, from_suspense: bool) -> None:
    """Book the line against what it is for, and let that know."""
    line, nth = kept.line, kept.match_count + 1
    entry = bank_flows.matched(
        account_id=kept.account_id,
        line_id=kept.line_id,
        amount=line.amount,
        on=line.booked_on,
        kind=verdict.kind,
        target=verdict.target,
        nth=nth,
        from_suspense=from_suspense,
        item=verdict.item,
    )
    session.ledger.post(entry)
    matched = replace(
        kept,
        state=BankLineState.MATCHED,
        kind=verdict.kind,
        target=verdict.target,
        rule=verdict.rule,
        match_count=nth,
        entry_key=entry.key,
        changed_at=session.now(),
    )
    session.bank_lines.change(
        matched,
        was={BankLineState.WAITING, BankLineState.UNMATCHED, BankLineState.PROPOSED},
    )
    if verdict.item is not None:
        item_paid(
            session,
            verdict.item,
            transfer_id=verdict.item.transfer_id,
            transaction_id=kept.line_id,
        )
    elif verdict.kind == bank_flows.SWEEP:
        session.sweeps.set_line(verdict.target, kept.line_id)
    session.exceptions.resolve(exception_key(kept.line_id), resolution="matched")


def ask_a_person(session: Session, kept: KeptLine, verdict: Verdict) -> None:
    facts = {
        "bank_line": kept.line_id,
        "bank_statement": kept.statement_id,
        "fault": verdict.fault,
        "text": kept.line.text[:200],
        "counterparty": kept.line.counterparty[:100],
    }
    if verdict.target:
        facts["item"] = verdict.target
    kind = verdict.fault
    session.exceptions.open(
        key=exception_key(kept.line_id),
        kind=kind,
        subject=kept.line_id,
        amount=kept.line.amount,
        facts=facts,
    )


def exception_key(line_id: str) -> str:
    return f"{UNMATCHED_KIND}:{line_id}"


def in_suspense(session: Session, kept: KeptLine) -> bool:
    """Whether the line's amount still stands there: an exception may have been settled by hand."""
    return (
        kept.state is BankLineState.UNMATCHED
        and session.exceptions.waiting_for(exception_key(kept.line_id)) is not None
    )


def book_sweep(session: Session, line: BalanceTransaction) -> Entry:
    """A payout of the processor to our own bank, or one that came back; returns what to post.

    What left the processor is in transit until a bank line shows it.
    """
    entry = bank_flows.sweep(line)
    if line.net.units > 0:
        session.sweeps.set_line(line.source_id, line.transaction_id)
        return entry
    session.sweeps.add(
        {
            "_id": line.source_id,
            "amount": -line.net,
            "arrives_on": line.available_on.date(),
            "sent_at": line.created_at,
            "transaction_id": line.transaction_id,
        }
    )
    return entry


def item_fault(item: PayoutItem, line: BankLine) -> str | None:
    """Why this line cannot pay this item; None where it can."""
    if line.amount.units > 0:
        return "payout_returned" if item.state is ItemState.PAID else "status_mismatch"
    if item.state is ItemState.PAID:
        return "duplicate"
    if item.state not in IN_FLIGHT or item.rail is not Rail.BANK_FILE:
        return "status_mismatch"
    if line.amount.currency is not item.currency:
        return "currency_mismatch"
    return None if -line.amount == item.amount else "amount_mismatch"


def _payout_item(session: Session, line: BankLine) -> Verdict | None:
    items = [
        found
        for item_id in named_ids(line, "pay")
        if (found := session.payout_runs.item(PayoutItemId(item_id))) is not None
    ]
    if not items:
        return None
    if len(items) > 1:
        return Verdict(fault="ambiguous")
    item = items[0]
    fault = item_fault(item, line)
    if fault is not None:
        return Verdict(fault=fault, target=item.item_id)
    return Verdict(bank_flows.PAYOUT, item.item_id, "reference", "", item)


def _named_sweep(session: Session, line: BankLine) -> Verdict | None:
    """The processor may name its payout; the ids are its own, so the open ones are looked for."""
    if line.amount.units <= 0:
        return None
    said = plain(" ".join((*line.references, line.text)))
    for sweep in _open_alike(session, line, timedelta(days=30)):
        if plain(sweep["_id"]) in said:
            return Verdict(bank_flows.SWEEP, sweep["_id"], "reference", "")
    return None


def _requester(session: Session, line: BankLine) -> Verdict | None:
    """Funds paid in by bank transfer name the requester whom they are for."""
    if line.amount.units <= 0:
        return None
    for name in named_ids(line, "req"):
        requester_id = RequesterId(name)
        if session.top_ups.of_requester(requester_id, 1) or session.batches.of_requester(
            requester_id, 1
        ):
            return Verdict(bank_flows.TOP_UP, requester_id, "reference", "")
    return None


def _sweep_alike(session: Session, line: BankLine, itself: str | None) -> Verdict:
    """By amount, currency and day, where it is the only one on both sides."""
    if line.amount.units <= 0:
        return Verdict()
    sweeps = _open_alike(session, line, _LATE)
    if not sweeps:
        return Verdict()
    since, until = _window(sweeps[0]["arrives_on"])
    others = [
        other
        for other in session.bank_lines.similar(line.amount, since=since, until=until)
        if other.line_id != itself
    ]
    if len(sweeps) > 1 or others:
        return Verdict(fault="ambiguous")
    return Verdict(bank_flows.SWEEP, sweeps[0]["_id"], "amount_and_day", "")


def _open_alike(session: Session, line: BankLine, late: timedelta) -> Sequence[Mapping[str, Any]]:
    since, until = line.booked_on - late, line.booked_on + _EARLY
    return session.sweeps.open_of(line.amount, since=since, until=until)


def _window(arrives_on: date) -> tuple[date, date]:
    return arrives_on - _EARLY, arrives_on + _LATE
