"""A batch's pieces as a merge reads them: the collections `tasks` and `submissions`, in part."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from crowdloom.kernel.ids import BatchId, TaskId
from pymongo import ASCENDING
from pymongo.database import Database

from task_service.adapters.mongo_tasks import ids_of
from task_service.domain.submissions import COUNTING, Answer

_READ_TOGETHER = 5_000
"""Small parts of documents: what a command costs weighs more than they do."""


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
        wanted = {"batch_id": batch_id, "status": {"$in": [str(one) for one in COUNTING]}}
        found = self._submissions.find(wanted, {"task_id": 1, "answer": 1}).sort("_id", ASCENDING)
        for row in found.batch_size(_READ_TOGETHER):
            yield row["task_id"], tuple((name, value) for name, value in row["answer"])
