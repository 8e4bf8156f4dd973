"""Collection `tasks`: one document a task; the claim is one conditional update of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from crowdloom.chassis.held_writes import Hold, outside_a_transaction
from crowdloom.kernel.ids import BatchId, TaskId, WorkerId
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.application.task_ports import OpenTask
from matching_service.domain import pools
from matching_service.domain.errors import SlotTaken

COLLECTION = "tasks"
INDEXES = [
    IndexModel([("pool", ASCENDING)], name="by_pool"),
    IndexModel([("known_pool", ASCENDING)], name="by_known_pool", sparse=True),
    IndexModel([("batch_id", ASCENDING), ("open", ASCENDING)], name="open_of_batch"),
]
_SHOWN = {"open": 1, "workers": 1, "known_pool": 1}


class MongoTasks:
    """{_id, batch_id, pool: "bat_...:12:3", open: slots, workers: [everyone it was given to]}, and
    "known_pool" where its answer is known.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        session: ClientSession | None,
        hold: Hold = outside_a_transaction,
    ) -> None:
        self._tasks = database[COLLECTION]
        self._session = session
        self._hold = hold

    def add(self, batch_id: BatchId, chunk: int, task_ids: Sequence[TaskId], slots: int) -> None:
        new = {"batch_id": batch_id, "open": slots, "workers": []}
        # Only where it is not there: an event that comes again must not open slots again.
        writes = [
            UpdateOne({"_id": task_id}, {"$setOnInsert": {**new, "pool": pool}}, upsert=True)
            for task_id, pool in pools.dealt(batch_id, chunk, task_ids)
        ]
        if writes:
            self._tasks.bulk_write(writes, ordered=False, session=self._session)

    def find(self, task_id: TaskId) -> tuple[BatchId, OpenTask] | None:
        row = self._tasks.find_one({"_id": task_id}, session=self._session)
        return (row["batch_id"], _open_task(row)) if row else None

    def widen(self, task_ids: Sequence[TaskId], slots: int) -> None:
        named = {"_id": {"$in": list(task_ids)}}
        self._tasks.update_many(named, {"$inc": {"open": slots}}, session=self._session)

    def unmarked(self, task_ids: Sequence[TaskId]) -> list[TaskId]:
        wanted = {"_id": {"$in": list(task_ids)}}
        shown = {"known_pool": 1}
        rows = {row["_id"]: row for row in self._tasks.find(wanted, shown, session=self._session)}
        return [one for one in task_ids if one in rows and "known_pool" not in rows[one]]

    def mark(self, pools_of: Mapping[TaskId, str]) -> None:
        writes = [
            UpdateOne({"_id": task_id}, {"$set": {"known_pool": pool}})
            for task_id, pool in pools_of.items()
        ]
        if writes:
            self._tasks.bulk_write(writes, ordered=False, session=self._session)

    def unmark(self, task_ids: Sequence[TaskId]) -> None:
        named = {"_id": {"$in": list(task_ids)}}
        self._tasks.update_many(named, {"$unset": {"known_pool": ""}}, session=self._session)

    def in_known_pool(self, pool: str, worker_id: WorkerId) -> list[OpenTask]:
        return self._fitting({"known_pool": pool}, worker_id)

    def in_pool(self, pool: str, worker_id: WorkerId) -> list[OpenTask]:
        return self._fitting({"pool": pool}, worker_id)

    def _fitting(self, of_pool: dict[str, str], worker_id: WorkerId) -> list[OpenTask]:
        fitting = {**of_pool, "open": {"$gt": 0}, "workers": {"$ne": worker_id}}
        return [_open_task(row) for row in self._tasks.find(fitting, _SHOWN, session=self._session)]

    def anywhere(self, batch_id: BatchId, worker_id: WorkerId, count_max: int) -> list[OpenTask]:
        fitting = {"batch_id": batch_id, "open": {"$gt": 0}, "workers": {"$ne": worker_id}}
        found = self._tasks.find(fitting, _SHOWN, session=self._session).limit(count_max)
        return [_open_task(row) for row in found]

    def take(self, task_id: TaskId, worker_id: WorkerId) -> None:
        self._hold(
            UpdateOne(
                {"_id": task_id, "open": {"$gt": 0}, "workers": {"$ne": worker_id}},
                {"$inc": {"open": -1}, "$push": {"workers": worker_id}},
                namespace=self._tasks.full_name,
            ),
            missed=SlotTaken(),
        )

    def reopen(self, task_id: TaskId) -> None:
        self._tasks.update_one({"_id": task_id}, {"$inc": {"open": 1}}, session=self._session)

    def close_slot(self, task_id: TaskId) -> bool:
        closed = self._tasks.update_one(
            {"_id": task_id, "open": {"$gt": 0}}, {"$inc": {"open": -1}}, session=self._session
        )
        return closed.modified_count == 1

    def withdraw_open(self, batch_id: BatchId, task_count_max: int) -> int:
        still_open = {"batch_id": batch_id, "open": {"$gt": 0}}
        found = self._tasks.find(still_open, {"open": 1}, session=self._session)
        rows = list(found.limit(task_count_max))
        if rows:
            self._tasks.update_many(
                {"_id": {"$in": [row["_id"] for row in rows]}},
                {"$set": {"open": 0}},
                session=self._session,
            )
        return sum(row["open"] for row in rows)


def _open_task(row: dict[str, Any]) -> OpenTask:
    return OpenTask(row["_id"], row["open"], frozenset(row["workers"]), "known_pool" in row)
