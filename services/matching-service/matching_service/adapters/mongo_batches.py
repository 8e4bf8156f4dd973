"""Collection `batches`: what task-service said, in whatever order, and what is counted here.

Each event sets fields of its own, so that all orders end alike; `status` follows from them and is
there once the batch was opened. Two collections stand beside it, so that a document that is counted
up all the time stays small however large the batch is: `batch_pools` has how many pools each chunk
was dealt into, `work_times` the last answers' seconds.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from crowdloom.kernel import Money, PoisonMessage
from crowdloom.kernel.ids import BatchId, Pseudonym
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.domain import pools
from matching_service.domain.batches import Batch, BatchStatus, PayPerHour, SlotCounts, status_of
from matching_service.domain.requirements import Condition, Requirements

COLLECTION = "batches"
INDEXES = [IndexModel([("status", ASCENDING), ("_id", ASCENDING)], name="by_status")]
POOLS = "batch_pools"
WORK_TIMES = "work_times"
_TIMES_KEPT_MAX = 200


class MongoBatches:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._batches = database[COLLECTION]
        self._pools = database[POOLS]
        self._times = database[WORK_TIMES]
        self._session = session

    def put(self, batch: Batch) -> None:
        self._say(
            batch.batch_id,
            {
                "project_id": batch.project_id,
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
                "requirements": _requirements_row(batch.requirements),
                "task_type": batch.task_type,
                "wanted_at": batch.wanted_at,
                "choice_count": batch.choice_count,
            },
        )

    def grow(
        self, batch_id: BatchId, *, revision: int, reward: Money, task_count: int, redundancy: int
    ) -> None:
        grown = {
            "revision": revision,
            "reward": reward.to_wire(),
            "task_count": task_count,
            "redundancy": redundancy,
        }
        # Beside what the opening said, which may come after it; an older growth changes nothing.
        if revision > _grown(self._row(batch_id) or {}).get("revision", 0):
            self._say(batch_id, {"grown": grown})

    def get(self, batch_id: BatchId) -> Batch | None:
        row = self._row(batch_id)
        return _batch(row) if row and "status" in row else None

    def with_status(self, *statuses: BatchStatus) -> list[Batch]:
        found = self._batches.find(_having(*statuses), session=self._session)
        return [_batch(row) for row in found]

    def page(self, *statuses: BatchStatus, after: BatchId | None, count_max: int) -> list[Batch]:
        wanted = {**_having(*statuses), "_id": {"$gt": after or ""}}
        found = self._batches.find(wanted, session=self._session).sort("_id", ASCENDING)
        return [_batch(row) for row in found.limit(count_max)]

    def note_pause(self, batch_id: BatchId, event_id: str, *, paused: bool) -> None:
        row = self._row(batch_id) or {}
        # Ids of events sort by time: an older one that comes late changes nothing.
        if event_id > row.get("pause_event_id", ""):
            self._say(batch_id, {"paused": paused, "pause_event_id": event_id})

    def note_excluded(
        self, batch_id: BatchId, event_id: str, pseudonym: Pseudonym, *, excluded: bool
    ) -> None:
        known = (self._row(batch_id) or {}).get("exclusions", {}).get(pseudonym, {})
        if event_id > known.get("event_id", ""):
            said = {"excluded": excluded, "event_id": event_id}
            self._say(batch_id, {f"exclusions.{pseudonym}": said})

    def note_over(self, batch_id: BatchId, status: BatchStatus) -> None:
        self._say(batch_id, {str(status): True})

    def add_chunk(self, batch_id: BatchId, chunk: int, task_count: int) -> None:
        counted = {"$set": {f"counts.{chunk}": pools.pool_count(task_count)}}
        self._pools.update_one({"_id": batch_id}, counted, upsert=True, session=self._session)
        self._update(batch_id, {"$max": {"chunks_heard": chunk + 1}}, upsert=True)

    def pool_counts(self, batch_id: BatchId) -> dict[int, int]:
        row = self._pools.find_one({"_id": batch_id}, session=self._session) or {}
        return {int(chunk): count for chunk, count in row.get("counts", {}).items()}

    def count_known(self, batch_id: BatchId, task_count: int) -> int:
        before = (self._row(batch_id) or {}).get("known_count", 0)
        self._update(batch_id, {"$set": {"known_count": before + task_count}}, upsert=True)
        return int(before)

    def count_reopened(self, batch_id: BatchId) -> None:
        self._update(batch_id, {"$inc": {"reopened": 1}}, upsert=True)

    def count_submitted(
        self, batch_id: BatchId, count: int, seconds: Sequence[float], *, from_newcomers: int
    ) -> None:
        counts = {"submitted": count, "from_newcomers": from_newcomers}
        self._update(batch_id, {"$inc": counts}, upsert=True)
        if not seconds:
            return
        newest = {"$each": list(seconds), "$slice": -_TIMES_KEPT_MAX}
        self._times.update_one(
            {"_id": batch_id}, {"$push": {"seconds": newest}}, upsert=True, session=self._session
        )

    def recount(self, batch_id: BatchId, found: int, *, was: int, now: datetime) -> bool:
        # One that was never counted up has no field yet, which null finds as well.
        unchanged = {"_id": batch_id, "submitted": was or {"$in": [0, None]}}
        said = {"submitted": found, "recounted_count": found, "recounted_at": now}
        changed = self._batches.update_one(unchanged, {"$set": said}, session=self._session)
        return changed.matched_count == 1

    def slot_counts(self, batch_id: BatchId) -> SlotCounts:
        row = _in_force(self._row(batch_id) or {})
        published = row.get("task_count", 0) * row.get("redundancy", 0)
        wanted = published + row.get("reopened", 0) - row.get("withdrawn", 0)
        return SlotCounts(wanted=wanted, submitted=row.get("submitted", 0))

    def withdraw(self, batch_id: BatchId, slot_count: int) -> int:
        self._update(batch_id, {"$inc": {"withdrawn": slot_count, "withdrawals": 1}})
        row = self._row(batch_id)
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

    def recent_seconds(self, batch_id: BatchId) -> list[float]:
        row = self._times.find_one({"_id": batch_id}, session=self._session)
        return list(row["seconds"]) if row else []

    def note_served(self, batch_id: BatchId, served_at: datetime) -> None:
        self._update(batch_id, {"$max": {"served_at": served_at}})

    def _say(self, batch_id: BatchId, said: dict[str, Any]) -> None:
        """Note what an event said, and what status follows from all that is known now."""
        self._update(batch_id, {"$set": said}, upsert=True)
        row = self._row(batch_id)
        if row and "opened_at" in row:
            status = status_of(
                paused=row.get("paused", False),
                cancelled=row.get(str(BatchStatus.CANCELLED), False),
                completed=row.get(str(BatchStatus.COMPLETED), False),
            )
            self._update(batch_id, {"$set": {"status": str(status)}})

    def _row(self, batch_id: BatchId) -> dict[str, Any] | None:
        return self._batches.find_one({"_id": batch_id}, session=self._session)

    def _update(self, batch_id: BatchId, change: dict[str, Any], *, upsert: bool = False) -> None:
        self._batches.update_one({"_id": batch_id}, change, upsert=upsert, session=self._session)


def _having(*statuses: BatchStatus) -> dict[str, Any]:
    return {"status": {"$in": [str(status) for status in statuses]}}


def _grown(row: dict[str, Any]) -> dict[str, Any]:
    return row.get("grown") or {}


def _in_force(row: dict[str, Any]) -> dict[str, Any]:
    """With the terms that hold since the batch grew, if it did."""
    return {**row, **_grown(row)}


def _batch(row: dict[str, Any]) -> Batch:
    row = _in_force(row)
    pay = row.get("pay_per_hour")
    return Batch(
        batch_id=row["_id"],
        project_id=row.get("project_id"),
        known_count=row.get("known_count", 0),
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
        chunks_heard=row.get("chunks_heard", 0),
        open_slot_count=row.get("open_slot_count"),
        leased_slot_count=row.get("leased_slot_count"),
        served_at=row.get("served_at"),
        requirements=_requirements(row.get("requirements"), row.get("exclusions", {})),
        task_type=row.get("task_type"),
        wanted_at=row.get("wanted_at"),
        choice_count=row.get("choice_count"),
        answer_count=row.get("submitted", 0),
        newcomer_answer_count=row.get("from_newcomers", 0),
        recounted_at=row.get("recounted_at"),
        recounted_count=row.get("recounted_count"),
        pay_per_hour=PayPerHour(
            p25=Money.from_wire(pay["p25"]), p75=Money.from_wire(pay["p75"]), n=pay["n"]
        )
        if pay
        else None,
    )


def _requirements_row(asked: Requirements) -> dict[str, Any] | None:
    """None for a batch that asks nothing of anybody, as most do."""
    if asked == Requirements():
        return None
    row = asdict(asked)
    return {**row, "only": sorted(asked.only), "excluded": sorted(asked.excluded)}


def _requirements(row: dict[str, Any] | None, exclusions: dict[str, Any]) -> Requirements:
    """As the batch was opened, with whom its requester excluded or let in since."""
    asked = _opened_with(row)
    if not exclusions:
        return asked
    now_out = {Pseudonym(name) for name, said in exclusions.items() if said["excluded"]}
    return replace(asked, excluded=asked.excluded - exclusions.keys() | now_out)


def _opened_with(row: dict[str, Any] | None) -> Requirements:
    if row is None:
        return Requirements()
    conditions = {
        name: tuple(Condition(**one) for one in row[name])
        for name in ("all_of", "any_of", "none_of")
    }
    return Requirements(
        **conditions,
        languages=tuple(row["languages"]),
        devices=tuple(row["devices"]),
        only=frozenset(row["only"]),
        excluded=frozenset(row["excluded"]),
        answers_per_worker_max=row["answers_per_worker_max"],
        answers_per_worker_a_day_max=row["answers_per_worker_a_day_max"],
    )


def take_pools_out(database: Database[dict[str, Any]]) -> None:
    """Of batches of earlier versions, which had their pools within. Can be run again."""
    batches = database[COLLECTION]
    for row in batches.find({"pool_counts": {"$exists": True}}, {"pool_counts": 1}):
        named, counts = {"_id": row["_id"]}, row["pool_counts"]
        within = {"$set": {f"counts.{chunk}": count for chunk, count in counts.items()}}
        database[POOLS].update_one(named, within, upsert=True)
        heard = {"$max": {"chunks_heard": 1 + max(map(int, counts))}}
        batches.update_one(named, {**heard, "$unset": {"pool_counts": ""}})
