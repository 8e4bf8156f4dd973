"""A batch's pieces as a merge reads them: the collections `tasks` and `submissions`, in part."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from crowdloom.kernel.ids import BatchId, TaskId
from pymongo import ASCENDING
from pymongo.database import Database

from task_service.adapters import id_windows
from task_service.adapters.mongo_tasks import ids_of
from task_service.domain.submissions import COUNTING, Answer

_READ_TOGETHER = 2_000
"""So long that a command costs little beside it, so short that nobody else waits for its end."""
_PART_OF_ANSWER = {"task_id": 1, "answer": 1}


class MongoPieces:
    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._tasks = database["tasks"]
        self._submissions = database["submissions"]

    def task_ids(self, table_id: str, count_max: int) -> Iterator[TaskId]:
        wanted = {"table_id": table_id, "number": {"$lte": count_max}}
        found = self._tasks.find(wanted, {"number": 1, "count": 1}).sort("number", ASCENDING)
        for row in found.batch_size(_READ_TOGETHER):
            yield from islice(ids_of(row), count_max - row["number"] + 1)

    def answers(self, batch_id: BatchId) -> Iterator[tuple[TaskId, Answer]]:
        """In windows of their ids: the embedded engine reads a range whole, and answers nobody
        meanwhile.
        """
        windows = id_windows.after("submission", batch_id)
        low, found = "", 0
        while True:
            end = windows.edge(found, _READ_TOGETHER)
            rows = self._within(
                batch_id, {"$gt": low} if end is None else {"$gt": low, "$lte": end}
            )
            for _, row in sorted(rows.items()):
                yield row["task_id"], tuple((name, value) for name, value in row["answer"])
            if end is None:
                return
            low, found = end, len(rows)

    def _within(self, batch_id: BatchId, ids: dict[str, str]) -> dict[str, dict[str, Any]]:
        """By id. In this order of states an answer can only move on, so that none is missed that
        moves meanwhile.
        """
        return {
            row["_id"]: row
            for status in COUNTING
            for row in self._submissions.find(
                {"batch_id": batch_id, "status": str(status), "_id": ids}, _PART_OF_ANSWER
            ).batch_size(_READ_TOGETHER)
        }
