"""Collection `batches`: each change is one conditional update."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.batches import (
    LIVE,
    AddedTable,
    Addition,
    AdditionStatus,
    Batch,
    BatchStatus,
    Declined,
    Terms,
    Widening,
    chunks_of,
)
from task_service.domain.requirements import Condition, Requirements

_UNDER_WAY = [str(AdditionStatus.ASKED), str(AdditionStatus.FUNDED)]

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
                "wanted_seconds": terms.wanted_seconds,
                "vat_basis_points": terms.vat_basis_points,
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
            "requirements": _requirements_row(batch.requirements),
        }
        self._batches.insert_one(row, session=self._session)

    def get(self, batch_id: BatchId) -> Batch | None:
        row = self._batches.find_one({"_id": batch_id}, session=self._session)
        return _batch(row) if row else None

    def page(
        self,
        project_id: ProjectId,
        *,
        before: str | None,
        count_max: int,
        archived: bool | None = None,
    ) -> list[Batch]:
        wanted: dict[str, Any] = {"project_id": project_id}
        if archived is not None:
            wanted["archived"] = True if archived else {"$ne": True}
        if before:
            wanted["_id"] = {"$lt": before}
        return self._newest(wanted, count_max)

    def of_requester(self, requester_id: RequesterId, count_max: int) -> list[Batch]:
        return self._newest({"requester_id": requester_id, "archived": {"$ne": True}}, count_max)

    def put_away(self, batch: Batch, *, archived: bool) -> bool:
        unchanged = {"_id": batch.batch_id, "status": str(batch.status)}
        return self._changes(unchanged, {"$set": {"archived": archived}})

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
        return self._changes(draft, {"$set": table, "$unset": {"declined": "", "addition": ""}})

    def set_requirements(
        self, batch_id: BatchId, asked: Requirements | None, *, status: BatchStatus
    ) -> bool:
        wanted = {"_id": batch_id, "status": str(status)}
        return self._changes(wanted, {"$set": {"requirements": _requirements_row(asked)}})

    def hold_back(self, batch: Batch, task_count: int, addition: Addition) -> bool:
        left = {
            "task_count": task_count,
            "chunk_count": chunks_of(task_count),
            "addition": _addition_row(addition),
        }
        free = {**_unchanged(batch), "addition": None, "adding": None}
        return self._changes(free, {"$set": left})

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

    def begin_funding(self, batch_id: BatchId, *, vat_basis_points: int) -> int | None:
        row = self._batches.find_one_and_update(
            {"_id": batch_id, "status": str(BatchStatus.DRAFT)},
            {
                "$set": {
                    "status": str(BatchStatus.FUNDING),
                    "terms.vat_basis_points": vat_basis_points,
                },
                "$inc": {"revision": 1},
                "$unset": {"declined": ""},
            },
            return_document=ReturnDocument.AFTER,
            session=self._session,
        )
        return row["revision"] if row else None

    def decline(self, batch_id: BatchId, revision: int, declined: Declined) -> None:
        asked = {"_id": batch_id, "status": str(BatchStatus.FUNDING), "revision": revision}
        draft = {"status": str(BatchStatus.DRAFT), "declined": _declined_row(declined)}
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

    def note_marks(self, batch_id: BatchId) -> None:
        self._changes({"_id": batch_id}, {"$set": {"has_marks": True}})

    def complete(self, batch_id: BatchId) -> bool:
        live = {
            "_id": batch_id,
            "status": {"$in": [str(status) for status in LIVE]},
            "addition.status": {"$nin": _UNDER_WAY},
            "widening": None,
        }
        completed = {"$set": {"status": str(BatchStatus.COMPLETED)}, "$unset": {"addition": ""}}
        return self._changes(live, completed)

    def set_addition(self, batch: Batch, addition: Addition | None) -> bool:
        change: dict[str, Any] = {"$unset": {"addition": ""}}
        if addition is not None:
            change = {"$set": {"addition": _addition_row(addition)}}
        return self._changes(_as_read(batch), change)

    def ask_addition(self, batch: Batch, addition: Addition) -> int | None:
        asked = {"addition": _addition_row(replace(addition, revision=batch.revision + 1))}
        wanted = {**_as_read(batch), "revision": batch.revision}
        changed = self._changes(wanted, {"$set": asked, "$inc": {"revision": 1}})
        return batch.revision + 1 if changed else None

    def join_addition(self, batch: Batch, *, earlier_units: int) -> bool:
        addition = batch.addition
        if addition is None:
            return False
        joined: dict[str, Any] = {
            "terms.redundancy": addition.redundancy,
            "terms.reward": addition.reward.to_wire(),
            "terms.fee": addition.fee.to_wire(),
            "table_id": batch.table_id,
            "task_count": batch.task_count + addition.task_count,
            "chunk_count": batch.chunk_count + chunks_of(addition.task_count),
            "earlier_units": batch.earlier_units + earlier_units,
        }
        by = addition.redundancy - batch.terms.redundancy
        if by:
            until = batch.released_chunk_count
            joined["widening"] = {"by": by, "next_chunk": 0, "until_chunk": until}
        change = {"$set": joined, "$unset": {"addition": ""}}
        return self._changes(_as_read(batch), change)

    def note_widened(self, batch_id: BatchId, widening: Widening) -> bool:
        next_one = {"_id": batch_id, "widening.next_chunk": widening.next_chunk}
        if widening.next_chunk + 1 >= widening.until_chunk:
            return self._changes(next_one, {"$unset": {"widening": ""}})
        return self._changes(next_one, {"$inc": {"widening.next_chunk": 1}})

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


def _as_read(batch: Batch) -> dict[str, Any]:
    """The batch in the status, and with the addition, that it was read with."""
    version = batch.addition.version if batch.addition else None
    return {"_id": batch.batch_id, "status": str(batch.status), "addition.version": version}


def _addition_row(addition: Addition) -> dict[str, Any]:
    return {
        **vars(addition),
        "status": str(addition.status),
        "reward": addition.reward.to_wire(),
        "fee": addition.fee.to_wire(),
        "tables": [vars(table) for table in addition.tables],
        "declined": _declined_row(addition.declined) if addition.declined else None,
    }


def _declined_row(declined: Declined) -> dict[str, Any]:
    return {
        "code": declined.code,
        "needed": declined.needed.to_wire(),
        "missing": declined.missing.to_wire(),
    }


def _declined(row: dict[str, Any]) -> Declined:
    return Declined(
        code=row["code"],
        needed=Money.from_wire(row["needed"]),
        missing=Money.from_wire(row["missing"]),
    )


def _addition(row: dict[str, Any]) -> Addition:
    return Addition(
        **{
            **row,
            "status": AdditionStatus(row["status"]),
            "reward": Money.from_wire(row["reward"]),
            "fee": Money.from_wire(row["fee"]),
            "tables": tuple(AddedTable(**table) for table in row["tables"]),
            "declined": _declined(row["declined"]) if row["declined"] else None,
        }
    )


def _batch(row: dict[str, Any]) -> Batch:
    declined, addition, widening = row.get("declined"), row.get("addition"), row.get("widening")
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
        archived=row.get("archived", False),
        requirements=_requirements(row.get("requirements")),
        declined=_declined(declined) if declined else None,
        addition=_addition(addition) if addition else None,
        widening=Widening(**widening) if widening else None,
        earlier_units=int(row.get("earlier_units", 0)),
        has_marks=row.get("has_marks", False),
    )


def _terms(row: dict[str, Any]) -> Terms:
    return Terms(
        redundancy=row["redundancy"],
        reward=Money.from_wire(row["reward"]),
        fee=Money.from_wire(row["fee"]),
        lease_seconds=row["lease_seconds"],
        auto_accept_seconds=row["auto_accept_seconds"],
        wanted_seconds=row.get("wanted_seconds"),
        vat_basis_points=row.get("vat_basis_points", 0),
    )


def _requirements_row(asked: Requirements | None) -> dict[str, Any] | None:
    return asdict(asked) if asked else None


def _requirements(row: dict[str, Any] | None) -> Requirements | None:
    if row is None:
        return None
    said: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
    }
    for name in ("all_of", "any_of", "none_of"):
        said[name] = tuple(Condition(**one) for one in row[name])
    return Requirements(**said)
