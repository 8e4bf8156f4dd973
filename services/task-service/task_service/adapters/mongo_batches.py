"""Collection `batches`: each change is one conditional update."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.batches import Batch, BatchStatus, Declined, Terms, chunks_of

INDEXES = {
    "batches": [
        IndexModel([("project_id", ASCENDING), ("_id", DESCENDING)], name="of_project"),
        IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester"),
        IndexModel([("status", ASCENDING)], name="by_status"),
    ]
}


class MongoBatches:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._batches = database["batches"]
        self._session = session

    def add(self, batch: Batch) -> None:
        terms = batch.terms
        row = {
            "_id": batch.batch_id,
            "project_id": batch.project_id,
            "requester_id": batch.requester_id,
            "title": batch.title,
            "terms": {
                "redundancy": terms.redundancy,
                "reward": terms.reward.to_wire(),
                "fee": terms.fee.to_wire(),
                "lease_seconds": terms.lease_seconds,
                "auto_accept_seconds": terms.auto_accept_seconds,
            },
            "status": str(batch.status),
            "created_at": batch.created_at,
            "table_id": None,
            "columns": [],
            "task_count": 0,
            "chunk_count": 0,
            "revision": 0,
            "released_chunk_count": 0,
            "withdrawn_count": 0,
        }
        self._batches.insert_one(row, session=self._session)

    def get(self, batch_id: BatchId) -> Batch | None:
        row = self._batches.find_one({"_id": batch_id}, session=self._session)
        return _batch(row) if row else None

    def page(self, project_id: ProjectId, *, before: str | None, count_max: int) -> list[Batch]:
        wanted: dict[str, Any] = {"project_id": project_id}
        if before:
            wanted["_id"] = {"$lt": before}
        return self._newest(wanted, count_max)

    def of_requester(self, requester_id: RequesterId, count_max: int) -> list[Batch]:
        return self._newest({"requester_id": requester_id}, count_max)

    def with_status(self, *statuses: BatchStatus) -> list[Batch]:
        wanted = {"status": {"$in": [str(status) for status in statuses]}}
        return [_batch(row) for row in self._batches.find(wanted, session=self._session)]

    def set_table(
        self, batch_id: BatchId, table_id: str, columns: Sequence[str], task_count: int
    ) -> bool:
        table = {
            "table_id": table_id,
            "columns": list(columns),
            "task_count": task_count,
            "chunk_count": chunks_of(task_count),
        }
        draft = {"_id": batch_id, "status": str(BatchStatus.DRAFT)}
        return self._changes(draft, {"$set": table, "$unset": {"declined": ""}})

    def begin_adding(self, batch: Batch, call: str, *, now: datetime, until: datetime) -> bool:
        free = {**_unchanged(batch), "$or": [{"adding": None}, {"adding.until": {"$lt": now}}]}
        return self._changes(free, {"$set": {"adding": {"call": call, "until": until}}})

    def end_adding(self, batch: Batch, call: str, count: int) -> bool:
        grown = {
            "task_count": batch.task_count + count,
            "chunk_count": batch.chunk_count + chunks_of(count),
        }
        ours = {**_unchanged(batch), "adding.call": call}
        return self._changes(ours, {"$set": grown, "$unset": {"adding": "", "declined": ""}})

    def move(self, batch_id: BatchId, before: Sequence[BatchStatus], after: BatchStatus) -> bool:
        wanted = {"_id": batch_id, "status": {"$in": [str(status) for status in before]}}
        return self._changes(wanted, {"$set": {"status": str(after)}})

    def begin_funding(self, batch_id: BatchId) -> int | None:
        row = self._batches.find_one_and_update(
            {"_id": batch_id, "status": str(BatchStatus.DRAFT)},
            {
                "$set": {"status": str(BatchStatus.FUNDING)},
                "$inc": {"revision": 1},
                "$unset": {"declined": ""},
            },
            return_document=ReturnDocument.AFTER,
            session=self._session,
        )
        return row["revision"] if row else None

    def decline(self, batch_id: BatchId, revision: int, declined: Declined) -> None:
        said = {
            "code": declined.code,
            "needed": declined.needed.to_wire(),
            "missing": declined.missing.to_wire(),
        }
        asked = {"_id": batch_id, "status": str(BatchStatus.FUNDING), "revision": revision}
        draft = {"status": str(BatchStatus.DRAFT), "declined": said}
        self._changes(asked, {"$set": draft})

    def note_released(self, batch_id: BatchId, chunk: int) -> bool:
        next_one = {"_id": batch_id, "released_chunk_count": chunk}
        return self._changes(next_one, {"$inc": {"released_chunk_count": 1}})

    def note_progress(
        self, batch_id: BatchId, *, open_slots: int, leased: int, counted_at: datetime
    ) -> None:
        older = {
            "_id": batch_id,
            "$or": [{"counted_at": None}, {"counted_at": {"$lt": counted_at}}],
        }
        counts = {
            "open_slot_count": open_slots,
            "leased_slot_count": leased,
            "counted_at": counted_at,
        }
        self._changes(older, {"$set": counts})

    def note_withdrawn(self, batch_id: BatchId, slot_count: int) -> None:
        self._changes({"_id": batch_id}, {"$inc": {"withdrawn_count": slot_count}})

    def _newest(self, wanted: dict[str, Any], count_max: int) -> list[Batch]:
        found = self._batches.find(wanted, session=self._session).sort("_id", DESCENDING)
        return [_batch(row) for row in found.limit(count_max)]

    def _changes(self, wanted: dict[str, Any], change: dict[str, Any]) -> bool:
        outcome = self._batches.update_one(wanted, change, session=self._session)
        return outcome.matched_count == 1


def _unchanged(batch: Batch) -> dict[str, Any]:
    return {
        "_id": batch.batch_id,
        "status": str(batch.status),
        "table_id": batch.table_id,
        "task_count": batch.task_count,
    }


def _batch(row: dict[str, Any]) -> Batch:
    declined = row.get("declined")
    return Batch(
        batch_id=row["_id"],
        project_id=row["project_id"],
        requester_id=row["requester_id"],
        title=row["title"],
        terms=_terms(row["terms"]),
        status=BatchStatus(row["status"]),
        created_at=row["created_at"],
        table_id=row["table_id"],
        columns=tuple(row["columns"]),
        task_count=row["task_count"],
        # Batches of earlier versions: their tasks were filled in at once.
        chunk_count=row.get("chunk_count", chunks_of(row["task_count"])),
        revision=row["revision"],
        released_chunk_count=row["released_chunk_count"],
        withdrawn_count=row["withdrawn_count"],
        open_slot_count=row.get("open_slot_count"),
        leased_slot_count=row.get("leased_slot_count"),
        declined=Declined(
            code=declined["code"],
            needed=Money.from_wire(declined["needed"]),
            missing=Money.from_wire(declined["missing"]),
        )
        if declined
        else None,
    )


def _terms(row: dict[str, Any]) -> Terms:
    return Terms(
        redundancy=row["redundancy"],
        reward=Money.from_wire(row["reward"]),
        fee=Money.from_wire(row["fee"]),
        lease_seconds=row["lease_seconds"],
        auto_accept_seconds=row["auto_accept_seconds"],
    )
