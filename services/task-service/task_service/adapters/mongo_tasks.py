"""Collection `tasks`: the rows of a batch's table. They count once the batch names the table.

Neighbouring rows share a document, so that a large table is there within seconds and is forgotten
as fast. Documents of earlier versions hold one row each, in `cells`; they are read as they are.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from crowdloom.kernel import IdFactory
from crowdloom.kernel.ids import TaskId, decode_base32, encode_base32
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
ROWS_MAX = 100
"""Of a document: whoever loads one task reads all of them."""
_CHARACTERS_MAX = 65_536
_PLACE_CHARACTERS = 2

_CHARACTERS_TOGETHER = 4_000_000
_DOCUMENTS_TOGETHER = 500

Rows = Sequence[Sequence[str]]


class MongoTasks:
    """{_id, table_id, chunk: "<table_id>:<n>", number: of the first row, count, rows: [[cells in
    the order of the columns]]}. A task's id is its document's and its place there. No document
    reaches from one chunk into the next.
    """

    def __init__(
        self, database: Database[dict[str, Any]], session: ClientSession | None, ids: IdFactory
    ) -> None:
        self._tasks = database["tasks"]
        self._session = session
        self._ids = ids

    def add(
        self,
        table_id: str,
        rows: Iterable[Sequence[str]],
        *,
        after: int = 0,
        first_chunk: int = 0,
        lead: int = 0,
    ) -> int:
        made = self._documents(
            table_id, iter(rows), after=after, first_chunk=first_chunk, lead=lead
        )
        count = 0
        for documents in _together(made):
            self._tasks.insert_many(documents, ordered=False, session=self._session)
            count += sum(document["count"] for document in documents)
        return count

    def _documents(
        self,
        table_id: str,
        left: Iterator[Sequence[str]],
        *,
        after: int,
        first_chunk: int,
        lead: int,
    ) -> Iterator[tuple[dict[str, Any], int]]:
        """Each with how many characters are in its cells."""
        count = 0
        while True:
            chunk, place = divmod(lead + count, TASKS_PER_EVENT_MAX)
            some = list(islice(left, TASKS_PER_EVENT_MAX - place))
            for offset, part, characters in _parts(some):
                document = {
                    "_id": self._ids.new("task"),
                    "table_id": table_id,
                    "chunk": _chunk(table_id, first_chunk + chunk),
                    "number": after + count + offset + 1,
                    "count": len(part),
                    "rows": part,
                }
                yield document, characters
            if not some:
                return
            count += len(some)

    def forget(self, table_id: str, *, after: int = 0) -> None:
        if not after:
            self._tasks.delete_many({"table_id": table_id}, session=self._session)
            return
        # Looked at first: what is asked for before rows are added is not there, but for once.
        near = {"table_id": table_id, "number": {"$gt": after - ROWS_MAX}}
        found = list(self._tasks.find(near, {"number": 1, "count": 1}, session=self._session))
        if any(row["number"] > after for row in found):
            beyond = {"table_id": table_id, "number": {"$gt": after}}
            self._tasks.delete_many(beyond, session=self._session)
        for row in found:
            kept = after - row["number"] + 1
            if 0 < kept < row.get("count", 0):
                self._shorten(row["_id"], kept)

    def _shorten(self, document_id: str, count: int) -> None:
        row = self._tasks.find_one({"_id": document_id}, session=self._session) or {"rows": []}
        shorter = {"$set": {"rows": row["rows"][:count], "count": count}}
        self._tasks.update_one({"_id": document_id}, shorter, session=self._session)

    def get(self, task_id: TaskId) -> Task | None:
        shared_id, place = task_id[:-_PLACE_CHARACTERS], task_id[-_PLACE_CHARACTERS:]
        row = self._tasks.find_one({"_id": shared_id}, session=self._session)
        if row is None:
            row = self._tasks.find_one({"_id": task_id}, session=self._session)
            return next(_tasks(row)) if row and "rows" not in row else None
        return next(islice(_tasks(row), decode_base32(place), None), None)

    def chunk(self, table_id: str, chunk: int) -> list[TaskId]:
        wanted = {"chunk": _chunk(table_id, chunk)}
        said = {"number": 1, "count": 1}
        found = self._tasks.find(wanted, said, session=self._session)
        return [task_id for row in found.sort("number", ASCENDING) for task_id in ids_of(row)]

    def page(self, table_id: str, *, after: int, count_max: int) -> list[Task]:
        return [
            task
            for row in self._from(table_id, after, count_max=count_max)
            for task in _tasks(row)
            if after < task.number <= after + count_max
        ]

    def adopt(self, batch: Batch, table_id: str, *, after: int) -> None:
        while rows := self._some(table_id):
            self._tasks.bulk_write(
                [_moved(row, batch, after + row["number"]) for row in rows],
                ordered=False,
                session=self._session,
            )

    def _from(self, table_id: str, after: int, *, count_max: int) -> Iterator[dict[str, Any]]:
        """The documents of rows with numbers about `after` + 1 .. `after` + `count_max`."""
        # Bounded on both sides: the embedded engine reads the whole range before it limits.
        near = {"$gt": after - ROWS_MAX, "$lte": after + count_max}
        wanted = {"table_id": table_id, "number": near}
        return iter(self._tasks.find(wanted, session=self._session).sort("number", ASCENDING))

    def _some(self, table_id: str) -> list[dict[str, Any]]:
        found = self._tasks.find({"table_id": table_id}, {"number": 1}, session=self._session)
        return list(found.limit(TASKS_PER_EVENT_MAX))

    def all(self, table_id: str) -> Iterator[Task]:
        after = 0
        while page := self.page(table_id, after=after, count_max=TASKS_PER_EVENT_MAX):
            yield from page
            after = page[-1].number


def _parts(rows: Rows) -> Iterator[tuple[int, Rows, int]]:
    """Neighbouring rows that share a document, with the place of their first and how many
    characters they have.
    """
    for start in range(0, len(rows), ROWS_MAX):
        some = rows[start : start + ROWS_MAX]
        characters = sum(map(len, chain.from_iterable(some)))
        if characters <= _CHARACTERS_MAX:
            yield start, some, characters
        else:
            yield from _shorter_parts(start, some)


def _shorter_parts(first: int, rows: Rows) -> Iterator[tuple[int, Rows, int]]:
    """Of rows that are too long to share one: each is looked at."""
    start, characters = 0, 0
    for place, row in enumerate(rows):
        length = sum(map(len, row))
        if place > start and characters + length > _CHARACTERS_MAX:
            yield first + start, rows[start:place], characters
            start, characters = place, 0
        characters += length
    yield first + start, rows[start:], characters


def _together(made: Iterator[tuple[dict[str, Any], int]]) -> Iterator[list[dict[str, Any]]]:
    """What goes to the engine at once: each command costs as much as many rows."""
    documents: list[dict[str, Any]] = []
    characters = 0
    for document, length in made:
        full = len(documents) == _DOCUMENTS_TOGETHER or characters + length > _CHARACTERS_TOGETHER
        if documents and full:
            yield documents
            documents, characters = [], 0
        documents.append(document)
        characters += length
    if documents:
        yield documents


def _moved(row: dict[str, Any], batch: Batch, place: int) -> UpdateOne:
    """To a place behind the batch's own rows, counted from 1: the same one whenever it is moved."""
    chunk = batch.chunk_count + (place - 1) // TASKS_PER_EVENT_MAX
    table_id = batch.table_id or ""
    moved = {
        "table_id": table_id,
        "number": batch.task_count + place,
        "chunk": _chunk(table_id, chunk),
    }
    return UpdateOne({"_id": row["_id"]}, {"$set": moved})


def _chunk(table_id: str, chunk: int) -> str:
    return f"{table_id}:{chunk}"


def ids_of(row: dict[str, Any]) -> list[TaskId]:
    """The tasks of a document; its rows need not have been asked for."""
    if "count" not in row:
        return [row["_id"]]
    return [
        TaskId(row["_id"] + encode_base32(place, _PLACE_CHARACTERS))
        for place in range(row["count"])
    ]


def _tasks(row: dict[str, Any]) -> Iterator[Task]:
    rows = row["rows"] if "rows" in row else [row["cells"]]
    for place, (task_id, cells) in enumerate(zip(ids_of(row), rows, strict=True)):
        yield Task(task_id=task_id, number=row["number"] + place, cells=tuple(cells))
