"""The exceptions queue in MongoDB. Nothing in it is ever deleted; notes are only appended.

`waiting` says that a person or a process still has to settle one: there is at most one such per
key. `size` is the amount without its sign, `figure` the same as plain digits for sorting, and
`rank` the severity as a number.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import Int64
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.ids import StaffId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.application.exception_ports import NOBODY, Note, Wanted
from payment_service.domain.exceptions import (
    RAISED_BY_AGE,
    SUSPENSE_DAYS_MAX,
    SUSPENSE_KINDS,
    WAITING,
    ExceptionState,
    Severity,
    base_severity,
    severity,
)

EXCEPTIONS = "exceptions"
EXCEPTION_NOTES = "exception_notes"
EXCEPTION_INDEXES = [
    IndexModel(
        [("key", ASCENDING)],
        name="one_waiting_a_key",
        unique=True,
        partialFilterExpression={"waiting": True},
    ),
    IndexModel([("state", ASCENDING), ("_id", ASCENDING)], name="open_oldest_first"),
    IndexModel([("waiting", ASCENDING), ("rank", DESCENDING), ("_id", ASCENDING)], name="worst"),
    IndexModel([("waiting", ASCENDING), ("base", ASCENDING), ("opened_at", ASCENDING)], name="age"),
    IndexModel([("subject", ASCENDING)], name="by_subject"),
    IndexModel([("kind", ASCENDING), ("waiting", ASCENDING)], name="by_kind"),
]
NOTE_INDEXES = [IndexModel([("exception_id", ASCENDING), ("_id", ASCENDING)], name="in_order")]
_ORDERS: dict[str, tuple[str, int, int]] = {
    # field, its direction, the direction of the id among equals
    "oldest": ("_id", ASCENDING, ASCENDING),
    "newest": ("_id", DESCENDING, DESCENDING),
    "severity": ("rank", DESCENDING, ASCENDING),
    "amount": ("figure", DESCENDING, ASCENDING),
}
_WIDEST_SCALE = max(each.scale for each in Currency)


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
        self._notes = database[EXCEPTION_NOTES]
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
            {"key": key, "waiting": True},
            {
                "$setOnInsert": {
                    "_id": self._ids.new("exception"),
                    "state": ExceptionState.OPEN.value,
                    "kind": kind,
                    "subject": subject,
                    "facts": dict(facts or {}),
                    "owner": None,
                    "opened_at": self._clock.now(),
                    **_measured(kind, amount),
                }
            },
            upsert=True,
            session=self._session,
        )

    def resolve(self, key: str, *, resolution: str) -> None:
        self._exceptions.update_many(
            {"key": key, "waiting": True},
            {
                "$set": {
                    "state": ExceptionState.RESOLVED.value,
                    "waiting": False,
                    "resolution": resolution,
                    "resolved_at": self._clock.now(),
                }
            },
            session=self._session,
        )

    def listed(
        self, count_max: int, *, after: str | None = None, kind: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        return self.found(Wanted(kind=kind), count_max, place=None if after is None else after)

    def found(
        self, wanted: Wanted, count_max: int, *, place: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        field, direction, then = _ORDERS[wanted.sort]
        query = query_of(wanted)
        if place is not None:
            query = {"$and": [query, _beyond(place, field, direction)]}
        order = [(field, direction)] if field == "_id" else [(field, direction), ("_id", then)]
        return list(
            self._exceptions.find(query, session=self._session).sort(order).limit(count_max)
        )

    def place_of(self, row: Mapping[str, Any], sort: str) -> str:
        field = _ORDERS[sort][0]
        return row["_id"] if field == "_id" else f"{int(row[field])} {row['_id']}"

    def totals(self, wanted: Wanted) -> tuple[int, Sequence[Money]]:
        query = query_of(wanted)
        count = self._exceptions.count_documents(query, session=self._session)
        rows = self._exceptions.aggregate(
            [{"$match": query}, {"$group": {"_id": "$currency", "size": {"$sum": "$size"}}}],
            session=self._session,
        )
        sizes = {row["_id"]: int(row["size"]) for row in rows if row["_id"] is not None}
        return count, [Money(sizes[code], Currency.of(code)) for code in sorted(sizes)]

    def get(self, exception_id: str) -> Mapping[str, Any] | None:
        return self._exceptions.find_one({"_id": exception_id}, session=self._session)

    def waiting_for(self, key: str) -> Mapping[str, Any] | None:
        return self._exceptions.find_one({"key": key, "waiting": True}, session=self._session)

    def change(
        self,
        exception_id: str,
        fields: Mapping[str, Any],
        *,
        was: Collection[ExceptionState],
    ) -> bool:
        changed = self._exceptions.update_one(
            {"_id": exception_id, "state": {"$in": [state.value for state in was]}},
            {"$set": _with_waiting(fields)},
            session=self._session,
        )
        return changed.matched_count == 1

    def raise_severity(self, now: datetime) -> int:
        count = 0
        for days, by in reversed(RAISED_BY_AGE):
            older = now - timedelta(days=days + 1)
            for base in Severity:
                count += self._raise(
                    {"base": int(base), "opened_at": {"$lte": older}},
                    Severity(min(base + by, Severity.CRITICAL)),
                )
        in_suspense = {
            "kind": {"$in": sorted(SUSPENSE_KINDS)},
            "opened_at": {"$lte": now - timedelta(days=SUSPENSE_DAYS_MAX + 1)},
        }
        return count + self._raise(in_suspense, Severity.CRITICAL)

    def _raise(self, query: Document, to: Severity) -> int:
        return self._exceptions.update_many(
            {"waiting": True, "rank": {"$lt": int(to)}, **query},
            {"$set": {"rank": int(to), "severity": to.word}},
            session=self._session,
        ).modified_count

    def note(self, note: Note) -> None:
        self._notes.insert_one(
            {
                "_id": self._ids.new("event"),
                "exception_id": note.exception_id,
                "at": self._clock.now(),
                "who": note.who,
                "what": note.what,
                "text": note.text,
                "evidence": list(note.evidence) if note.evidence else None,
            },
            session=self._session,
        )

    def noted(self, exception_id: str, evidence: tuple[str, str]) -> bool:
        named = {"exception_id": exception_id, "evidence": list(evidence)}
        return self._notes.find_one(named, session=self._session) is not None

    def notes(self, exception_id: str, count_max: int) -> Sequence[Mapping[str, Any]]:
        found = self._notes.find({"exception_id": exception_id}, session=self._session)
        return list(found.sort("_id", ASCENDING).limit(count_max))

    def open_amounts(self) -> Sequence[tuple[str, Money | None]]:
        found = self._exceptions.find(
            {"waiting": True}, {"kind": 1, "amount": 1}, session=self._session
        )
        return [
            (row["kind"], Money.from_wire(row["amount"]) if row["amount"] else None)
            for row in found
        ]

    def open_keys(self, prefix: str) -> Sequence[str]:
        found = self._exceptions.find({"waiting": True}, {"key": 1}, session=self._session)
        return [row["key"] for row in found if row["key"].startswith(prefix)]

    def settled(self, kind: str) -> Collection[str]:
        found = list(
            self._exceptions.find(
                {"kind": kind}, {"subject": 1, "waiting": 1}, session=self._session
            )
        )
        waiting = {row["subject"] for row in found if row["waiting"]}
        return {row["subject"] for row in found} - waiting

    def owners(self) -> Sequence[StaffId]:
        found = self._exceptions.distinct("owner", {"waiting": True}, session=self._session)
        return sorted(StaffId(owner) for owner in found if owner)


def bring_up_to_date(database: MongoDatabase) -> None:
    """Rows from before there were owners and ages say the same in today's fields."""
    rows = list(database[EXCEPTIONS].find({"waiting": {"$exists": False}}))
    for row in rows:
        amount = Money.from_wire(row["amount"]) if row["amount"] else None
        fields = {**_measured(row["kind"], amount), "owner": None, "state": row["state"]}
        database[EXCEPTIONS].update_one({"_id": row["_id"]}, {"$set": _with_waiting(fields)})


def _with_waiting(fields: Mapping[str, Any]) -> Document:
    state = fields.get("state")
    waiting = {} if state is None else {"waiting": state in {each.value for each in WAITING}}
    return {**fields, **waiting}


def _measured(kind: str, amount: Money | None) -> Document:
    base = base_severity(kind, amount)
    worst = severity(kind, base, 0)
    measured: Document = {"base": int(base), "rank": int(worst), "severity": worst.word}
    if amount is None:
        return {**measured, "amount": None, "currency": None, "size": None, "figure": Int64(-1)}
    size = abs(amount.units)
    return {
        **measured,
        "amount": amount.to_wire(),
        "currency": amount.currency.code,
        "size": Int64(size),
        "figure": _figure(size, amount.currency),
    }


def _figure(size: int, currency: Currency) -> Int64:
    """What is printed, as a number: 12 dollars and 12 yen are alike, nothing is converted."""
    return Int64(min(size * 10 ** (_WIDEST_SCALE - currency.scale), 2**63 - 1))


def query_of(wanted: Wanted) -> Document:
    query: Document = {"state": {"$in": [state.value for state in wanted.states]}}
    if wanted.kind is not None:
        query["kind"] = wanted.kind
    if wanted.owner is not None:
        query["owner"] = None if wanted.owner == NOBODY else wanted.owner
    if wanted.severity is not None:
        query["rank"] = int(wanted.severity)
    opened: Document = {}
    if wanted.opened_after is not None:
        opened["$gt"] = wanted.opened_after
    if wanted.opened_until is not None:
        opened["$lte"] = wanted.opened_until
    return {**query, "opened_at": opened} if opened else query


def _beyond(place: str, field: str, direction: int) -> Document:
    """What stands after a place of the list."""
    further = "$gt" if direction == ASCENDING else "$lt"
    if field == "_id":
        return {"_id": {further: place}}
    value, _, exception_id = place.partition(" ")
    at = Int64(value)
    return {"$or": [{field: {further: at}}, {field: at, "_id": {"$gt": exception_id}}]}
