"""Compare the journal with the processor's books. Pure: facts in, differences out.

A difference counts by its absolute value, whatever its sign; what the balances differ by beyond
the sum of the differences found is itself one. Nothing is netted and nothing is tolerated.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.money import UNITS_PER_MINOR

from payment_service.domain.processor_lines import BalanceTransaction, ProcessorBalance, Transfer


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
    """All that is compared, as of one moment. `guarded` holds (kept balance, sum of its lines)."""

    lines: Mapping[str, BalanceTransaction]
    transfers: Sequence[Transfer]
    balances: Mapping[str, ProcessorBalance]
    booked: Mapping[str, Booked]
    ledger_stripe: Mapping[str, Money]
    posted_by_item: Mapping[str, Money]
    trial_sums: Mapping[str, int]
    guarded: Mapping[str, tuple[Money, Money]]


def compare(books: Books) -> list[Difference]:
    """Every difference, in a fixed order."""
    by_line = list(_line_differences(books))
    return [
        *by_line,
        *_transfer_differences(books),
        *_balance_drifts(books, by_line),
        *_own_faults(books),
    ]


def unreconciled_minor(differences: Sequence[Difference]) -> int:
    """The sum of all differences of either sign, each rounded up to a minor unit."""
    return sum(-(-abs(found.amount.units) // UNITS_PER_MINOR) for found in differences)


def _line_differences(books: Books) -> Iterator[Difference]:
    for transaction_id in sorted(set(books.lines) | set(books.booked)):
        line, booked = books.lines.get(transaction_id), books.booked.get(transaction_id)
        if booked is None and line is not None:
            if line.moves_nothing:
                continue
            yield Difference("missing_in_ledger", transaction_id, line.net, moves_balance=True)
        elif line is None and booked is not None:
            yield Difference(
                "missing_at_processor", transaction_id, -booked.net, moves_balance=True
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
    sent: dict[str, list[Transfer]] = defaultdict(list)
    for transfer in books.transfers:
        sent[transfer.metadata.get("payout_item", transfer.transfer_id)].append(transfer)
    sources = {line.source_id for line in books.lines.values()}
    for item_id in sorted(sent):
        first, *more = sent[item_id]
        for extra in more:
            yield Difference("duplicate", extra.transfer_id, extra.amount)
        posted = books.posted_by_item.get(item_id)
        # A transfer whose line is missing or unbooked is told by the line already.
        if posted is not None and posted != first.amount:
            yield Difference("transfer_mismatch", item_id, first.amount - posted)
        if first.transfer_id not in sources:
            yield Difference("transfer_without_line", first.transfer_id, first.amount)
    for item_id in sorted(set(books.posted_by_item) - set(sent)):
        yield Difference("transfer_missing", item_id, -books.posted_by_item[item_id])
    yield from _second_payments(books.transfers)


def _second_payments(transfers: Sequence[Transfer]) -> Iterator[Difference]:
    """One transfer per run, worker and currency; the same item twice is told as a duplicate."""
    item_of: dict[tuple[str, str, Currency], str] = {}
    for transfer in transfers:
        payee = (transfer.group, transfer.destination, transfer.amount.currency)
        item_id = transfer.metadata.get("payout_item", transfer.transfer_id)
        if item_of.setdefault(payee, item_id) != item_id:
            yield Difference("paid_twice_in_a_run", transfer.transfer_id, transfer.amount)


def _balance_drifts(books: Books, by_line: Sequence[Difference]) -> Iterator[Difference]:
    """Ledger + explained differences = processor, per currency, or the rest is a drift."""
    for code in sorted(set(books.balances) | set(books.ledger_stripe)):
        currency = Currency.of(code)
        held = books.balances.get(code)
        theirs = held.available + held.pending if held else Money.zero(currency)
        ours = books.ledger_stripe.get(code, Money.zero(currency))
        explained = sum(
            found.amount.units
            for found in by_line
            if found.moves_balance and found.amount.currency is currency
        )
        drift = theirs - ours - Money(explained, currency)
        if drift:
            yield Difference("unexplained_balance_drift", code, drift)


def _own_faults(books: Books) -> Iterator[Difference]:
    """The journal against itself: it sums to zero, and kept balances are the sums of lines."""
    for code in sorted(books.trial_sums):
        if books.trial_sums[code]:
            yield Difference(
                "ledger_unbalanced", code, Money(books.trial_sums[code], Currency.of(code))
            )
    for path in sorted(books.guarded):
        kept, lines = books.guarded[path]
        if kept != lines:
            yield Difference("kept_balance_drift", path, kept - lines)
