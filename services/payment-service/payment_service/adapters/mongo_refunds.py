"""Refunds and their parts in MongoDB. A part changes only from a state it is known in."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_people import TOP_UPS
from payment_service.adapters.mongo_processor import STRIPE_LINES
from payment_service.domain.refunds import (
    OPEN_PARTS,
    Charge,
    PartState,
    Refund,
    RefundPart,
    RefundStatus,
)

REFUNDS = "refunds"
REFUND_PARTS = "refund_parts"
REFUND_INDEXES = [
    IndexModel([("requester_id", ASCENDING), ("asked_at", DESCENDING)], name="of_requester"),
    IndexModel([("asked_at", DESCENDING), ("_id", DESCENDING)], name="newest_first"),
    IndexModel([("status", ASCENDING), ("asked_at", DESCENDING)], name="by_status"),
]
REFUND_PART_INDEXES = [
    IndexModel([("refund_id", ASCENDING), ("number", ASCENDING)], name="once", unique=True),
    IndexModel([("top_up_id", ASCENDING)], name="of_top_up"),
    IndexModel([("due", ASCENDING), ("next_try_at", ASCENDING)], name="due", sparse=True),
    IndexModel([("state", ASCENDING)], name="by_state"),
]
_DUE = {PartState.APPROVED, PartState.SENDING, PartState.UNKNOWN}
_TOP_UPS_MAX = 5_000


class MongoRefunds:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._refunds = database[REFUNDS]
        self._parts = database[REFUND_PARTS]
        self._top_ups = database[TOP_UPS]
        self._lines = database[STRIPE_LINES]
        self._session = session

    def add(self, refund: Refund, parts: Sequence[RefundPart]) -> None:
        self._refunds.insert_one(_document(refund), session=self._session)
        self._parts.insert_many([_part_document(part) for part in parts], session=self._session)

    def get(self, refund_id: str) -> Refund | None:
        found = self._refunds.find_one({"_id": refund_id}, session=self._session)
        return None if found is None else stored_refund(found)

    def replace(self, refund: Refund) -> None:
        self._refunds.replace_one(
            {"_id": refund.refund_id}, _document(refund), session=self._session
        )

    def parts(self, refund_id: str) -> Sequence[RefundPart]:
        found = self._parts.find({"refund_id": refund_id}, session=self._session)
        return [_part(row) for row in found.sort("number", ASCENDING)]

    def part(self, part_id: str) -> RefundPart | None:
        found = self._parts.find_one({"_id": part_id}, session=self._session)
        return None if found is None else _part(found)

    def decide_parts(self, refund_id: str, state: PartState, at: datetime) -> None:
        fields: Document = {"state": state.value, "changed_at": at}
        if state in _DUE:
            fields |= {"due": True, "next_try_at": at}
        self._parts.update_many(
            {"refund_id": refund_id, "state": PartState.PLANNED.value},
            {"$set": fields},
            session=self._session,
        )

    def change_part(
        self, part: RefundPart, *, was: Collection[PartState], tries: int | None = None
    ) -> bool:
        query: Document = {"_id": part.part_id, "state": {"$in": [state.value for state in was]}}
        if tries is not None:
            query["tries"] = tries
        changed = self._parts.replace_one(query, _part_document(part), session=self._session)
        return changed.matched_count == 1

    def due_parts(
        self, now: datetime, count_max: int, *, states: Collection[PartState] | None = None
    ) -> Sequence[RefundPart]:
        query: Document = {"due": True, "next_try_at": {"$lte": now}}
        if states is not None:
            query["state"] = {"$in": [state.value for state in states]}
        found = self._parts.find(query, session=self._session).sort("next_try_at", ASCENDING)
        return [_part(row) for row in found.limit(count_max)]

    def any_open(self) -> bool:
        query = {"state": {"$in": [state.value for state in OPEN_PARTS]}}
        return self._parts.find_one(query, {"_id": 1}, session=self._session) is not None

    def listed(
        self, count_max: int, *, before: str | None = None, status: RefundStatus | None = None
    ) -> Sequence[Refund]:
        query: Document = {} if status is None else {"status": status.value}
        last = self.get(before) if before else None
        if last is not None:
            older = {"asked_at": {"$lt": last.asked_at}}
            same = {"asked_at": last.asked_at, "_id": {"$lt": last.refund_id}}
            query["$or"] = [older, same]
        found = self._refunds.find(query, session=self._session)
        newest = found.sort([("asked_at", DESCENDING), ("_id", DESCENDING)])
        return [stored_refund(row) for row in newest.limit(count_max)]

    def count(self, status: RefundStatus) -> int:
        return self._refunds.count_documents({"status": status.value}, session=self._session)

    def charges(self, requester_id: RequesterId) -> Sequence[Charge]:
        paid = self._top_ups.find(
            {"requester_id": requester_id, "status": "paid"}, session=self._session
        )
        top_ups = list(paid.sort("created_at", ASCENDING).limit(_TOP_UPS_MAX))
        ids = [row["_id"] for row in top_ups]
        if not ids:
            return []
        lines = self._lines.find({"metadata.top_up": {"$in": ids}}, session=self._session)
        charge_of = {row["metadata"]["top_up"]: row["source_id"] for row in lines}
        used = self._used(ids)
        charges = []
        for row in top_ups:
            booked = Money.from_wire(row["booked"]) if row["booked"] else None
            if booked is None or row["_id"] not in charge_of:
                continue
            left = Money(booked.units - used.get(row["_id"], 0), booked.currency)
            if left.units > 0:
                charges.append(Charge(charge_of[row["_id"]], row["_id"], left))
        return charges

    def _used(self, top_up_ids: Sequence[str]) -> dict[str, int]:
        """Units of each top-up in parts that were not refused."""
        found = self._parts.find(
            {"top_up_id": {"$in": list(top_up_ids)}, "state": {"$ne": PartState.FAILED.value}},
            session=self._session,
        )
        used: dict[str, int] = {}
        for part in map(_part, found):
            used[part.top_up_id] = used.get(part.top_up_id, 0) + part.amount.units
        return used


def _document(refund: Refund) -> Document:
    fields = {name: value for name, value in vars(refund).items() if name != "refund_id"}
    money = {name: getattr(refund, name).to_wire() for name in ("amount", "sent", "returned")}
    return {**fields, **money, "_id": refund.refund_id, "status": refund.status.value}


def stored_refund(row: dict[str, Any]) -> Refund:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields |= {name: Money.from_wire(row[name]) for name in ("amount", "sent", "returned")}
    fields["status"] = RefundStatus(row["status"])
    return Refund(refund_id=row["_id"], **fields)


def _part_document(part: RefundPart) -> Document:
    fields = {name: value for name, value in vars(part).items() if name != "part_id"}
    fields |= {"_id": part.part_id, "state": part.state.value, "amount": part.amount.to_wire()}
    if part.state in _DUE:
        fields |= {"due": True, "next_try_at": part.next_try_at or part.changed_at}
    return fields


def _part(row: dict[str, Any]) -> RefundPart:
    fields = {name: value for name, value in row.items() if name not in {"_id", "due"}}
    fields["amount"] = Money.from_wire(row["amount"])
    fields["state"] = PartState(row["state"])
    return RefundPart(part_id=row["_id"], **fields)
