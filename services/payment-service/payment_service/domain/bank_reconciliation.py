"""Compare the journal with what our banks say. Pure: facts in, differences out.

Ledger + lines not booked yet + differences that explain = closing balance of the newest statement,
or the rest is a drift. What is on its way is a timing item for as long as banks take, and missing
at the bank afterwards.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from crowdloom.kernel import Money

from payment_service.domain.reconciliation import Difference, merged

# Five business days, over a weekend.
BANK_GRACE = timedelta(days=7)


@dataclass(frozen=True)
class BankLineSeen:
    """A line of an accepted statement; `booked` is False while it waits for its entry."""

    line_id: str
    path: str
    amount: Money
    booked: bool


@dataclass(frozen=True)
class BankEntry:
    """What all entries that name a bank line did to the bank's account together."""

    line_id: str
    path: str
    amount: Money


@dataclass(frozen=True)
class OnItsWay:
    """Left here or the processor on `since`, and not seen at a bank."""

    kind: str
    subject: str
    amount: Money
    since: date

    @property
    def due_on(self) -> date:
        return self.since + BANK_GRACE


@dataclass(frozen=True)
class BankBalance:
    """`path` is the ledger's account; `closing` is None where no statement was seen yet."""

    path: str
    ledger: Money
    closing: Money | None


@dataclass(frozen=True)
class BankProof:
    """One account. Nothing is said where there is no statement: empty is not zero."""

    balance: BankBalance
    waiting: Money
    explained: Money

    @property
    def unexplained(self) -> Money | None:
        if self.balance.closing is None:
            return None
        return self.balance.closing - self.balance.ledger - self.waiting - self.explained


@dataclass
class BankComparison:
    """Consumes both sides once, in the order of line ids; then `proofs` are ready."""

    balances: Iterable[BankBalance]
    lines: Iterable[BankLineSeen]
    entries: Iterable[BankEntry]
    on_their_way: Iterable[OnItsWay]
    today: date

    def __post_init__(self) -> None:
        self.proofs: list[BankProof] = []
        self.timing: list[OnItsWay] = []

    def differences(self) -> Iterator[Difference]:
        waiting: dict[str, int] = defaultdict(int)
        explained: dict[str, int] = defaultdict(int)
        for path, found in self._of_lines(waiting):
            explained[path] += found.amount.units
            yield found
        for balance in self.balances:
            currency = balance.ledger.currency
            proof = BankProof(
                balance,
                Money(waiting[balance.path], currency),
                Money(explained[balance.path], currency),
            )
            self.proofs.append(proof)
            if proof.unexplained:
                yield Difference("unexplained_balance_drift", balance.path, proof.unexplained)
        yield from self._late()

    def _of_lines(self, waiting: dict[str, int]) -> Iterator[tuple[str, Difference]]:
        pairs = merged(
            self.lines,
            self.entries,
            left_key=lambda line: line.line_id,
            right_key=lambda entry: entry.line_id,
        )
        for line, entry in pairs:
            if line is None and entry is not None:
                yield (
                    entry.path,
                    Difference("missing_at_bank", entry.line_id, -entry.amount, moves_balance=True),
                )
            elif line is not None:
                yield from _of_line(line, entry, waiting)

    def _late(self) -> Iterator[Difference]:
        for each in self.on_their_way:
            if self.today > each.due_on:
                yield Difference("missing_at_bank", each.subject, -each.amount)
            else:
                self.timing.append(each)


def _of_line(
    line: BankLineSeen, entry: BankEntry | None, waiting: dict[str, int]
) -> Iterator[tuple[str, Difference]]:
    if entry is None and not line.booked:
        waiting[line.path] += line.amount.units
    elif entry is None:
        yield (
            line.path,
            Difference("missing_in_ledger", line.line_id, line.amount, moves_balance=True),
        )
    elif entry.amount.currency is not line.amount.currency:
        yield line.path, Difference("currency_mismatch", line.line_id, line.amount)
    elif entry.amount != line.amount:
        apart = line.amount - entry.amount
        yield line.path, Difference("amount_mismatch", line.line_id, apart, moves_balance=True)
