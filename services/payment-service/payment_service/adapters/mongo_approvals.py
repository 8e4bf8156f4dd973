"""Proposals under maker and checker, and holds, in MongoDB."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import PayoutItemId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from payment_service.domain.approvals import Approval, ApprovalStatus
from payment_service.domain.holds import Hold

APPROVALS = "approvals"
HOLDS = "holds"
APPROVAL_INDEXES = [
    IndexModel([("request_key", ASCENDING)], name="request_once", unique=True),
    IndexModel([("status", ASCENDING), ("_id", DESCENDING)], name="by_status"),
]
HOLD_INDEXES = [
    # One open hold by hand a worker, one a payout that came back: the database refuses a second.
    IndexModel(
        [("worker_id", ASCENDING), ("item_id", ASCENDING)],
        name="one_open_of_each",
        unique=True,
        partialFilterExpression={"released_at": None},
    ),
]
_BEFORE = "one_open"


def bring_up_to_date(database: MongoDatabase) -> None:
    """Earlier versions had one open hold a worker."""
    with suppress(OperationFailure):
        database[HOLDS].drop_index(_BEFORE)


class MongoApprovals:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._approvals = database[APPROVALS]
        self._session = session

    def add(self, approval: Approval) -> None:
        self._approvals.insert_one(_approval_document(approval), session=self._session)

    def get(self, approval_id: str) -> Approval | None:
        return self._one({"_id": approval_id})

    def by_request_key(self, key: str) -> Approval | None:
        return self._one({"request_key": key})

    def replace(self, approval: Approval) -> None:
        self._approvals.replace_one(
            {"_id": approval.approval_id}, _approval_document(approval), session=self._session
        )

    def listed(
        self,
        count_max: int,
        *,
        before: str | None = None,
        status: ApprovalStatus | None = None,
        kind: str | None = None,
    ) -> Sequence[Approval]:
        query: Document = {}
        if status is not None:
            query["status"] = status.value
        if kind is not None:
            query["kind"] = kind
        if before is not None:
            query["_id"] = {"$lt": before}
        found = self._approvals.find(query, session=self._session).sort("_id", DESCENDING)
        return [stored_approval(row) for row in found.limit(count_max)]

    def count(self, status: ApprovalStatus) -> int:
        return self._approvals.count_documents({"status": status.value}, session=self._session)

    def waiting(self, kind: str, subjects: Collection[str]) -> Mapping[str, str]:
        proposed = {"status": ApprovalStatus.PROPOSED.value, "kind": kind}
        found = self._approvals.find(
            {**proposed, "subject": {"$in": sorted(subjects)}},
            {"subject": 1},
            session=self._session,
        )
        return {row["subject"]: row["_id"] for row in found}

    def _one(self, query: Document) -> Approval | None:
        found = self._approvals.find_one(query, session=self._session)
        return None if found is None else stored_approval(found)


class MongoHolds:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._holds = database[HOLDS]
        self._session = session

    def add(self, hold: Hold) -> None:
        document = asdict(hold)
        document["_id"] = document.pop("hold_id")
        document["amount"] = hold.amount.to_wire()
        self._holds.insert_one(document, session=self._session)

    def get(self, hold_id: str) -> Hold | None:
        return self._one({"_id": hold_id})

    def of_worker(self, worker_id: WorkerId) -> Sequence[Hold]:
        found = self._holds.find(
            {"worker_id": worker_id, "released_at": None}, session=self._session
        )
        return [stored_hold(row) for row in found.sort("_id", ASCENDING)]

    def of_item(self, item_id: PayoutItemId) -> Hold | None:
        return self._one({"item_id": item_id, "released_at": None})

    def held(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        found = self._holds.find(
            {"worker_id": {"$in": sorted(worker_ids)}, "released_at": None},
            {"worker_id": 1},
            session=self._session,
        )
        return {row["worker_id"] for row in found} if worker_ids else set()

    def release(self, hold_id: str, at: datetime) -> None:
        self._holds.update_one(
            {"_id": hold_id}, {"$set": {"released_at": at}}, session=self._session
        )

    def listed(self, count_max: int) -> Sequence[Hold]:
        found = self._holds.find({"released_at": None}, session=self._session)
        return [stored_hold(row) for row in found.sort("_id", ASCENDING).limit(count_max)]

    def _one(self, query: Document) -> Hold | None:
        found = self._holds.find_one(query, session=self._session)
        return None if found is None else stored_hold(found)


def _approval_document(approval: Approval) -> Document:
    document = asdict(approval)
    document["_id"] = document.pop("approval_id")
    document["status"] = approval.status.value
    return document


def stored_approval(row: Document) -> Approval:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["status"] = ApprovalStatus(row["status"])
    return Approval(approval_id=row["_id"], **fields)


def stored_hold(row: Document) -> Hold:
    fields = {name: value for name, value in row.items() if name != "_id"}
    fields["amount"] = Money.from_wire(row["amount"])
    return Hold(hold_id=row["_id"], **fields)
