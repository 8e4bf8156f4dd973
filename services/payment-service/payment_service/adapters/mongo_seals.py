"""The chain of seals in MongoDB, in a collection of its own: the journal stays insert-only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from crowdloom.chassis.store import Document, MongoDatabase
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import BulkWriteError

from payment_service.adapters.mongo_ledger import JOURNAL
from payment_service.domain.seals import Seal

ItemT = TypeVar("ItemT")

JOURNAL_SEAL = "journal_seal"
SEAL_INDEXES = [IndexModel([("entry_id", ASCENDING)], name="entry_once", unique=True)]
_READ_TOGETHER = 500
_DUPLICATE = 11000
# An entry may have been committed a little after one with a later id.
OVERLAP = timedelta(seconds=5)


class MongoSealedJournal:
    def __init__(self, database: MongoDatabase) -> None:
        self._journal = database[JOURNAL]
        self._seals = database[JOURNAL_SEAL]

    def last_seal(self) -> Seal | None:
        found = self._seals.find_one(sort=[("_id", DESCENDING)])
        return None if found is None else _seal(found)

    def unsealed(self, until: datetime, count_max: int) -> Sequence[Mapping[str, Any]]:
        query: Document = {"booked_at": {"$lt": until}}
        last = self._seals.find_one(sort=[("_id", DESCENDING)])
        if last is not None:
            query["booked_at"]["$gte"] = last["booked_at"] - OVERLAP
        found: list[Mapping[str, Any]] = []
        cursor = self._journal.find(query).sort([("booked_at", ASCENDING), ("_id", ASCENDING)])
        for rows in chunks(cursor, _READ_TOGETHER):
            sealed = self._sealed([row["_id"] for row in rows])
            found += [row for row in rows if row["_id"] not in sealed]
            if len(found) >= count_max:
                break
        return found[:count_max]

    def _sealed(self, entry_ids: list[str]) -> set[str]:
        rows = self._seals.find({"entry_id": {"$in": entry_ids}}, {"entry_id": 1})
        return {row["entry_id"] for row in rows}

    def keep(self, seals: Sequence[Seal], at: datetime) -> None:
        booked = {
            row["_id"]: row["booked_at"]
            for row in self._journal.find(
                {"_id": {"$in": [seal.entry_id for seal in seals]}}, {"booked_at": 1}
            )
        }
        rows = [
            {
                "_id": seal.number,
                "entry_id": seal.entry_id,
                "previous": seal.previous,
                "hash": seal.hash,
                "booked_at": booked[seal.entry_id],
                "sealed_at": at,
            }
            for seal in seals
        ]
        try:
            with self._seals.database.client.start_session() as session:
                session.with_transaction(lambda s: self._seals.insert_many(rows, session=s))
        except BulkWriteError as error:
            # Another sealer was first with this number: its chain goes on, ours begins anew.
            if any(fault["code"] != _DUPLICATE for fault in error.details["writeErrors"]):
                raise

    def sealed_entries(self, after: int = 0) -> Iterator[tuple[Seal, Mapping[str, Any] | None]]:
        cursor = self._seals.find({"_id": {"$gt": after}}).sort("_id", ASCENDING)
        for rows in chunks(cursor, _READ_TOGETHER):
            wanted = [row["entry_id"] for row in rows]
            entries = {row["_id"]: row for row in self._journal.find({"_id": {"$in": wanted}})}
            for row in rows:
                yield _seal(row), entries.get(row["entry_id"])

    def count_booked(self, until: datetime) -> int:
        return self._journal.count_documents({"booked_at": {"$lt": until}})


def chunks(rows: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """As many at a time."""
    chunk: list[ItemT] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _seal(row: Document) -> Seal:
    return Seal(row["_id"], row["entry_id"], row["previous"], row["hash"])
