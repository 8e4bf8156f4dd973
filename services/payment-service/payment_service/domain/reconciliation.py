"""Compare the journal with the processor's books. Pure: facts in, differences out.

A difference counts by its absolute value, whatever its sign; what the balances differ by beyond
the sum of the differences found is itself one. Nothing is netted and nothing is tolerated.

Both sides come in the order of their keys and are merged, a line of each at a time: a million lines
take the memory of a few.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.money import UNITS_PER_MINOR

from payment_service.domain.processor_lines import BalanceTransaction, ProcessorBalance, Transfer

LeftT = TypeVar("LeftT")
RightT = TypeVar("RightT")


@dataclass(frozen=True)
class Booked:
    """What the journal says about one processor line: its effect on our stripe accounts."""

    transaction_id: str
    code: str
    net: Money
    fee: Money


@dataclass(frozen=True)
class Difference:
    """`amount` is the processor's figure less ours; `moves_balance` where it explains a drift."""

    kind: str
    subject: str
    amount: Money
    moves_balance: bool = False


@dataclass(frozen=True)
class Books:
    """All that is compared, as of one moment.

    `lines` and `booked` come by transaction id; `sources` are the lines' source ids, in order;
    transfers come thrice, by `item_of`, `payee_of` and transfer id; `posted` holds (payout item,
    amount) by item, and `guarded` (path, kept balance, sum of its lines). Reading `guarded` to its
    end is what fills `ledger_stripe` and `trial_sums`: the journal is summed once.
    """

    lines: Iterable[BalanceTransaction]
    sources: Iterable[str]
    by_item: Iterable[Transfer]
    by_payee: Iterable[Transfer]
    by_transfer: Iterable[Transfer]
    booked: Iterable[Booked]
    posted: Iterable[tuple[str, Money]]
    guarded: Iterable[tuple[str, Money, Money]]
    balances: Mapping[str, ProcessorBalance]
    ledger_stripe: Mapping[str, Money]
    trial_sums: Mapping[str, int]


def compare(books: Books) -> Iterator[Difference]:
    """Every difference, in a fixed order."""
    yield from _own_faults(books)
    explained: dict[Currency, int] = defaultdict(int)
    for found in _line_differences(books):
        if found.moves_balance:
            explained[found.amount.currency] += found.amount.units
        yield found
    yield from _transfer_differences(books)
    yield from _balance_drifts(books, explained)


def unreconciled_minor(differences: Iterable[Difference]) -> int:
    """The sum of all differences of either sign, each rounded up to a minor unit."""
    return sum(-(-abs(found.amount.units) // UNITS_PER_MINOR) for found in differences)


def item_of(transfer: Transfer) -> str:
    """The payout item that it was made for, or itself where it names none."""
    return transfer.metadata.get("payout_item", transfer.transfer_id)


def payee_of(transfer: Transfer) -> str:
    """One transfer per run, worker and currency."""
    return f"{transfer.group}\n{transfer.destination}\n{transfer.amount.currency.code}"


def merged(
    left: Iterable[LeftT],
    right: Iterable[RightT],
    *,
    left_key: Callable[[LeftT], str],
    right_key: Callable[[RightT], str],
) -> Iterator[tuple[LeftT | None, RightT | None]]:
    """A full outer join of two sides in the order of their keys, each key once on a side."""
    ours, theirs = iter(left), iter(right)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and left_key(one) < right_key(other)):
            yield one, None
            one = next(ours, None)
        elif one is None or right_key(other) < left_key(one):
            yield None, other
            other = next(theirs, None)
        else:
            yield one, other
            one, other = next(ours, None), next(theirs, None)


def _line_differences(books: Books) -> Iterator[Difference]:
    pairs = merged(
        books.lines,
        books.booked,
        left_key=lambda line: line.transaction_id,
        right_key=lambda booked: booked.transaction_id,
    )
    for line, booked in pairs:
        if line is None and booked is not None:
            yield Difference(
                "missing_at_processor", booked.transaction_id, -booked.net, moves_balance=True
            )
        elif line is not None and booked is None:
            if not line.moves_nothing:
                yield Difference(
                    "missing_in_ledger", line.transaction_id, line.net, moves_balance=True
                )
        elif line is not None and booked is not None:
            yield from _pair_differences(line, booked)


def _pair_differences(line: BalanceTransaction, booked: Booked) -> Iterator[Difference]:
    if line.currency is not booked.net.currency:
        yield Difference("currency_mismatch", line.transaction_id, line.net)
        return
    if line.net != booked.net:
        apart = line.net - booked.net
        yield Difference("amount_mismatch", line.transaction_id, apart, moves_balance=True)
    if line.fee != booked.fee:
        yield Difference("fee_variance", line.transaction_id, line.fee - booked.fee)
    if booked.code == "suspense":
        yield Difference("unidentified_line", line.transaction_id, line.gross)


def _transfer_differences(books: Books) -> Iterator[Difference]:
    """Each item was sent once, and what was sent is what was posted."""
    sent = ((item, list(group)) for item, group in groupby(books.by_item, key=item_of))
    pairs = merged(sent, books.posted, left_key=lambda each: each[0], right_key=lambda p: p[0])
    for made, posted in pairs:
        if made is not None:
            item_id, (first, *more) = made
            for extra in more:
                yield Difference("duplicate", extra.transfer_id, extra.amount)
            # A transfer whose line is missing or unbooked is told by the line already.
            if posted is not None and posted[1] != first.amount:
                yield Difference("transfer_mismatch", item_id, first.amount - posted[1])
        elif posted is not None:
            yield Difference("transfer_missing", posted[0], -posted[1])
    yield from _transfers_without_line(books)
    yield from _second_payments(books.by_payee)


def _transfers_without_line(books: Books) -> Iterator[Difference]:
    pairs = merged(
        books.by_transfer,
        books.sources,
        left_key=lambda transfer: transfer.transfer_id,
        right_key=lambda source: source,
    )
    for transfer, source in pairs:
        if transfer is not None and source is None:
            yield Difference("transfer_without_line", transfer.transfer_id, transfer.amount)


def _second_payments(transfers: Iterable[Transfer]) -> Iterator[Difference]:
    """The same item twice is told as a duplicate."""
    payee, item = "", ""
    for transfer in transfers:
        if payee_of(transfer) != payee:
            payee, item = payee_of(transfer), item_of(transfer)
        elif item_of(transfer) != item:
            yield Difference("paid_twice_in_a_run", transfer.transfer_id, transfer.amount)


def _balance_drifts(books: Books, explained: Mapping[Currency, int]) -> Iterator[Difference]:
    """Ledger + explained differences = processor, per currency, or the rest is a drift."""
    for code in sorted(set(books.balances) | set(books.ledger_stripe)):
        currency = Currency.of(code)
        held = books.balances.get(code)
        theirs = held.available + held.pending if held else Money.zero(currency)
        ours = books.ledger_stripe.get(code, Money.zero(currency))
        drift = theirs - ours - Money(explained.get(currency, 0), currency)
        if drift:
            yield Difference("unexplained_balance_drift", code, drift)


def _own_faults(books: Books) -> Iterator[Difference]:
    """The journal against itself: it sums to zero, and kept balances are the sums of lines."""
    for path, kept, lines in books.guarded:
        if kept != lines:
            yield Difference("kept_balance_drift", path, kept - lines)
    for code in sorted(books.trial_sums):
        if books.trial_sums[code]:
            yield Difference(
                "ledger_unbalanced", code, Money(books.trial_sums[code], Currency.of(code))
            )
