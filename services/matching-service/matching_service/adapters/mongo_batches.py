"""Collection `batches`: what task-service said, and what is counted here."""

from datetime import datetime
from typing import Any

from crowdloom.kernel import Money, PoisonMessage
from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.domain.batches import Batch, BatchStatus, PayPerHour

COLLECTION = "batches"
INDEXES = [IndexModel([("status", ASCENDING)], name="by_status")]


class MongoBatches:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._batches = database[COLLECTION]
        self._session = session

    def put(self, batch: Batch) -> None:
        said = {
            "requester_id": batch.requester_id,
            "requester_name": batch.requester_name,
            "title": batch.title,
            "description": batch.description,
            "language": batch.language,
            "reward": batch.reward.to_wire(),
            "task_count": batch.task_count,
            "redundancy": batch.redundancy,
            "lease_seconds": batch.lease_seconds,
            "opened_at": batch.opened_at,
        }
        first = {"status": str(batch.status), "reopened": 0, "withdrawn": 0, "withdrawals": 0}
        self._update(batch.batch_id, {"$set": said, "$setOnInsert": first}, upsert=True)

    def get(self, batch_id: BatchId) -> Batch | None:
        row = self._batches.find_one({"_id": batch_id}, session=self._session)
        return _batch(row) if row else None

    def with_status(self, *statuses: BatchStatus) -> list[Batch]:
        wanted = {"status": {"$in": [str(status) for status in statuses]}}
        return [_batch(row) for row in self._batches.find(wanted, session=self._session)]

    def set_status(self, batch_id: BatchId, status: BatchStatus) -> None:
        self._update(batch_id, {"$set": {"status": str(status)}})

    def add_chunk(self, batch_id: BatchId, chunk: int) -> None:
        self._update(batch_id, {"$max": {"chunk_count": chunk + 1}})

    def count_reopened(self, batch_id: BatchId) -> None:
        self._update(batch_id, {"$inc": {"reopened": 1}})

    def slots_wanted(self, batch_id: BatchId) -> int:
        row = self._batches.find_one({"_id": batch_id}, session=self._session)
        if row is None:
            return 0
        published: int = row["task_count"] * row["redundancy"]
        reopened: int = row["reopened"]
        withdrawn: int = row["withdrawn"]
        return published + reopened - withdrawn

    def withdraw(self, batch_id: BatchId, slot_count: int) -> int:
        row = self._batches.find_one_and_update(
            {"_id": batch_id},
            {"$inc": {"withdrawn": slot_count, "withdrawals": 1}},
            return_document=ReturnDocument.AFTER,
            session=self._session,
        )
        if row is None:
            raise PoisonMessage(f"{batch_id} is not known here")
        number: int = row["withdrawals"]
        return number

    def note_progress(self, batch_id: BatchId, open_slot_count: int, leased: int) -> bool:
        counts = {"open_slot_count": open_slot_count, "leased_slot_count": leased}
        changed = self._batches.update_one(
            {"_id": batch_id, "$nor": [counts]}, {"$set": counts}, session=self._session
        )
        return changed.modified_count == 1

    def note_pay(self, batch_id: BatchId, pay: PayPerHour) -> None:
        measured = {"p25": pay.p25.to_wire(), "p75": pay.p75.to_wire(), "n": pay.n}
        self._update(batch_id, {"$set": {"pay_per_hour": measured}})

    def note_served(self, batch_id: BatchId, served_at: datetime) -> None:
        self._update(batch_id, {"$max": {"served_at": served_at}})

    def _update(self, batch_id: BatchId, change: dict[str, Any], *, upsert: bool = False) -> None:
        self._batches.update_one({"_id": batch_id}, change, upsert=upsert, session=self._session)


def _batch(row: dict[str, Any]) -> Batch:
    pay = row.get("pay_per_hour")
    return Batch(
        batch_id=row["_id"],
        requester_id=row["requester_id"],
        requester_name=row["requester_name"],
        title=row["title"],
        description=row["description"],
        language=row.get("language"),
        reward=Money.from_wire(row["reward"]),
        task_count=row["task_count"],
        redundancy=row["redundancy"],
        lease_seconds=row["lease_seconds"],
        status=BatchStatus(row["status"]),
        opened_at=row["opened_at"],
        chunk_count=row.get("chunk_count", 0),
        open_slot_count=row.get("open_slot_count"),
        served_at=row.get("served_at"),
        pay_per_hour=PayPerHour(
            p25=Money.from_wire(pay["p25"]), p75=Money.from_wire(pay["p75"]), n=pay["n"]
        )
        if pay
        else None,
    )
