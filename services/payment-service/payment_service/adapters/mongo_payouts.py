"""Payout runs and their items in MongoDB. An item changes only from a state it is known in."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, StaffId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_rows import wire_sum
from payment_service.domain.payouts import (
    OPEN_STATES,
    ItemState,
    PayoutItem,
    PayoutRun,
    PayoutSwitch,
    Rail,
    RunApproval,
    RunStatus,
)

PAYOUT_RUNS = "payout_runs"
PAYOUT_ITEMS = "payout_items"
SWITCHES = "switches"
PAYOUT_RUN_INDEXES = [
    IndexModel([("number", DESCENDING)], name="newest_first", unique=True),
    IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="by_status"),
    IndexModel([("request_key", ASCENDING)], name="request_once", unique=True),
]
PAYOUT_ITEM_INDEXES = [
    IndexModel([("run_id", ASCENDING), ("worker_id", ASCENDING)], name="once", unique=True),
    IndexModel([("due", ASCENDING), ("next_try_at", ASCENDING)], name="due", sparse=True),
    IndexModel([("worker_id", ASCENDING), ("_id", DESCENDING)], name="of_worker"),
    IndexModel([("state", ASCENDING)], name="by_state"),
]
_DUE_STATES = {ItemState.APPROVED, ItemState.RESERVED, ItemState.SENDING, ItemState.UNKNOWN}
_ITEMS_MAX = 2_000


class MongoPayoutRuns:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._runs = database[PAYOUT_RUNS]
        self._items = database[PAYOUT_ITEMS]
        self._switches = database[SWITCHES]
        self._session = session

    def next_number(self) -> int:
        last = self._runs.find_one(sort=[("number", DESCENDING)], session=self._session)
        return 1 if last is None else int(last["number"]) + 1

    def add(self, run: PayoutRun, items: Sequence[PayoutItem]) -> None:
        self._runs.insert_one(_run_document(run), session=self._session)
        self._items.insert_many([_item_document(item) for item in items], session=self._session)

    def get(self, run_id: PayoutRunId) -> PayoutRun | None:
        return self._one({"_id": run_id})

    def by_request_key(self, key: str) -> PayoutRun | None:
        return self._one({"request_key": key})

    def replace(self, run: PayoutRun) -> None:
        self._runs.replace_one({"_id": run.run_id}, _run_document(run), session=self._session)

    def set_status(self, run_id: PayoutRunId, status: RunStatus, at: datetime) -> None:
        ended = None if status is RunStatus.EXECUTING else at
        self._runs.update_one(
            {"_id": run_id},
            {"$set": {"status": status.value, "ended_at": ended}},
            session=self._session,
        )

    def listed(
        self, count_max: int, *, before: str | None = None, status: RunStatus | None = None
    ) -> Sequence[PayoutRun]:
        query: Document = {}
        if before is not None:
            query["_id"] = {"$lt": before}
        if status is not None:
            query["status"] = status.value
        found = self._runs.find(query, session=self._session).sort("_id", DESCENDING)
        return [payout_run(row) for row in found.limit(count_max)]

    def items(self, run_id: PayoutRunId) -> Sequence[PayoutItem]:
        found = self._items.find({"run_id": run_id}, session=self._session)
        return [payout_item(row) for row in found.sort("_id", ASCENDING).limit(_ITEMS_MAX)]

    def item(self, item_id: PayoutItemId) -> PayoutItem | None:
        found = self._items.find_one({"_id": item_id}, session=self._session)
        return None if found is None else payout_item(found)

    def remove_item(self, item_id: PayoutItemId) -> None:
        self._items.delete_one(
            {"_id": item_id, "state": ItemState.PLANNED.value}, session=self._session
        )

    def set_states(
        self, run_id: PayoutRunId, *, state: ItemState, was: ItemState, at: datetime
    ) -> None:
        fields: Document = {"state": state.value, "changed_at": at, "next_try_at": at}
        change: Document = {"$set": fields}
        if state in _DUE_STATES:
            fields["due"] = True
        else:
            change["$unset"] = {"due": ""}
        self._items.update_many(
            {"run_id": run_id, "state": was.value}, change, session=self._session
        )

    def change_item(
        self, item: PayoutItem, *, was: Collection[ItemState], tries: int | None = None
    ) -> bool:
        query: Document = {"_id": item.item_id, "state": {"$in": [state.value for state in was]}}
        if tries is not None:
            query["tries"] = tries
        changed = self._items.replace_one(query, _item_document(item), session=self._session)
        return changed.matched_count == 1

    def due_items(
        self, now: datetime, count_max: int, *, states: Collection[ItemState] | None = None
    ) -> Sequence[PayoutItem]:
        query: Document = {"due": True, "next_try_at": {"$lte": now}}
        if states is not None:
            query["state"] = {"$in": [state.value for state in states]}
        found = self._items.find(query, session=self._session).sort("next_try_at", ASCENDING)
        return [payout_item(row) for row in found.limit(count_max)]

    def open_count(self, run_id: PayoutRunId) -> Mapping[ItemState, int]:
        found = self._items.find({"run_id": run_id}, {"state": 1}, session=self._session)
        return Counter(ItemState(row["state"]) for row in found)

    def items_of_worker(self, worker_id: WorkerId, count_max: int) -> Sequence[PayoutItem]:
        found = self._items.find({"worker_id": worker_id}, session=self._session)
        return [payout_item(row) for row in found.sort("_id", DESCENDING).limit(count_max)]

    def sums_of_worker(self, worker_id: WorkerId) -> Sequence[tuple[ItemState, Money]]:
        by = {"state": "$state", "currency": "$amount.currency", "scale": "$amount.scale"}
        rows = self._items.aggregate(
            [
                {"$match": {"worker_id": worker_id}},
                {"$group": {"_id": by, "minor": {"$sum": "$amount.amount_minor"}}},
            ],
            session=self._session,
        )
        return [
            (ItemState(row["_id"]["state"]), wire_sum(row, row["_id"]["currency"])) for row in rows
        ]

    def kept_of_worker(self, worker_id: WorkerId, currency: Currency) -> tuple[Money, Money]:
        rows = self._items.aggregate(
            [
                {
                    "$match": {
                        "worker_id": worker_id,
                        "state": {"$in": [ItemState.PAID.value, ItemState.RETURNED.value]},
                        "amount.currency": currency.code,
                    }
                },
                {
                    "$group": {
                        "_id": "$state",
                        "fee": {"$sum": "$fee_units"},
                        "withheld": {"$sum": "$withheld_units"},
                    }
                },
            ],
            session=self._session,
        )
        found = {row["_id"]: row for row in rows}
        paid = found.get(ItemState.PAID.value, {}).get("withheld", 0)
        fees = sum(int(row["fee"]) for row in found.values())
        return Money(fees, currency), Money(int(paid), currency)

    def items_of_requests(
        self, worker_id: WorkerId, request_ids: Collection[str]
    ) -> Sequence[PayoutItem]:
        query = {"worker_id": worker_id, "request_id": {"$in": sorted(request_ids)}}
        found = self._items.find(query, session=self._session)
        return [payout_item(row) for row in found.sort("_id", DESCENDING)]

    def files_in_transit(self) -> Mapping[str, Sequence[PayoutItem]]:
        query = {"state": ItemState.SENT.value, "rail": Rail.BANK_FILE.value}
        found = self._items.find(query, session=self._session).sort("_id", ASCENDING)
        files: dict[str, list[PayoutItem]] = {}
        for row in found:
            files.setdefault(str(row["transfer_id"]), []).append(payout_item(row))
        return files

    def of_file(self, name: str) -> Sequence[PayoutItem]:
        query = {"transfer_id": name, "rail": Rail.BANK_FILE.value}
        found = self._items.find(query, session=self._session).sort("_id", ASCENDING)
        return [payout_item(row) for row in found]

    def failed_items(self, count_max: int) -> Sequence[PayoutItem]:
        found = self._items.find({"state": ItemState.FAILED.value}, session=self._session)
        return [payout_item(row) for row in found.limit(count_max)]

    def open_items(self, rail: Rail) -> Sequence[PayoutItem]:
        states = [state.value for state in OPEN_STATES]
        query = {"state": {"$in": states}, "rail": rail.value}
        found = self._items.find(query, session=self._session)
        return [payout_item(row) for row in found.limit(_ITEMS_MAX)]

    def paid_workers(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        if not worker_ids:
            return set()
        found = self._items.find(
            {"worker_id": {"$in": sorted(worker_ids)}, "state": ItemState.PAID.value},
            {"worker_id": 1},
            session=self._session,
        )
        return {row["worker_id"] for row in found}

    def last_paid(self, worker_ids: Collection[WorkerId]) -> Mapping[WorkerId, PayoutItem]:
        found = self._items.find(
            {"worker_id": {"$in": sorted(worker_ids)}, "state": ItemState.PAID.value},
            session=self._session,
        ).sort("_id", ASCENDING)
        return {row["worker_id"]: payout_item(row) for row in found}

    def switch(self) -> PayoutSwitch:
        found = self._switches.find_one({"_id": "payouts"}, session=self._session)
        if found is None:
            return PayoutSwitch()
        return PayoutSwitch(**{name: value for name, value in found.items() if name != "_id"})

    def set_switch(self, switch: PayoutSwitch) -> None:
        self._switches.replace_one(
            {"_id": "payouts"}, dict(vars(switch)), upsert=True, session=self._session
        )

    def _one(self, query: Document) -> PayoutRun | None:
        found = self._runs.find_one(query, session=self._session)
        return None if found is None else payout_run(found)


def _run_document(run: PayoutRun) -> Document:
    fields = {name: value for name, value in vars(run).items() if name != "run_id"}
    return {
        **fields,
        "_id": run.run_id,
        "currency": run.currency.code,
        "status": run.status.value,
        "rail": run.rail.value,
        "approvals": [dict(vars(given)) for given in run.approvals],
    }


def payout_run(row: dict[str, Any]) -> PayoutRun:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["currency"] = Currency.of(row["currency"])
    fields["status"] = RunStatus(row["status"])
    fields["rail"] = Rail(row.get("rail", Rail.STRIPE))
    fields["approvals"] = tuple(_approval(given, row) for given in row.get("approvals", ()))
    return PayoutRun(run_id=row["_id"], **fields)


def _approval(given: Any, row: dict[str, Any]) -> RunApproval:
    """Of earlier runs the name alone was kept."""
    if isinstance(given, str):
        return RunApproval(StaffId(given), row["content_hash"] or "", row["frozen_at"])
    return RunApproval(**given)


def _item_document(item: PayoutItem) -> Document:
    fields = {name: value for name, value in vars(item).items() if name != "item_id"}
    fields |= {"_id": item.item_id, "state": item.state.value, "amount": item.amount.to_wire()}
    fields["rail"] = item.rail.value
    if item.state in _DUE_STATES:
        fields |= {"due": True, "next_try_at": item.next_try_at or item.changed_at}
    return fields


def payout_item(row: dict[str, Any]) -> PayoutItem:
    fields = {name: value for name, value in row.items() if name not in {"_id", "due"}}
    fields["amount"] = Money.from_wire(row["amount"])
    fields["state"] = ItemState(row["state"])
    fields["rail"] = Rail(row.get("rail", Rail.STRIPE))
    return PayoutItem(item_id=row["_id"], **fields)
