"""Book what the bank says, line by line: payout lines, sweeps, paid-in funds, and the unexplained.

`judge_bank_lines` says what a line is for; this books it and lets that know. What nobody can tell
is booked to suspense the same day, and waits for a person.
"""

from collections.abc import Sequence
from dataclasses import replace

from crowdloom.chassis.store import Store

from payment_service.application.bank_ports import KeptLine
from payment_service.application.judge_bank_lines import UNMATCHED_KIND, Verdict, judge
from payment_service.application.pay_item import item_paid, item_returned
from payment_service.application.ports import Session
from payment_service.domain import bank_flows
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.entries import Entry
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.processor_lines import BalanceTransaction

SWEEP_KINDS = frozenset({"payout", "payout_cancel", "payout_failure", "payout_reversal"})
# Our own money on its way to the processor: the other way round.
FUND_KINDS = frozenset({"topup", "topup_reversal"})
_LOOKED_AT_TOGETHER = 100
_JUDGED_TOGETHER = 25
# A line in suspense may be of any of these before a match.
_BEFORE_MATCH = frozenset({BankLineState.WAITING, BankLineState.UNMATCHED, BankLineState.PROPOSED})


def book(session: Session, kept: KeptLine) -> None:
    """Book a line that is not in the journal yet."""
    verdict = judge(session, kept.account_id, kept.line, itself=kept.line_id)
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


class MatchAgain:
    """Lines in suspense are tried again: what they are for may have come after them."""

    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self) -> int:
        """Returns how many were matched."""
        count, after = 0, None
        while True:
            lines = self._store.run(
                lambda s, a=after: s.bank_lines.unmatched(  # type: ignore[misc]
                    _LOOKED_AT_TOGETHER, after=a
                )
            )
            for start in range(0, len(lines), _JUDGED_TOGETHER):
                count += self._look(lines[start : start + _JUDGED_TOGETHER])
            if len(lines) < _LOOKED_AT_TOGETHER:
                return count
            after = lines[-1].line_id

    def _look(self, lines: Sequence[KeptLine]) -> int:
        """Of most lines nobody can tell more than before: only the others take a transaction each.
        What one of them is for may tell what another is.
        """
        count, waiting = 0, list(lines)
        while True:
            known = self._store.run(lambda s, w=waiting: [k for k in w if _is_told(s, k)])  # type: ignore[misc]
            matched = [
                kept
                for kept in known
                if self._store.run(lambda s, k=kept: _again(s, k))  # type: ignore[misc]
            ]
            if not matched:
                return count
            count += len(matched)
            waiting = [kept for kept in waiting if kept not in matched]


def _is_told(session: Session, kept: KeptLine) -> bool:
    return bool(judge(session, kept.account_id, kept.line, itself=kept.line_id).kind)


def _again(session: Session, kept: KeptLine) -> bool:
    verdict = judge(session, kept.account_id, kept.line, itself=kept.line_id)
    if not verdict.kind or not in_suspense(session, kept):
        return False
    match(session, kept, verdict, from_suspense=True)
    return True


def match(session: Session, kept: KeptLine, verdict: Verdict, *, from_suspense: bool) -> None:
    """Book the line against what it is for, and let that know."""
    nth = kept.match_count + 1
    entries = _entries(kept, verdict, nth=nth, from_suspense=from_suspense)
    session.ledger.post(*entries)
    matched = replace(
        kept,
        state=BankLineState.MATCHED,
        kind=verdict.kind,
        target=verdict.target,
        rule=verdict.rule,
        match_count=nth,
        entry_key=entries[0].key,
        changed_at=session.now(),
    )
    session.bank_lines.change(matched, was=_BEFORE_MATCH)
    for item in verdict.items:
        if verdict.kind == bank_flows.RETURN:
            item_returned(session, item, entry_key=entries[0].key)
        else:
            item_paid(session, item, transfer_id=item.transfer_id, transaction_id=kept.line_id)
    if verdict.kind in {bank_flows.SWEEP, bank_flows.SWEEPS}:
        for source_id in verdict.target.split("+"):
            session.sweeps.set_line(source_id, kept.line_id)
    session.exceptions.resolve(exception_key(kept.line_id), resolution="matched")


def entry_keys(kept: KeptLine, items: Sequence[PayoutItem]) -> Sequence[str]:
    """The entries of the line's match; one a payout line where it paid a whole file."""
    if kept.kind != bank_flows.FILE:
        return [kept.entry_key]
    name = kept.entry_key.rpartition(":")[2]
    return [f"payout:{item.item_id}:post:{name}" for item in items]


def _entries(kept: KeptLine, verdict: Verdict, *, nth: int, from_suspense: bool) -> Sequence[Entry]:
    line = kept.line

    def entry(kind: str, target: str, item: PayoutItem | None) -> Entry:
        return bank_flows.matched(
            account_id=kept.account_id,
            line_id=kept.line_id,
            amount=-item.amount if kind == bank_flows.PAYOUT and item else line.amount,
            on=line.booked_on,
            kind=kind,
            target=target,
            nth=nth,
            from_suspense=from_suspense,
            item=item,
            difference=verdict.difference,
        )

    if verdict.kind == bank_flows.RETURN:
        return [entry(verdict.kind, verdict.target, verdict.items[0])]
    if verdict.items:
        return [entry(bank_flows.PAYOUT, item.item_id, item) for item in verdict.items]
    return [entry(verdict.kind, verdict.target, None)]


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
    session.exceptions.open(
        key=exception_key(kept.line_id),
        kind=verdict.fault,
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
    """A payout of the processor to our own bank, or our own money to it, or one of both that came
    back; returns what to post.

    What left one side is in transit until a line of the other shows it.
    """
    is_fund = line.kind in FUND_KINDS
    entry = bank_flows.fund(line) if is_fund else bank_flows.sweep(line)
    if is_fund is (line.net.units < 0):
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
