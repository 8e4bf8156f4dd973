"""Reading the books, outside of transactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from crowdloom.kernel import Currency, Money


@dataclass(frozen=True)
class AccountBalance:
    """Totals of one account; `balance` is on its natural side."""

    path: str
    currency: Currency
    debit: int
    credit: int

    @property
    def signed(self) -> int:
        return self.debit - self.credit


@dataclass(frozen=True)
class JournalLine:
    account: str
    debit: int
    credit: int


@dataclass(frozen=True)
class JournalEntry:
    entry_id: str
    key: str
    code: str
    currency: Currency
    lines: tuple[JournalLine, ...]
    total: int
    effective_on: str
    booked_at: datetime
    cause: Mapping[str, str | None]
    refs: Mapping[str, str]
    fingerprint: str
    period: str = ""


@dataclass(frozen=True)
class StatementLine:
    """One movement; `balance` is the account's after it, on its natural side."""

    entry: JournalEntry
    debit: int
    credit: int
    balance: int

    @property
    def debit_amount(self) -> Money | None:
        """None where it moved nothing on this side."""
        return Money(self.debit, self.entry.currency) if self.debit else None

    @property
    def credit_amount(self) -> Money | None:
        return Money(self.credit, self.entry.currency) if self.credit else None

    @property
    def balance_amount(self) -> Money:
        return Money(self.balance, self.entry.currency)


class Journal(Protocol):
    """Blocks; reads what is committed."""

    def trial_balance(self) -> Sequence[AccountBalance]:
        """Every account that was ever posted to, by path."""
        ...

    def statement(
        self,
        path: str,
        *,
        count_max: int,
        before: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Sequence[StatementLine]:
        """Newest first, with the running balance; of the days on which it was booked (UTC)."""
        ...

    def entries(
        self,
        *,
        count_max: int,
        before: str | None = None,
        code: str | None = None,
        ref: tuple[str, str] | None = None,
    ) -> Sequence[JournalEntry]:
        """Newest first."""
        ...

    def entry(self, entry_id: str) -> JournalEntry | None: ...

    def kept_balances(self) -> Mapping[str, Money]:
        """Guarded account -> its kept balance."""
        ...

    def count(self) -> int: ...
