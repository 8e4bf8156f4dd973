"""What a comparison finds: every difference is kept while it is found, a piece at a time, and
summed up, so that neither memory nor a document limits how many there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel import Currency, Money

from payment_service.application.ports import Session
from payment_service.application.show_reconciliation import explains, is_of_a_line
from payment_service.domain.reconciliation import Difference, unreconciled_minor

# Stands on its account until people have said what it is: then it explains itself.
IN_SUSPENSE = "unidentified_line"
# What the result of a comparison names by itself; all of them are in a list of their own.
FIRST_ONES = 500
_TOGETHER = 200


class Keeping(Protocol):
    def __call__(self, first_number: int, rows: Sequence[Mapping[str, Any]]) -> None: ...


class Found:
    """Complete once `end` was called. `first` are the first ones, `apart_count` says how many lines
    of the processor have a difference.
    """

    def __init__(self, keep: Keeping | None = None) -> None:
        self.count = self.minor = self.apart_count = 0
        self.first: list[Mapping[str, Any]] = []
        self._keep = keep
        self._piece: list[Mapping[str, Any]] = []
        self._explained: dict[Currency, int] = {}
        self._last_apart = ""

    def take(self, differences: Iterable[Difference]) -> None:
        """Those of one line of the processor come after each other."""
        for found in differences:
            self._sum_up(found)
            row = _row(found)
            if len(self.first) < FIRST_ONES:
                self.first.append({name: row[name] for name in ("kind", "subject", "amount")})
            self._piece.append(row)
            if len(self._piece) == _TOGETHER:
                self.end()

    def end(self) -> None:
        if self._keep is not None and self._piece:
            self._keep(self.count - len(self._piece), self._piece)
        self._piece = []

    def explained(self) -> list[Mapping[str, Any]]:
        """By currency, what the differences say of the difference of the balances."""
        known = sorted(self._explained.items(), key=lambda each: each[0].code)
        return [Money(units, currency).to_wire() for currency, units in known]

    def _sum_up(self, found: Difference) -> None:
        self.count += 1
        self.minor += unreconciled_minor([found])
        if explains(found.kind, found.subject):
            currency = found.amount.currency
            self._explained[currency] = self._explained.get(currency, 0) + found.amount.units
        if is_of_a_line(found.kind, found.subject) and found.subject != self._last_apart:
            self._last_apart = found.subject
            self.apart_count += 1


def _row(found: Difference) -> Mapping[str, Any]:
    # A line in suspense is the exception that it became when it was booked, and no second one.
    own = f"{found.kind}:{found.subject}"
    return {
        "kind": found.kind,
        "subject": found.subject,
        "amount": found.amount.to_wire(),
        "key": own if found.kind == IN_SUSPENSE else f"recon:{own}",
    }


def settle_exceptions(store: Store[Session], reconciliation_id: str) -> None:
    """An exception for each difference that was kept; those whose difference is gone end. Some in
    a transaction: whoever is interrupted begins anew, and finds what was opened.
    """
    after: int | None = -1
    while after is not None:
        after = store.run(partial(_opened, reconciliation_id=reconciliation_id, after=after))
    waiting = store.run(lambda session: session.exceptions.open_keys("recon:"))
    for start in range(0, len(waiting), _TOGETHER):
        piece = waiting[start : start + _TOGETHER]
        store.run(partial(_ended, reconciliation_id=reconciliation_id, keys=piece))


def _opened(session: Session, *, reconciliation_id: str, after: int) -> int | None:
    """Returns up to which number; None where there are no more."""
    rows = session.reconciliations.differences(reconciliation_id, _TOGETHER, after=after)
    for row in rows:
        session.exceptions.open(
            key=row["key"],
            kind=row["kind"],
            subject=row["subject"],
            amount=Money.from_wire(row["amount"]),
            facts={"reconciliation": reconciliation_id},
        )
    return int(rows[-1]["number"]) if rows else None


def _ended(session: Session, *, reconciliation_id: str, keys: Sequence[str]) -> None:
    found = session.reconciliations.found_again(reconciliation_id, keys)
    for key in keys:
        if key not in found:
            session.exceptions.resolve(key, resolution="no_longer_differs")
