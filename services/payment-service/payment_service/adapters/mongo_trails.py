"""What a trail reads of the journal and of the mirrored processor, page by page."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from pymongo import ASCENDING, DESCENDING

from payment_service.adapters.mongo_journal import journal_entry
from payment_service.adapters.mongo_ledger import JOURNAL
from payment_service.adapters.mongo_processor import STRIPE_LINES
from payment_service.application.journal import JournalEntry
from payment_service.domain.processor_lines import BalanceTransaction

_KEYS_TOGETHER = 500
_OF_ITEM_MAX = 200


class MongoTrailBooks:
    """The `TrailBooks` port. Uses the journal's `statement` and `by_item` indexes."""

    def __init__(self, database: MongoDatabase) -> None:
        self._journal = database[JOURNAL]
        self._lines = database[STRIPE_LINES]

    def entry(self, entry_id: str) -> JournalEntry | None:
        found = self._journal.find_one({"_id": entry_id})
        return None if found is None else journal_entry(found)

    def by_keys(self, keys: Collection[str]) -> Mapping[str, JournalEntry]:
        ordered = sorted(keys)
        found = {}
        for start in range(0, len(ordered), _KEYS_TOGETHER):
            part = ordered[start : start + _KEYS_TOGETHER]
            for row in self._journal.find({"key": {"$in": part}}):
                found[row["key"]] = journal_entry(row)
        return found

    def of_item(self, item_id: str) -> Sequence[JournalEntry]:
        found = self._journal.find({"refs.item": item_id}).sort("_id", ASCENDING)
        return [journal_entry(row) for row in found.limit(_OF_ITEM_MAX)]

    def before(self, path: str, entry_id: str) -> Iterator[JournalEntry]:
        query: Document = {"lines.a": path, "_id": {"$lt": entry_id}}
        return (journal_entry(row) for row in self._journal.find(query).sort("_id", DESCENDING))

    def after(self, path: str, entry_id: str) -> Iterator[JournalEntry]:
        query: Document = {"lines.a": path, "_id": {"$gt": entry_id}}
        return (journal_entry(row) for row in self._journal.find(query).sort("_id", ASCENDING))

    def balance_before(self, path: str, entry_id: str) -> int:
        sums = {"dr": {"$sum": "$lines.dr"}, "cr": {"$sum": "$lines.cr"}}
        rows = list(
            self._journal.aggregate(
                [
                    {"$match": {"lines.a": path, "_id": {"$lt": entry_id}}},
                    {"$unwind": "$lines"},
                    {"$match": {"lines.a": path}},
                    {"$group": {"_id": "$lines.a", **sums}},
                ]
            )
        )
        return int(rows[0]["cr"]) - int(rows[0]["dr"]) if rows else 0

    def line(self, transaction_id: str) -> BalanceTransaction | None:
        row = self._lines.find_one({"_id": transaction_id})
        if row is None:
            return None
        return BalanceTransaction(
            transaction_id=row["_id"],
            kind=row["kind"],
            source_id=row["source_id"],
            gross=Money.from_wire(row["gross"]),
            fee=Money.from_wire(row["fee"]),
            net=Money.from_wire(row["net"]),
            available=row["settled"],
            available_on=row["available_on"],
            created_at=row["created_at"],
            metadata=row["metadata"],
        )
