"""What bank lines and sweeps book. A line moves the bank's account against what it was for; one
that nobody could explain moved suspense, and is matched or unmatched against that.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import RequesterId

from payment_service.domain import chart
from payment_service.domain.entries import Entry, Line
from payment_service.domain.payout_lines import given_back, kept
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.processor_lines import BalanceTransaction

PAYOUT, SWEEP, TOP_UP, ACCOUNT = "payout_item", "sweep", "bank_top_up", "account"
# A bank that could not deliver a payout sends it back.
RETURN = "payout_return"
# One line for a whole bank file, or for several payouts of the processor.
FILE, SWEEPS = "bank_file", "sweeps"
KINDS = (PAYOUT, RETURN, SWEEP, TOP_UP, ACCOUNT)
# A return that was matched wrongly: the payout is paid after all.
RETURN_UNMATCH = "return_unmatch"
_CODES = {
    PAYOUT: "payout_post",
    RETURN: "payout_return",
    SWEEP: "sweep_in",
    SWEEPS: "sweep_in",
    TOP_UP: "bank_topup",
    ACCOUNT: "bank_other",
}


def bank(account_id: str, currency: Currency) -> str:
    """Equals the closing balance of the account's newest statement."""
    return f"asset:bank:{account_id}:{currency.code}"


def transit(currency: Currency) -> str:
    """Left the processor for our bank, or the other way round, and not seen there yet."""
    return f"asset:transit:stripe:bank:{currency.code}"


def suspense(currency: Currency) -> str:
    """Bank lines nobody could identify; must age to zero."""
    return f"asset:suspense:bank:{currency.code}"


def opening(account_id: str, statement: str, balance: Money, on: date) -> Entry:
    """What was in the bank before the first statement that we know."""
    return Entry(
        key=f"bankopening:{account_id}",
        code="bank_opening",
        currency=balance.currency,
        lines=_move(
            balance, bank(account_id, balance.currency), f"equity:opening:{balance.currency.code}"
        ),
        refs={"bank_account": account_id, "bank_statement": statement},
        occurred_at=_at(on),
    )


def unidentified(account_id: str, line_id: str, amount: Money, on: date) -> Entry:
    """A bank line that nobody can explain yet: booked the day it is seen, to suspense."""
    return Entry(
        key=f"suspense:{line_id}",
        code="bank_suspense",
        currency=amount.currency,
        lines=_move(amount, bank(account_id, amount.currency), suspense(amount.currency)),
        refs=_refs(account_id, line_id),
        occurred_at=_at(on),
    )


def counter_account(
    kind: str, target: str, currency: Currency, item: PayoutItem | None = None
) -> str:
    """The account that a line of this kind is booked against. What came back is its worker's, and
    held: it would come back again.
    """
    if kind == RETURN and item is not None:
        return chart.held(item.worker_id, currency)
    if kind == PAYOUT:
        return f"liability:payout:{target}:{currency.code}"
    if kind in {SWEEP, SWEEPS}:
        return transit(currency)
    if kind == TOP_UP:
        return chart.wallet(RequesterId(target), currency)
    return target


def matched(
    *,
    account_id: str,
    line_id: str,
    amount: Money,
    on: date,
    kind: str,
    target: str,
    nth: int,
    from_suspense: bool,
    item: PayoutItem | None = None,
    difference: tuple[str, Money] | None = None,
) -> Entry:
    """The line against what it was for; `nth` counts the matches of this line. `difference` is an
    account and what the bank gave less than was expected: a tolerance, approved before.
    """
    currency = amount.currency
    name = line_id if nth == 1 else f"{line_id}.{nth}"
    keys = {
        PAYOUT: f"payout:{target}:post:{name}",
        RETURN: f"payout:{target}:return:{name}",
        SWEEP: f"sweep:{target}:in:{name}",
        SWEEPS: f"sweeps:{name}",
        TOP_UP: f"banktopup:{name}",
        ACCOUNT: f"bankline:{name}",
    }
    source = suspense(currency) if from_suspense else bank(account_id, currency)
    return Entry(
        key=keys[kind],
        code=_CODES[kind],
        currency=currency,
        lines=(
            *_with(
                _move(amount, source, counter_account(kind, target, currency, item)), difference
            ),
            *_of_item(kind, item),
        ),
        refs={**_refs(account_id, line_id), **_target_refs(kind, target, item)},
        occurred_at=_at(on),
    )


def unmatched(
    entry: Entry, *, line_id: str, key: str, moved: Mapping[str, str] | None = None
) -> Entry:
    """A match taken back: the line waits in suspense again, all else is as before the match.
    `moved` says where it is now what the match had put elsewhere.
    """
    waits, now = suspense(entry.currency), moved or {}
    lines = tuple(
        Line(
            waits
            if line.account.startswith("asset:bank:")
            else now.get(line.account, line.account),
            line.credit,
            line.debit,
        )
        for line in entry.lines
    )
    return Entry(
        key=key,
        code=RETURN_UNMATCH if entry.code == _CODES[RETURN] else "bank_unmatch",
        currency=entry.currency,
        lines=lines,
        refs={**entry.refs, "bank_line": line_id},
    )


def sweep(line: BalanceTransaction) -> Entry:
    """The processor pays our own money out to our bank, or takes a failed payout back."""
    return _in_transit("sweep", line, failed=line.net.units > 0)


def fund(line: BalanceTransaction) -> Entry:
    """Our own money comes from our bank to the processor, or goes back where that failed."""
    return _in_transit("fund", line, failed=line.net.units < 0)


def _in_transit(code: str, line: BalanceTransaction, *, failed: bool) -> Entry:
    currency = line.currency
    name = f"{code}:{line.source_id}"
    return Entry(
        key=f"{name}:fail:{line.transaction_id}" if failed else name,
        code=code,
        currency=currency,
        lines=_move(line.net, chart.stripe_pending(currency), transit(currency)),
        refs={
            "sweep": line.source_id,
            "stripe_txn": line.transaction_id,
            "stripe_source": line.source_id,
        },
        occurred_at=line.created_at,
    )


def _move(amount: Money, source: str, counter: str) -> tuple[Line, Line]:
    """`source` grows by the amount, which is signed; `counter` has the other side."""
    units = amount.units
    return (
        Line(source, max(units, 0), max(-units, 0)),
        Line(counter, max(-units, 0), max(units, 0)),
    )


def _with(lines: tuple[Line, Line], difference: tuple[str, Money] | None) -> tuple[Line, ...]:
    if difference is None:
        return lines
    account, less = difference
    source, counter = lines
    more = Line(account, max(less.units, 0), max(-less.units, 0))
    # What was expected is the line and what is missing of it, together.
    units = counter.debit - counter.credit - less.units
    return (source, more, Line(counter.account, max(units, 0), max(-units, 0)))


def _of_item(kind: str, item: PayoutItem | None) -> tuple[Line, ...]:
    if item is None:
        return ()
    return kept(item) if kind == PAYOUT else given_back(item)


def _refs(account_id: str, line_id: str) -> dict[str, str]:
    statement = f"bst_{line_id.removeprefix('bln_').rpartition('_')[0]}"
    return {"bank_line": line_id, "bank_statement": statement, "bank_account": account_id}


def _target_refs(kind: str, target: str, item: PayoutItem | None) -> dict[str, str]:
    if item is not None:
        return {"item": str(item.item_id), "run": item.run_id, "worker": item.worker_id}
    names = {PAYOUT: "item", SWEEP: "sweep", TOP_UP: "requester"}
    return {names[kind]: target} if kind in names else {}


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
