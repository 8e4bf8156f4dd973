"""Entries that a person writes: a free one, or the exact opposite of one that was wrong."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.errors import InvalidInput, NotFound

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.known_accounts import check_known
from payment_service.application.ports import Session
from payment_service.domain import chart
from payment_service.domain.approvals import Approval
from payment_service.domain.entries import Entry, Line, UnbalancedEntry, credit, debit
from payment_service.domain.periods import PeriodClosed, PeriodState, month_of

# A slip in the year makes every month since then one that has to be closed.
_BACK_MAX = timedelta(days=2 * 366)


def manual_entry() -> ApprovalKind:
    """Payload: `{"lines": [{"account", "side": "debit" or "credit", "amount": money}]}`, all of
    one currency; with `"effective_on"`, a day of a period that is not closed.
    """

    def prepare(session: Session, payload: Payload) -> Prepared:
        lines = lines_of(payload)
        _check_moves(lines)
        entry = entry_of("manual:check", "manual", lines, refs={})
        check_known(session, [line.account for line in lines])
        effective_on = _open_day(session, payload)
        more = {"effective_on": effective_on.isoformat()} if effective_on else {}
        return Prepared(subject=lines[0].account, payload={"lines": wire_of(entry), **more})

    def carry_out(session: Session, approval: Approval) -> None:
        lines = lines_of(approval.payload)
        key = f"manual:{approval.approval_id}"
        entry = entry_of(key, "manual", lines, refs=people_of(approval))
        day = _open_day(session, approval.payload)
        if day is not None:
            entry = replace(entry, occurred_at=datetime.combine(day, time(), tzinfo=UTC))
        session.ledger.post(entry)

    return ApprovalKind(prepare, carry_out)


def _check_moves(lines: Sequence[Line]) -> None:
    """Raises InvalidInput for an entry of nothing, or of one account with itself."""
    if not lines:
        raise InvalidInput(
            "Name at least two accounts, with an amount each",
            errors={"lines": ["Two lines or more"]},
        )
    moved: Counter[str] = Counter()
    for line in lines:
        moved[line.account] += line.debit - line.credit
    if not any(moved.values()):
        raise InvalidInput(
            "Such an entry changes nothing: each account is debited as much as it is credited",
            errors={"lines": [line.account for line in lines]},
        )


def correction() -> ApprovalKind:
    """Payload: `{"entry_id"}`; what is posted is that entry with its sides exchanged."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        wrong = session.ledger.entry(str(payload.get("entry_id", "")))
        if wrong is None:
            raise NotFound("There is no such entry")
        entry_id, entry = wrong
        _check_first(session, entry_id)
        return Prepared(
            subject=entry_id, payload={"entry_id": entry_id, "lines": wire_of(_opposite(entry))}
        )

    def carry_out(session: Session, approval: Approval) -> None:
        lines = lines_of(approval.payload)
        entry_id = approval.payload["entry_id"]
        _check_first(session, entry_id)
        refs = {**people_of(approval), "corrects": entry_id, **_vat_of(session, entry_id)}
        session.ledger.post(entry_of(f"correct:{entry_id}", "correction", lines, refs=refs))

    return ApprovalKind(prepare, carry_out)


def _check_first(session: Session, entry_id: str) -> None:
    """Two may have proposed it. Raises InvalidInput."""
    if session.ledger.has(f"correct:{entry_id}"):
        raise InvalidInput("This entry was corrected before")


def _vat_of(session: Session, entry_id: str) -> dict[str, str]:
    """What was taken back is no longer in the VAT totals either."""
    found = session.ledger.entry(entry_id)
    note = found[1].refs.get("vat") if found else None
    return {"vat": note} if note else {}


def _open_day(session: Session, payload: Payload) -> date | None:
    """The day an entry is for. Raises InvalidInput, PeriodClosed."""
    text = payload.get("effective_on")
    if not text:
        return None
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        day = date.max
    today = session.now().date()
    if not today - _BACK_MAX <= day <= today:
        raise InvalidInput(
            "A day that has come, at most two years ago, as 2026-11-30",
            errors={"effective_on": [str(text)]},
        )
    if session.periods.get(month_of(day)).state is PeriodState.CLOSED:
        raise PeriodClosed(
            "%(month)s is closed; book it today, or have it opened again", month=month_of(day)
        )
    return day


def people_of(approval: Approval) -> dict[str, str]:
    """Who made and who checked: an audit shows that they are two."""
    return {
        "approval": approval.approval_id,
        "maker": approval.made_by,
        "checker": str(approval.decided_by),
    }


def lines_of(payload: Payload) -> list[Line]:
    """The lines that a payload names. Raises InvalidInput with what is wrong."""
    return [_line(row) for row in _rows(payload)]


def _rows(payload: Payload) -> list[Mapping[str, Any]]:
    rows = payload.get("lines")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise InvalidInput("An entry has lines", errors={"lines": ["A list of lines"]})
    return rows


def _line(row: Mapping[str, Any]) -> Line:
    """Raises InvalidInput with what is wrong."""
    account, side = str(row.get("account", "")), row.get("side")
    try:
        amount = Money.from_wire(row["amount"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput(
            "An amount is a number of minor units and a currency", errors={"amount": [account]}
        ) from None
    chart.check(account, amount.currency)
    if amount.units <= 0 or side not in {"debit", "credit"}:
        raise InvalidInput(
            "A line has a side, debit or credit, and an amount above zero",
            errors={"lines": [account]},
        )
    return debit(account, amount) if side == "debit" else credit(account, amount)


def entry_of(key: str, code: str, lines: list[Line], *, refs: Mapping[str, str]) -> Entry:
    """Raises InvalidInput where the lines do not balance."""
    currency = Currency.of(lines[0].account.rpartition(":")[2]) if lines else Currency.of("USD")
    try:
        return Entry(key=key, code=code, currency=currency, lines=tuple(lines), refs=refs)
    except UnbalancedEntry:
        raise InvalidInput(
            "Debits and credits differ, or are of several currencies",
            errors={"lines": ["Debits and credits must be equal, in one currency"]},
        ) from None


def _opposite(entry: Entry) -> Entry:
    turned = [Line(line.account, line.credit, line.debit) for line in entry.lines]
    return entry_of(f"correct:{entry.key}", "correction", turned, refs={})


def wire_of(entry: Entry) -> list[dict[str, Any]]:
    """The lines as a payload holds them."""
    return [
        {
            "account": line.account,
            "side": "debit" if line.debit else "credit",
            "amount": Money(line.debit or line.credit, entry.currency).to_wire(),
        }
        for line in entry.lines
    ]
