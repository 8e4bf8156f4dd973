"""Collection `tasks`: one document a task; the claim is one conditional update of it."""

from collections.abc import Sequence
from typing import Any

from crowdloom.kernel.ids import BatchId, TaskId, WorkerId
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

COLLECTION = "tasks"
INDEXES = [IndexModel([("chunk", ASCENDING)], name="by_chunk")]


class MongoTasks:
    """{_id, batch_id, chunk: "bat_...:12", open: slots, workers: [everyone it was given to]}"""

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._tasks = database[COLLECTION]
        self._session = session

    def add(self, batch_id: BatchId, chunk: int, task_ids: Sequence[TaskId], slots: int) -> None:
        new = {
            "batch_id": batch_id,
            "chunk": _chunk(batch_id, chunk),
            "open": slots,
            "workers": [],
        }
        # Only where it is not there: an event that comes again must not open slots again.
        writes = [
            UpdateOne({"_id": task_id}, {"$setOnInsert": new}, upsert=True) for task_id in task_ids
        ]
        self._tasks.bulk_write(writes, ordered=False, session=self._session)

    def candidates(self, batch_id: BatchId, chunk: int, worker_id: WorkerId) -> list[TaskId]:
        # By equality on the chunk alone: the engine then reads at most one chunk's documents.
        found = self._tasks.find(
            {"chunk": _chunk(batch_id, chunk), "open": {"$gt": 0}},
            {"workers": 1},
            session=self._session,
        )
        return [task["_id"] for task in found if worker_id not in task["workers"]]

    def take(self, task_id: TaskId, worker_id: WorkerId) -> bool:
        taken = self._tasks.update_one(
            {"_id": task_id, "open": {"$gt": 0}, "workers": {"$ne": worker_id}},
            {"$inc": {"open": -1}, "$push": {"workers": worker_id}},
            session=self._session,
        )
        return taken.modified_count == 1

    def reopen(self, task_id: TaskId) -> None:
        self._tasks.update_one({"_id": task_id}, {"$inc": {"open": 1}}, session=self._session)

    def close_slot(self, task_id: TaskId) -> bool:
        closed = self._tasks.update_one(
            {"_id": task_id, "open": {"$gt": 0}}, {"$inc": {"open": -1}}, session=self._session
        )
        return closed.modified_count == 1

    def withdraw_open(self, batch_id: BatchId, chunk: int) -> int:
        still_open = {"chunk": _chunk(batch_id, chunk), "open": {"$gt": 0}}
        found = list(self._tasks.find(still_open, {"open": 1}, session=self._session))
        if found:
            self._tasks.update_many(still_open, {"$set": {"open": 0}}, session=self._session)
        return sum(task["open"] for task in found)


def _chunk(batch_id: BatchId, chunk: int) -> str:
    return f"{batch_id}:{chunk}"
