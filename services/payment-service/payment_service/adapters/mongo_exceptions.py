"""The exceptions queue and the audit log in MongoDB."""

from collections.abc import Mapping, Sequence
from typing import Any

from crowdloom.chassis.context import current_cause
from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel import Clock, IdFactory, Money
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

EXCEPTIONS = "exceptions"
AUDIT_LOG = "audit_log"
EXCEPTION_INDEXES = [
    IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="open_oldest_first"),
    IndexModel([("key", ASCENDING), ("state", ASCENDING)], name="by_key"),
]
AUDIT_INDEXES = [
    IndexModel([("at", DESCENDING)], name="newest_first"),
    IndexModel([("who", ASCENDING), ("_id", DESCENDING)], name="by_person"),
    IndexModel([("what", ASCENDING), ("_id", DESCENDING)], name="by_act"),
]
CRITICAL = {"duplicate", "unknown_outcome", "fingerprint_conflict", "unexplained_balance_drift"}


class MongoExceptions:
    def __init__(
        self,
        database: MongoDatabase,
        session: ClientSession | None,
        *,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._exceptions = database[EXCEPTIONS]
        self._session = session
        self._clock = clock
        self._ids = ids

    def open(
        self,
        *,
        key: str,
        kind: str,
        subject: str,
        amount: Money | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self._exceptions.update_one(
            {"key": key, "state": "open"},
            {
                "$setOnInsert": {
                    "_id": self._ids.new("exception"),
                    "kind": kind,
                    "subject": subject,
                    "amount": amount.to_wire() if amount is not None else None,
                    "facts": dict(facts or {}),
                    "severity": "critical" if kind in CRITICAL else "normal",
                    "opened_at": self._clock.now(),
                }
            },
            upsert=True,
            session=self._session,
        )

    def resolve(self, key: str, *, resolution: str) -> None:
        self._exceptions.update_many(
            {"key": key, "state": "open"},
            {
                "$set": {
                    "state": "resolved",
                    "resolution": resolution,
                    "resolved_at": self._clock.now(),
                }
            },
            session=self._session,
        )

    def listed(
        self, count_max: int, *, after: str | None = None, kind: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        query: dict[str, Any] = {"state": "open"}
        if after is not None:
            query["_id"] = {"$gt": after}
        if kind is not None:
            query["kind"] = kind
        found = self._exceptions.find(query, session=self._session).sort("_id", ASCENDING)
        return list(found.limit(count_max))

    def get(self, exception_id: str) -> Mapping[str, Any] | None:
        return self._exceptions.find_one({"_id": exception_id}, session=self._session)

    def open_amounts(self) -> Sequence[tuple[str, Money | None]]:
        found = self._exceptions.find(
            {"state": "open"}, {"kind": 1, "amount": 1}, session=self._session
        )
        return [
            (row["kind"], Money.from_wire(row["amount"]) if row["amount"] else None)
            for row in found
        ]

    def open_keys(self, prefix: str) -> Sequence[str]:
        found = self._exceptions.find({"state": "open"}, {"key": 1}, session=self._session)
        return [row["key"] for row in found if row["key"].startswith(prefix)]


class MongoAudit:
    """Insert-only. Hash-chaining is done off the hot path."""

    def __init__(
        self,
        database: MongoDatabase,
        session: ClientSession | None,
        *,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._log = database[AUDIT_LOG]
        self._session = session
        self._clock = clock
        self._ids = ids

    def note(self, *, who: str, what: str, subject: str, **facts: Any) -> None:
        note_id = self._ids.new("entry")
        self._log.insert_one(
            {
                "_id": note_id,
                "who": who,
                "what": what,
                "subject": subject,
                "facts": facts,
                "request_id": current_cause(note_id).correlation_id,
                "at": self._clock.now(),
            },
            session=self._session,
        )

    def listed(
        self,
        count_max: int,
        *,
        before: str | None = None,
        who: str | None = None,
        what: str | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        query: dict[str, Any] = {}
        if before is not None:
            query["_id"] = {"$lt": before}
        if who is not None:
            query["who"] = who
        if what is not None:
            query["what"] = what
        found = self._log.find(query, session=self._session).sort("_id", DESCENDING)
        return list(found.limit(count_max))

    def acts(self) -> Sequence[str]:
        return sorted(self._log.distinct("what", session=self._session))
