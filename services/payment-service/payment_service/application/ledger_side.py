"""The journal's side of a comparison: sums by account, read once."""

from collections.abc import Iterable, Iterator

from crowdloom.kernel import Currency, Money

from payment_service.application.reconcile_ports import ReconciledBooks
from payment_service.domain import chart
from payment_service.domain.reconciliation import merged

_AT_THE_PROCESSOR = ("asset:stripe:pending:", "asset:stripe:available:")


class LedgerSums:
    """`stripe` and `trial` are complete once `guarded` was read to its end."""

    def __init__(self, books: ReconciledBooks) -> None:
        self._books = books
        self.stripe: dict[str, Money] = {}
        self.trial: dict[str, int] = {}

    def guarded(self) -> Iterator[tuple[str, Money, Money]]:
        """(path, kept balance, sum of its lines)."""
        pairs = merged(
            self._books.sums(),
            self._books.kept(),
            left_key=lambda row: row.path,
            right_key=lambda kept: kept[0],
        )
        for row, kept in pairs:
            if row is not None:
                self._add(row.path, row.signed, row.currency)
            path = row.path if row is not None else kept[0] if kept is not None else ""
            if kept is None and not chart.is_guarded(path):
                continue
            zero = Money.zero(Currency.of(path.rpartition(":")[2]))
            summed = Money(-row.signed, row.currency) if row is not None else zero
            yield path, kept[1] if kept is not None else zero, summed

    def _add(self, path: str, units: int, currency: Currency) -> None:
        self.trial[currency.code] = self.trial.get(currency.code, 0) + units
        if path.startswith(_AT_THE_PROCESSOR):
            before = self.stripe.get(currency.code, Money.zero(currency))
            self.stripe[currency.code] = before + Money(units, currency)


class Totalled:
    """Passes on what was posted by item, and adds it up."""

    def __init__(self, posted: Iterable[tuple[str, Money]]) -> None:
        self._posted = posted
        self.minor = 0

    def __iter__(self) -> Iterator[tuple[str, Money]]:
        for item_id, amount in self._posted:
            self.minor += amount.minor
            yield item_id, amount
