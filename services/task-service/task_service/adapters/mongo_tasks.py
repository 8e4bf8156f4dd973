"""Collection `tasks`: the rows of a batch's table. They count once the batch names the table."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from crowdloom.kernel import IdFactory
from crowdloom.kernel.ids import TaskId
from crowdloom.kernel.limits import TASKS_PER_EVENT_MAX
from pymongo import ASCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.application.ports import Task
from task_service.domain.batches import Batch

INDEXES = {
    "tasks": [
        IndexModel([("chunk", ASCENDING)], name="by_chunk"),
        IndexModel([("table_id", ASCENDING), ("number", ASCENDING)], name="in_order"),
    ]
}


class MongoTasks:
    """{_id, table_id, chunk: "<table_id>:<n>", number, cells: [in the order of the columns]}"""

    def __init__(
        self, database: Database[dict[str, Any]], session: ClientSession | None, ids: IdFactory
    ) -> None:
        self._tasks = database["tasks"]
        self._session = session
        self._ids = ids

    def add(
        self, table_id: str, rows: Iterable[Sequence[str]], *, after: int = 0, first_chunk: int = 0
    ) -> int:
        left = iter(rows)
        count = 0
        while chunk := list(islice(left, TASKS_PER_EVENT_MAX)):
            documents: list[dict[str, Any]] = [
                {
                    "_id": self._ids.new("task"),
                    "table_id": table_id,
                    "chunk": _chunk(table_id, first_chunk + count // TASKS_PER_EVENT_MAX),
                    "number": after + count + offset,
                    "cells": list(cells),
                }
                for offset, cells in enumerate(chunk, start=1)
            ]
            self._tasks.insert_many(documents, ordered=False, session=self._session)
            count += len(chunk)
        return count

    def forget(self, table_id: str, *, after: int = 0) -> None:
        beyond = {"table_id": table_id, "number": {"$gt": after}}
        self._tasks.delete_many(beyond, session=self._session)

    def get(self, task_id: TaskId) -> Task | None:
        row = self._tasks.find_one({"_id": task_id}, session=self._session)
        return _task(row) if row else None

    def chunk(self, table_id: str, chunk: int) -> list[TaskId]:
        wanted = {"chunk": _chunk(table_id, chunk)}
        return [row["_id"] for row in self._tasks.find(wanted, {"_id": 1}, session=self._session)]

    def page(self, table_id: str, *, after: int, count_max: int) -> list[Task]:
        # Bounded on both sides: the embedded engine reads the whole range before it limits.
        wanted = {"table_id": table_id, "number": {"$gt": after, "$lte": after + count_max}}
        found = self._tasks.find(wanted, session=self._session).sort("number", ASCENDING)
        return [_task(row) for row in found]

    def adopt(self, batch: Batch, table_id: str, *, after: int) -> None:
        while rows := self._some(table_id):
            self._tasks.bulk_write(
                [_moved(row, batch, after + row.number) for row in rows],
                ordered=False,
                session=self._session,
            )

    def _some(self, table_id: str) -> list[Task]:
        found = self._tasks.find({"table_id": table_id}, session=self._session)
        return [_task(row) for row in found.limit(TASKS_PER_EVENT_MAX)]

    def all(self, table_id: str) -> Iterator[Task]:
        after = 0
        while page := self.page(table_id, after=after, count_max=TASKS_PER_EVENT_MAX):
            yield from page
            after = page[-1].number


def _moved(row: Task, batch: Batch, place: int) -> UpdateOne:
    """To a place behind the batch's own rows, counted from 1: the same one whenever it is moved."""
    chunk = batch.chunk_count + (place - 1) // TASKS_PER_EVENT_MAX
    table_id = batch.table_id or ""
    moved = {
        "table_id": table_id,
        "number": batch.task_count + place,
        "chunk": _chunk(table_id, chunk),
    }
    return UpdateOne({"_id": row.task_id}, {"$set": moved})


def _chunk(table_id: str, chunk: int) -> str:
    return f"{table_id}:{chunk}"


def _task(row: dict[str, Any]) -> Task:
    return Task(task_id=row["_id"], number=row["number"], cells=tuple(row["cells"]))
