"""What a reconciliation needs of the outside world. Iterators hold a page, never all."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from crowdloom.kernel import Money

from payment_service.application.journal import AccountBalance
from payment_service.domain.bank_reconciliation import (
    BankBalance,
    BankEntry,
    BankLineSeen,
    OnItsWay,
)
from payment_service.domain.reconciliation import Booked

Row = tuple[str, list[Any]]


class ReconciledBooks(Protocol):
    """Blocks; reads what is committed, each in the order of its key."""

    def sums(self) -> Iterator[AccountBalance]:
        """Every account that was ever posted to, by path."""
        ...

    def kept(self) -> Iterator[tuple[str, Money]]:
        """Guarded accounts with their kept balances, by path."""
        ...

    def booked(self) -> Iterator[Booked]:
        """What was booked for each line of the processor, by line."""
        ...

    def posted(self) -> Iterator[tuple[str, Money]]:
        """What was posted as paid by the processor, by payout item."""
        ...

    def bank_balances(self) -> Iterator[BankBalance]: ...

    def bank_lines(self) -> Iterator[BankLineSeen]:
        """Lines of accepted statements, by id."""
        ...

    def bank_entries(self) -> Iterator[BankEntry]:
        """By bank line."""
        ...

    def on_their_way(self) -> Iterator[OnItsWay]:
        """Sent to or from a bank, and not seen there."""
        ...


class Ordered(Protocol):
    def __iter__(self) -> Iterator[Row]: ...

    def close(self) -> None: ...


class Sorting(Protocol):
    def __call__(self, rows: Iterable[Row]) -> Ordered:
        """Rows of (key, values that JSON can hold) in the order of their keys, in bounded memory.
        May be read again and again, one reading at a time.
        """
        ...
