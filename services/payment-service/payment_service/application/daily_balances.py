"""Balances by day, derived from the journal off the hot path, and rebuilt from zero to compare.

They follow the seals: what has a number is counted once, in order, with the number it was counted
up to; so they are complete to a moment that they can name.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from payment_service.application.journal import AccountBalance, JournalEntry

TOGETHER_MAX = 200


class By(StrEnum):
    """What a day or month of an entry is: when it took effect, when it was booked, its period."""

    EFFECTIVE = "effective"
    BOOKED = "booked"
    PERIOD = "period"


@dataclass(frozen=True)
class Cell:
    """One account on one day: rows are as fine as any question that is asked of them."""

    account: str
    effective_on: str
    booked_on: str
    period: str


@dataclass(frozen=True)
class Moved:
    debit: int
    credit: int
    count: int


@dataclass(frozen=True)
class Progress:
    """`number` is of the last entry that was counted, `booked_at` when that was booked."""

    number: int
    booked_at: datetime | None


class Balances(Protocol):
    """Blocks."""

    def progress(self) -> Progress: ...

    def numbered(self, after: int, count_max: int) -> Sequence[tuple[int, JournalEntry]]:
        """Entries with the numbers of their seals, in order."""
        ...

    def add(self, cells: Mapping[Cell, Moved], *, was: Progress, now: Progress) -> bool:
        """Count these in, all or none: none where somebody else has counted on."""
        ...

    def cells(self) -> Iterator[tuple[Cell, Moved]]: ...

    def start_over(self) -> None:
        """Forget everything that was derived."""
        ...

    def trial(
        self, *, since: date | str | None, until: date | str, by: By
    ) -> Sequence[AccountBalance]:
        """Debits and credits of each account between two days or months, both included."""
        ...


class DeriveBalances:
    """A job; returns how many entries it counted."""

    def __init__(self, balances: Balances) -> None:
        self._balances = balances

    def __call__(self) -> int:
        was = self._balances.progress()
        found = self._balances.numbered(was.number, TOGETHER_MAX)
        if not found:
            return 0
        number, last = found[-1]
        cells = cells_of(entry for _, entry in found)
        counted = self._balances.add(cells, was=was, now=Progress(number, last.booked_at))
        return len(found) if counted else 0


class RebuildBalances:
    """From zero; returns the cells that were not what the journal says."""

    def __init__(self, balances: Balances, derive: DeriveBalances) -> None:
        self._balances = balances
        self._derive = derive

    def __call__(self) -> Sequence[Cell]:
        up_to = self._balances.progress().number
        before = dict(self._balances.cells())
        self._balances.start_over()
        while self._balances.progress().number < up_to and self._derive():
            pass
        after = dict(self._balances.cells())
        return sorted(
            (cell for cell in before | after if before.get(cell) != after.get(cell)),
            key=lambda cell: (cell.account, cell.effective_on, cell.booked_on),
        )


def cells_of(entries: Iterator[JournalEntry]) -> Mapping[Cell, Moved]:
    """What entries add to each account and day."""
    debits: Counter[Cell] = Counter()
    credits_: Counter[Cell] = Counter()
    counts: Counter[Cell] = Counter()
    for entry in entries:
        booked_on = entry.booked_at.date().isoformat()
        for line in entry.lines:
            cell = Cell(line.account, entry.effective_on, booked_on, entry.period)
            debits[cell] += line.debit
            credits_[cell] += line.credit
            counts[cell] += 1
    return {cell: Moved(debits[cell], credits_[cell], counts[cell]) for cell in counts}
