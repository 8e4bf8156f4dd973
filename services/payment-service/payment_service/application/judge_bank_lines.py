"""What a bank line is for, by rules in a fixed order. Reads, and changes nothing.

1. A reference that names something of ours: a payout line, a bank file, what moved between us and
   the processor, a requester. 2. Amount, currency and day, where one line and one sweep fit each
   other alone. 3. Several sweeps that arrive on a day and are the line together. 4. An approved
   tolerance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.ids import PayoutItemId, RequesterId

from payment_service.application.ports import Session
from payment_service.domain import bank_flows
from payment_service.domain.bank_statements import BankLine, named_ids, plain
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem, Rail, total_of
from payment_service.domain.tolerances import LINE, SWEEP_FEE, Tolerance

UNMATCHED_KIND = "unmatched_bank_line"
# A bank credits the processor's payout between a day before and five business days after.
_EARLY, _LATE = timedelta(days=1), timedelta(days=7)
_NAMED_LATE = timedelta(days=30)
_SWEEPS_MAX = 500
_TOGETHER_MIN = 2

Sweep = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What a line is for. Without `kind` nobody can tell, and `fault` says what is wrong.

    `items` are the payout lines that it pays; `difference` is an account and what the bank gave
    less than was expected.
    """

    kind: str = ""
    target: str = ""
    rule: str = ""
    fault: str = UNMATCHED_KIND
    items: tuple[PayoutItem, ...] = ()
    difference: tuple[str, Money] | None = None


def judge(
    session: Session, account_id: str, line: BankLine, *, itself: str | None = None
) -> Verdict:
    """`itself` is the line's id where it is kept already."""
    named = _payout_item(session, line) or _bank_file(session, line)
    if named is not None:
        return named
    rules = session.tolerances.of_account(account_id)
    moves = _money_in if line.amount.units > 0 else _money_out
    found = moves(session, account_id, line, rules, itself)
    if found.kind or found.fault != UNMATCHED_KIND:
        return found
    for rule in rules:
        if rule.kind == LINE and rule.covers(account_id, line, line.amount):
            return Verdict(bank_flows.ACCOUNT, rule.account, "tolerance")
    return Verdict()


def item_fault(item: PayoutItem, line: BankLine) -> str | None:
    """Why this line cannot pay this item; None where it can."""
    if line.amount.units > 0:
        return "status_mismatch"
    if item.state is ItemState.PAID:
        return "duplicate"
    if item.state not in IN_FLIGHT or item.rail is not Rail.BANK_FILE:
        return "status_mismatch"
    if line.amount.currency is not item.currency:
        return "currency_mismatch"
    return None if -line.amount == item.amount else "amount_mismatch"


def return_fault(item: PayoutItem, line: BankLine) -> str | None:
    """Why this line cannot bring this item back, None where it can. A part of it is for a person:
    somebody has to bear what the bank kept.
    """
    if item.rail is not Rail.BANK_FILE or item.state is not ItemState.PAID:
        return "status_mismatch"
    if line.amount.currency is not item.currency:
        return "currency_mismatch"
    return None if line.amount == item.amount else "payout_returned"


def _payout_item(session: Session, line: BankLine) -> Verdict | None:
    found = (session.payout_runs.item(PayoutItemId(name)) for name in named_ids(line, "pay"))
    items = [item for item in found if item is not None]
    if not items:
        return None
    if len(items) > 1:
        together = -total_of(items, items[0].currency) == line.amount
        if together and all(item.state is ItemState.SENT for item in items):
            return Verdict(bank_flows.FILE, str(items[0].transfer_id), "group", "", tuple(items))
        return Verdict(fault="ambiguous")
    item, is_back = items[0], line.amount.units > 0
    fault = return_fault(item, line) if is_back else item_fault(item, line)
    if fault is not None:
        return Verdict(fault=fault, target=item.item_id)
    kind = bank_flows.RETURN if is_back else bank_flows.PAYOUT
    return Verdict(kind, item.item_id, "reference", "", (item,))


def _bank_file(session: Session, line: BankLine) -> Verdict | None:
    """Many banks book a file as one line that names the file alone."""
    if line.amount.units >= 0:
        return None
    said = {plain(reference) for reference in line.references}
    for name, items in session.payout_runs.files_in_transit().items():
        if plain(name) not in said and name not in line.text.split():
            continue
        if -total_of(items, items[0].currency) != line.amount:
            return Verdict(fault="amount_mismatch")
        return Verdict(bank_flows.FILE, name, "group", "", tuple(items))
    return None


def _money_in(
    session: Session,
    account_id: str,
    line: BankLine,
    rules: Sequence[Tolerance],
    itself: str | None,
) -> Verdict:
    sweeps = _open_sweeps(session, line)
    return (
        _named_sweep(account_id, line, rules, sweeps)
        or _requester(session, line)
        or _sweep_alike(session, line, sweeps, itself)
        or _sweeps_together(line, sweeps)
        or Verdict()
    )


def _money_out(
    session: Session,
    account_id: str,
    line: BankLine,
    rules: Sequence[Tolerance],
    itself: str | None,
) -> Verdict:
    """Our own money went to the processor."""
    sweeps = _open_sweeps(session, line)
    return (
        _named_sweep(account_id, line, rules, sweeps)
        or _sweep_alike(session, line, sweeps, itself)
        or Verdict()
    )


def _open_sweeps(session: Session, line: BankLine) -> Sequence[Sweep]:
    """Of the line's currency and direction: what the processor sent is above zero."""
    return [
        sweep
        for sweep in session.sweeps.still_open(_SWEEPS_MAX)
        if sweep["amount"].currency is line.amount.currency
        and (sweep["amount"].units > 0) is (line.amount.units > 0)
    ]


def _named_sweep(
    account_id: str, line: BankLine, rules: Sequence[Tolerance], sweeps: Sequence[Sweep]
) -> Verdict | None:
    said = plain(" ".join((*line.references, line.text)))
    for sweep in sweeps:
        if plain(sweep["_id"]) not in said or not _arrives(sweep, line, _NAMED_LATE):
            continue
        less = sweep["amount"] - line.amount
        if not less:
            return Verdict(bank_flows.SWEEP, sweep["_id"], "reference", "")
        for rule in rules:
            if rule.kind == SWEEP_FEE and less.units > 0 and rule.covers(account_id, line, less):
                return Verdict(
                    bank_flows.SWEEP,
                    sweep["_id"],
                    "tolerance",
                    "",
                    difference=(rule.account, less),
                )
        return Verdict(fault="amount_mismatch")
    return None


def _requester(session: Session, line: BankLine) -> Verdict | None:
    """Funds paid in by bank transfer name the requester whom they are for."""
    for name in named_ids(line, "req"):
        if is_requester(session, name):
            return Verdict(bank_flows.TOP_UP, name, "reference", "")
    return None


def is_requester(session: Session, name: str) -> bool:
    """Whether we ever had to do with one of this id."""
    requester_id = RequesterId(name)
    return bool(
        session.top_ups.of_requester(requester_id, 1)
        or session.batches.of_requester(requester_id, 1)
    )


def _sweep_alike(
    session: Session, line: BankLine, sweeps: Sequence[Sweep], itself: str | None
) -> Verdict | None:
    """By amount, currency and day, where it is the only one on both sides."""
    alike = [s for s in sweeps if s["amount"] == line.amount and _arrives(s, line, _LATE)]
    if not alike:
        return None
    since, until = alike[0]["arrives_on"] - _early(alike[0]), alike[0]["arrives_on"] + _LATE
    others = [
        other
        for other in session.bank_lines.similar(line.amount, since=since, until=until)
        if other.line_id != itself
    ]
    if len(alike) > 1 or others:
        return Verdict(fault="ambiguous")
    return Verdict(bank_flows.SWEEP, alike[0]["_id"], "amount_and_day", "")


def _sweeps_together(line: BankLine, sweeps: Sequence[Sweep]) -> Verdict | None:
    """All that arrive on one day, as one line; where one day fits alone."""
    near = sorted(
        (s for s in sweeps if _arrives(s, line, _LATE)), key=lambda s: (s["arrives_on"], s["_id"])
    )
    fitting = []
    for _day, group in groupby(near, key=lambda s: s["arrives_on"]):
        day = list(group)
        total = sum((s["amount"] for s in day), Money.zero(line.amount.currency))
        if len(day) >= _TOGETHER_MIN and total == line.amount:
            fitting.append("+".join(s["_id"] for s in day))
    if not fitting:
        return None
    if len(fitting) > 1:
        return Verdict(fault="ambiguous")
    return Verdict(bank_flows.SWEEPS, fitting[0], "group", "")


def _arrives(sweep: Sweep, line: BankLine, late: timedelta) -> bool:
    days: timedelta = line.booked_on - sweep["arrives_on"]
    return -_early(sweep) <= days <= late


def _early(sweep: Sweep) -> timedelta:
    """A bank lets money go before the processor has it, and takes it in after the processor let it
    go.
    """
    return _EARLY if sweep["amount"].units > 0 else _LATE
