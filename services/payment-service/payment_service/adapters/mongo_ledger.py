"""The journal and the guarded accounts in MongoDB.

One document is one balanced entry, inserted and never changed. The database itself refuses an
entry that does not balance, and a second one with the same key.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import Int64
from crowdloom.chassis.context import current_cause
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_exceptions import MongoExceptions
from payment_service.domain.chart import kind_of, owner_of
from payment_service.domain.entries import Entry, InsufficientFunds, Line, net_changes
from payment_service.domain.periods import PeriodState, month_of, period_for

JOURNAL = "journal"
ACCOUNTS = "accounts"
PERIODS = "periods"
JOURNAL_INDEXES = [
    IndexModel([("key", ASCENDING)], name="key_once", unique=True),
    IndexModel([("lines.a", ASCENDING), ("_id", DESCENDING)], name="statement"),
    IndexModel([("code", ASCENDING), ("_id", DESCENDING)], name="by_code"),
    IndexModel([("refs.stripe_txn", ASCENDING)], name="by_processor_line", sparse=True),
    IndexModel([("refs.batch", ASCENDING)], name="by_batch", sparse=True),
    IndexModel([("refs.item", ASCENDING)], name="by_item", sparse=True),
    IndexModel([("refs.bank_line", ASCENDING)], name="by_bank_line", sparse=True),
    IndexModel([("booked_at", ASCENDING)], name="by_booking"),
    IndexModel([("effective_on", ASCENDING), ("_id", ASCENDING)], name="by_day"),
    IndexModel([("period", ASCENDING), ("_id", ASCENDING)], name="by_period"),
]
ACCOUNT_INDEXES = [
    IndexModel([("owner", ASCENDING), ("kind", ASCENDING)], name="of_owner"),
]
_VERSION = 1


def _sum_of(side: str) -> Document:
    # Not {"$sum": "$lines.dr"}: the embedded engine evaluates that to 0 and would accept anything.
    added = {"$add": ["$$value", f"$$this.{side}"]}
    return {"$reduce": {"input": "$lines", "initialValue": 0, "in": added}}


_LINE = {
    "bsonType": "object",
    "required": ["a", "dr", "cr"],
    "properties": {
        "a": {"bsonType": "string"},
        "dr": {"bsonType": "long", "minimum": 0},
        "cr": {"bsonType": "long", "minimum": 0},
    },
}
JOURNAL_VALIDATOR: Document = {
    "$and": [
        {
            "$jsonSchema": {
                "bsonType": "object",
                "required": ["_id", "key", "code", "currency", "lines", "total", "fingerprint"],
                "properties": {
                    "key": {"bsonType": "string"},
                    "code": {"bsonType": "string"},
                    "currency": {"bsonType": "string"},
                    "total": {"bsonType": "long", "minimum": 1},
                    "lines": {"bsonType": "array", "minItems": 2, "items": _LINE},
                },
            }
        },
        {"$expr": {"$eq": [_sum_of("dr"), _sum_of("cr")]}},
        {"$expr": {"$eq": [_sum_of("dr"), "$total"]}},
    ]
}
ACCOUNT_VALIDATOR: Document = {
    "$jsonSchema": {
        "bsonType": "object",
        "required": ["_id", "posted", "status"],
        "properties": {
            "posted": {"bsonType": "long", "minimum": 0},
            "status": {"enum": ["open", "frozen", "closed"]},
        },
    }
}
VALIDATORS = {JOURNAL: JOURNAL_VALIDATOR, ACCOUNTS: ACCOUNT_VALIDATOR}


class MongoLedger:
    """Posts many entries with one insert and one change per guarded account, in order."""

    def __init__(
        self,
        database: MongoDatabase,
        session: ClientSession | None,
        *,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._journal = database[JOURNAL]
        self._accounts = database[ACCOUNTS]
        self._periods = database[PERIODS]
        self._exceptions = MongoExceptions(database, session, clock=clock, ids=ids)
        self._session = session
        self._clock = clock
        self._ids = ids

    def post(self, *entries: Entry) -> Sequence[Entry]:
        fresh = self._fresh(entries)
        if fresh:
            now = self._clock.now()
            periods = self._periods_of(fresh, now)
            documents = [self._document(entry, now, periods[entry.key]) for entry in fresh]
            self._journal.insert_many(documents, session=self._session)
            self._change_accounts(net_changes(fresh))
        return fresh

    def balances(self, paths: Collection[str]) -> Mapping[str, int]:
        found = self._accounts.find({"_id": {"$in": sorted(paths)}}, session=self._session)
        known = {row["_id"]: int(row["posted"]) for row in found} if paths else {}
        return {path: known.get(path, 0) for path in paths}

    def standing(self, path: str) -> int:
        found = self._journal.find({"lines.a": path}, {"lines": 1}, session=self._session)
        lines = [line for row in found for line in row["lines"] if line["a"] == path]
        return sum(int(line["dr"]) - int(line["cr"]) for line in lines)

    def has(self, key: str) -> bool:
        return self._journal.find_one({"key": key}, {"_id": 1}, session=self._session) is not None

    def is_used(self, path: str) -> bool:
        found = self._journal.find_one({"lines.a": path}, {"_id": 1}, session=self._session)
        return found is not None

    def entry(self, entry_id: str) -> tuple[str, Entry] | None:
        return self._one({"_id": entry_id})

    def by_key(self, key: str) -> tuple[str, Entry] | None:
        return self._one({"key": key})

    def _one(self, query: Document) -> tuple[str, Entry] | None:
        row = self._journal.find_one(query, session=self._session)
        if row is None:
            return None
        lines = tuple(Line(line["a"], int(line["dr"]), int(line["cr"])) for line in row["lines"])
        currency = Currency.of(row["currency"])
        return row["_id"], Entry(row["key"], row["code"], currency, lines, refs=row["refs"])

    def reserved_by_owner(self, owner: str) -> int:
        """Units on all escrow accounts of a requester."""
        found = self._accounts.find(
            {"owner": owner, "kind": "escrow", "posted": {"$gt": 0}}, session=self._session
        )
        return sum(int(row["posted"]) for row in found)

    def _fresh(self, entries: Sequence[Entry]) -> list[Entry]:
        """Leave out what was posted; a key that meant something else then is for a person."""
        unique: dict[str, Entry] = {}
        for entry in entries:
            first = unique.setdefault(entry.key, entry)
            if first.fingerprint != entry.fingerprint:
                self._conflict(entry, "posted together")
        found = self._journal.find(
            {"key": {"$in": sorted(unique)}}, {"key": 1, "fingerprint": 1}, session=self._session
        )
        for row in found:
            entry = unique.pop(row["key"])
            if row["fingerprint"] != entry.fingerprint:
                self._conflict(entry, row["_id"])
        return list(unique.values())

    def _conflict(self, entry: Entry, posted_entry: str) -> None:
        self._exceptions.open(
            key=f"fingerprint:{entry.key}:{entry.fingerprint[:12]}",
            kind="fingerprint_conflict",
            subject=entry.key,
            amount=Money(entry.total, entry.currency),
            facts={"posted_entry": posted_entry},
        )

    def _periods_of(self, entries: Sequence[Entry], now: datetime) -> Mapping[str, str]:
        """Entry -> the period it is booked into: its own month, or a later one where that is
        closed. The current month is never closed, so that most postings have nothing to look up.
        """
        current = month_of(now)
        months = {entry.key: month_of(entry.occurred_at or now) for entry in entries}
        late = {key: month for key, month in months.items() if month < current}
        if not late:
            return dict.fromkeys(months, current)
        found = self._periods.find({}, {"state": 1}, session=self._session)
        states = {row["_id"]: PeriodState(row["state"]) for row in found}
        codes = {entry.key: entry.code for entry in entries}
        placed = {
            key: period_for(month, codes[key], current=current, states=states)
            for key, month in late.items()
        }
        for month in sorted(set(placed.values())):
            if states.get(month) is PeriodState.SOFT_CLOSED:
                self._disturb(month)
        return {key: placed.get(key, current) for key in months}

    def _disturb(self, month: str) -> None:
        """A close that was proposed of it is not what is there any more."""
        self._periods.update_one(
            {"_id": month, "state": PeriodState.SOFT_CLOSED.value},
            {"$inc": {"version": 1}},
            session=self._session,
        )

    def _document(self, entry: Entry, now: datetime, period: str) -> Document:
        entry_id = self._ids.new("entry")
        cause = current_cause(entry_id)
        return {
            "_id": entry_id,
            "key": entry.key,
            "code": entry.code,
            "currency": entry.currency.code,
            "lines": [
                {"a": line.account, "dr": Int64(line.debit), "cr": Int64(line.credit)}
                for line in entry.lines
            ],
            "total": Int64(entry.total),
            "effective_on": (entry.occurred_at or now).date().isoformat(),
            "booked_at": now,
            "period": period,
            "cause": {
                "correlation_id": cause.correlation_id,
                "causation_id": cause.causation_id,
                "actor": entry.actor,
            },
            "refs": dict(entry.refs),
            "fingerprint": entry.fingerprint,
            "reverses": entry.refs.get("corrects"),
            "v": _VERSION,
        }

    def _change_accounts(self, changes: Mapping[str, int]) -> None:
        grown = [_growth(path, units) for path, units in changes.items() if units > 0]
        if grown:
            self._accounts.bulk_write(grown, ordered=True, session=self._session)
        for path, units in changes.items():
            if units < 0:
                self._shrink(path, units)

    def _shrink(self, path: str, units: int) -> None:
        changed = self._accounts.update_one(
            {"_id": path, "status": "open", "posted": {"$gte": Int64(-units)}},
            {"$inc": {"posted": Int64(units), "version": 1}},
            session=self._session,
        )
        if changed.modified_count != 1:
            raise InsufficientFunds(f"{path} does not hold {-units} units", account=path)


def _growth(path: str, units: int) -> UpdateOne:
    born: dict[str, Any] = {"status": "open", "owner": owner_of(path), "kind": kind_of(path)}
    return UpdateOne(
        {"_id": path},
        {"$inc": {"posted": Int64(units), "version": 1}, "$setOnInsert": born},
        upsert=True,
    )
