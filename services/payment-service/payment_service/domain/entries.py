"""Journal entries: one document, one currency, two lines or more, balanced, never changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crowdloom.kernel import Currency, DomainError, Money

from payment_service.domain.chart import is_debit_side, is_guarded, is_off_the_books

_LINES_MIN = 2
UNITS_MAX = 2**62


class UnbalancedEntry(DomainError):
    """A bug in whoever built the entry: it is never written."""

    code = "unbalanced_entry"


class InsufficientFunds(DomainError):
    """A guarded account would fall below zero; nothing was posted."""

    code = "insufficient_funds"
    status = 409


@dataclass(frozen=True)
class Line:
    """One side of one account, in ledger units; exactly one of debit and credit is above zero."""

    account: str
    debit: int
    credit: int

    @property
    def signed(self) -> int:
        """What the account's own balance changes by, on its natural side."""
        change = self.debit - self.credit
        return change if is_debit_side(self.account) else -change


def debit(account: str, amount: Money) -> Line:
    return Line(account, amount.units, 0)


def credit(account: str, amount: Money) -> Line:
    return Line(account, 0, amount.units)


@dataclass(frozen=True)
class Entry:
    """`key` is the business key that makes posting idempotent; `code` names the flow; `refs` name
    the objects it is about; `occurred_at` is when it took effect outside, None where that is now.
    """

    key: str
    code: str
    currency: Currency
    lines: tuple[Line, ...]
    refs: Mapping[str, str] = field(default_factory=dict)
    occurred_at: datetime | None = None
    actor: str | None = None

    def __post_init__(self) -> None:
        sides = all(min(n.debit, n.credit) == 0 < max(n.debit, n.credit) for n in self.lines)
        if len(self.lines) < _LINES_MIN or not sides or not self._balances():
            raise UnbalancedEntry(f"{self.key} does not balance", key=self.key)

    @property
    def total(self) -> int:
        return sum(line.debit for line in self.lines)

    @property
    def fingerprint(self) -> str:
        """A hash of what the entry does. The same key with another fingerprint is a conflict."""
        lines = sorted((line.account, line.debit, line.credit) for line in self.lines)
        text = json.dumps([self.key, self.code, self.currency.code, lines])
        return hashlib.sha256(text.encode()).hexdigest()

    def _balances(self) -> bool:
        suffix = f":{self.currency.code}"
        known = all(
            n.account.endswith(suffix)
            and not is_off_the_books(n.account)
            and n.debit + n.credit <= UNITS_MAX
            for n in self.lines
        )
        return known and self.total == sum(line.credit for line in self.lines)


def net_changes(entries: Iterable[Entry]) -> dict[str, int]:
    """What all entries together change in each guarded account, sorted by path, zeros left out."""
    changes: dict[str, int] = {}
    for entry in entries:
        for line in entry.lines:
            if is_guarded(line.account):
                changes[line.account] = changes.get(line.account, 0) + line.signed
    return {path: changes[path] for path in sorted(changes) if changes[path]}
