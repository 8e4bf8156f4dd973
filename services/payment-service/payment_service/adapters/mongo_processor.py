"""The mirror of the processor's books, its events as hints, and reconciliations, in MongoDB."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import Int64
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.application.ports import Hint
from payment_service.domain.processor_lines import BalanceTransaction

STRIPE_LINES = "stripe_bt"
STRIPE_EVENTS = "stripe_events"
FEEDS = "processor_feeds"
_FEED = "stripe"
RECONCILIATIONS = "recon_runs"
DIFFERENCES = "recon_differences"
TIMING = "recon_timing"
STRIPE_LINE_INDEXES = [
    IndexModel([("created_at", DESCENDING)], name="newest_first"),
    IndexModel([("settled", ASCENDING)], name="by_settled"),
    IndexModel([("metadata.top_up", ASCENDING)], name="of_top_up", sparse=True),
]
STRIPE_EVENT_INDEXES = [
    IndexModel([("pending", ASCENDING), ("_id", ASCENDING)], name="pending", sparse=True)
]
RECONCILIATION_INDEXES = [
    IndexModel([("request_key", ASCENDING)], name="request_once", unique=True),
    IndexModel([("status", ASCENDING)], name="by_status"),
]
DIFFERENCE_INDEXES = [
    IndexModel([("reconciliation_id", ASCENDING), (field, ASCENDING)], name=f"by_{field}")
    for field in ("number", "kind", "subject", "key")
]
TIMING_INDEXES = [
    IndexModel([("reconciliation_id", ASCENDING), (field, ASCENDING)], name=f"by_{field}")
    for field in ("number", "subject", "due_on")
]


class MongoProcessorLines:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._lines = database[STRIPE_LINES]
        self._feeds = database[FEEDS]
        self._session = session

    def known(self, transaction_ids: Collection[str]) -> Mapping[str, bool]:
        found = self._lines.find(
            {"_id": {"$in": sorted(transaction_ids)}}, {"settled": 1}, session=self._session
        )
        return {row["_id"]: row["settled"] for row in found}

    def add(self, line: BalanceTransaction, *, entry_key: str | None, settled: bool) -> None:
        self._lines.insert_one(
            {
                "_id": line.transaction_id,
                "kind": line.kind,
                "source_id": line.source_id,
                "gross": line.gross.to_wire(),
                "fee": line.fee.to_wire(),
                "net": line.net.to_wire(),
                "available_on": line.available_on,
                "created_at": line.created_at,
                "metadata": dict(line.metadata),
                "entry_key": entry_key,
                "settled": settled,
            },
            session=self._session,
        )

    def mark_settled(self, transaction_id: str) -> None:
        self._lines.update_one(
            {"_id": transaction_id}, {"$set": {"settled": True}}, session=self._session
        )

    def unsettled_ids(self, count_max: int) -> Sequence[str]:
        found = self._lines.find({"settled": False}, {"_id": 1}, session=self._session)
        return [row["_id"] for row in found.limit(count_max)]

    def newest_created(self) -> datetime | None:
        found = self._lines.find_one(
            {}, {"created_at": 1}, sort=[("created_at", DESCENDING)], session=self._session
        )
        return None if found is None else found["created_at"]

    def complete_to(self) -> datetime | None:
        found = self._feeds.find_one({"_id": _FEED}, session=self._session)
        return None if found is None else found["complete_to"]

    def note_complete(self, moment: datetime) -> None:
        self._feeds.update_one(
            {"_id": _FEED},
            {"$max": {"complete_to": moment}},
            upsert=True,
            session=self._session,
        )

    def count(self) -> int:
        return self._lines.count_documents({}, session=self._session)


class MongoHints:
    """Events are kept for good, so that a replayed one is known; `pending` until followed."""

    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._events = database[STRIPE_EVENTS]
        self._session = session

    def add(self, hint: Hint, received_at: datetime) -> bool:
        kept = self._events.update_one(
            {"_id": hint.event_id},
            {
                "$setOnInsert": {
                    "kind": hint.kind,
                    "object_id": hint.object_id,
                    "created_at": hint.created_at,
                    "received_at": received_at,
                    "pending": True,
                }
            },
            upsert=True,
            session=self._session,
        )
        return kept.upserted_id is not None

    def pending(self, count_max: int) -> Sequence[Hint]:
        found = self._events.find({"pending": True}, session=self._session)
        return [
            Hint(row["_id"], row["kind"], row["object_id"], row["created_at"])
            for row in found.limit(count_max)
        ]

    def mark_handled(self, event_ids: Collection[str], at: datetime) -> None:
        self._events.update_many(
            {"_id": {"$in": sorted(event_ids)}},
            {"$set": {"handled_at": at}, "$unset": {"pending": ""}},
            session=self._session,
        )


class MongoReconciliations:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._runs = database[RECONCILIATIONS]
        self._differences = database[DIFFERENCES]
        self._timing = database[TIMING]
        self._session = session

    def add(self, document: Mapping[str, Any]) -> None:
        self._runs.insert_one(dict(document), session=self._session)

    def get(self, reconciliation_id: str) -> Mapping[str, Any] | None:
        return self._runs.find_one({"_id": reconciliation_id}, session=self._session)

    def by_request_key(self, key: str) -> Mapping[str, Any] | None:
        return self._runs.find_one({"request_key": key}, session=self._session)

    def queued(self) -> Sequence[str]:
        found = self._runs.find({"status": "queued"}, {"_id": 1}, session=self._session)
        return [row["_id"] for row in found]

    def set_result(self, reconciliation_id: str, result: Mapping[str, Any]) -> None:
        self._runs.update_one(
            {"_id": reconciliation_id}, {"$set": dict(result)}, session=self._session
        )

    def forget_found(self, reconciliation_id: str) -> None:
        of_it = {"reconciliation_id": reconciliation_id}
        self._differences.delete_many(of_it, session=self._session)
        self._timing.delete_many(of_it, session=self._session)

    def keep_differences(
        self, reconciliation_id: str, rows: Sequence[Mapping[str, Any]], *, first_number: int
    ) -> None:
        documents = _numbered(reconciliation_id, rows, first_number)
        self._differences.insert_many(documents, session=self._session)

    def keep_timing(
        self, reconciliation_id: str, rows: Sequence[Mapping[str, Any]], *, first_number: int
    ) -> None:
        documents = _numbered(reconciliation_id, rows, first_number)
        self._timing.insert_many(documents, session=self._session)

    def differences(
        self, reconciliation_id: str, count_max: int, *, after: int
    ) -> Sequence[Mapping[str, Any]]:
        query = {"reconciliation_id": reconciliation_id, "number": {"$gt": after}}
        found = self._differences.find(query, session=self._session)
        return list(found.sort("number", ASCENDING).limit(count_max))

    def found_again(self, reconciliation_id: str, keys: Collection[str]) -> Collection[str]:
        query = {"reconciliation_id": reconciliation_id, "key": {"$in": sorted(keys)}}
        found = self._differences.find(query, {"key": 1}, session=self._session)
        return {row["key"] for row in found}

    def listed(self, count_max: int, *, before: str | None = None) -> Sequence[Mapping[str, Any]]:
        query: Document = {} if before is None else {"_id": {"$lt": before}}
        found = self._runs.find(query, session=self._session).sort("_id", DESCENDING)
        return list(found.limit(count_max))


def _numbered(
    reconciliation_id: str, rows: Sequence[Mapping[str, Any]], first_number: int
) -> list[Document]:
    return [
        {
            "_id": f"{reconciliation_id}:{number:09d}",
            "reconciliation_id": reconciliation_id,
            "number": number,
            **row,
            # So that a database can sum them up.
            "units": Int64(Money.from_wire(row["amount"]).units),
            "currency": row["amount"]["currency"],
        }
        for number, row in enumerate(rows, first_number)
    ]
