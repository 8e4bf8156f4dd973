"""What may have grown old: payout lines under way, and what stands in suspense."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel import Currency, Money
from pymongo import ASCENDING

from payment_service.adapters.mongo_ledger import JOURNAL
from payment_service.adapters.mongo_payouts import PAYOUT_ITEMS, payout_item
from payment_service.application.age_exceptions import Suspense
from payment_service.domain.payouts import IN_FLIGHT, PayoutItem

_SUSPENSE = "asset:suspense:"
_INTO_SUSPENSE = ["suspense", "bank_suspense"]
_ITEMS_MAX = 10_000


class MongoAgeing:
    def __init__(self, database: MongoDatabase) -> None:
        self._journal = database[JOURNAL]
        self._items = database[PAYOUT_ITEMS]

    def under_way(self) -> Sequence[PayoutItem]:
        states = [state.value for state in IN_FLIGHT]
        found = self._items.find({"state": {"$in": states}}).limit(_ITEMS_MAX)
        return [payout_item(row) for row in found]

    def suspense(self) -> Sequence[Suspense]:
        return [found for path in self._accounts() if (found := self._standing(path)) is not None]

    def _accounts(self) -> list[str]:
        """Whatever was booked there first was a line that nobody could identify."""
        # Not `distinct`: the embedded engine does not look into arrays for it.
        rows = self._journal.find({"code": {"$in": _INTO_SUSPENSE}}, {"lines": 1})
        paths = {line["a"] for row in rows for line in row["lines"]}
        return sorted(path for path in paths if path.startswith(_SUSPENSE))

    def _standing(self, path: str) -> Suspense | None:
        units, since = 0, None
        for at, change in self._changes(path):
            since = at if units == 0 else since
            units += change
        if not units or since is None:
            return None
        return Suspense(path, Money(units, Currency.of(path.rpartition(":")[2])), since)

    def _changes(self, path: str) -> Iterator[tuple[datetime, int]]:
        for row in self._journal.find({"lines.a": path}).sort("_id", ASCENDING):
            lines = [line for line in row["lines"] if line["a"] == path]
            yield row["booked_at"], sum(int(line["dr"]) - int(line["cr"]) for line in lines)
