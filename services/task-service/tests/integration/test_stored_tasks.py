"""Tasks as they are stored: many to a document, none of that seen from outside."""

from collections.abc import Iterator
from typing import Any

import pytest
from task_service.adapters.mongo_tasks import ROWS_MAX
from task_service.application.ports import Tasks
from task_service.bootstrap import Application
from task_service.domain.batches import Batch

TABLE = "rqt_of_stored_tasks"
OTHER = "rqt_that_waits"
LONG = "x" * 40_000


@pytest.fixture
def tasks(application: Application) -> Iterator[Tasks]:
    yield application.reader.tasks
    for table in (TABLE, OTHER):
        application.reader.tasks.forget(table)


def rows(count: int, first: int = 1) -> list[tuple[str, str]]:
    return [(str(number), f"Row {number}") for number in range(first, first + count)]


def cells(tasks: Tasks, table: str = TABLE) -> list[str]:
    return [task.cells[0] for task in tasks.all(table)]


def test_a_long_table_takes_few_documents_and_every_task_is_found_by_its_id(
    tasks: Tasks, application: Application
) -> None:
    assert tasks.add(TABLE, rows(1_203)) == 1_203
    documents = list(application.database["tasks"].find({"table_id": TABLE}))
    assert len(documents) == -(-1_203 // ROWS_MAX)
    listed = list(tasks.all(TABLE))
    assert [task.number for task in listed] == list(range(1, 1_204))
    assert len({task.task_id for task in listed}) == 1_203
    for task in (listed[0], listed[99], listed[100], listed[-1]):
        assert tasks.get(task.task_id) == task
    beyond = listed[-1].task_id[:-2] + "zz"
    assert tasks.get(beyond) is None  # type: ignore[arg-type]
    chunks = [tasks.chunk(TABLE, number) for number in range(4)]
    assert [len(chunk) for chunk in chunks] == [500, 500, 203, 0]
    assert [one for chunk in chunks for one in chunk] == [task.task_id for task in listed]
    assert [task.number for task in tasks.page(TABLE, after=98, count_max=4)] == [99, 100, 101, 102]


def test_long_rows_share_no_document(tasks: Tasks, application: Application) -> None:
    tasks.add(TABLE, [(LONG,), ("short",), (LONG,), (LONG,)])
    found = application.database["tasks"].find({"table_id": TABLE})
    assert sorted(row["number"] for row in found) == [1, 3, 4]
    assert [len(cell) for cell in cells(tasks)] == [40_000, 5, 40_000, 40_000]


def test_rows_are_forgotten_from_the_middle_of_a_document(tasks: Tasks) -> None:
    tasks.add(TABLE, rows(250))
    tasks.forget(TABLE, after=110)
    assert cells(tasks) == [str(number) for number in range(1, 111)]
    assert len(tasks.chunk(TABLE, 0)) == 110
    tasks.add(TABLE, rows(3, first=111), after=110, first_chunk=1)
    assert cells(tasks)[-4:] == ["110", "111", "112", "113"]
    assert [len(tasks.chunk(TABLE, chunk)) for chunk in (0, 1)] == [110, 3]


def test_waiting_rows_join_in_whole_chunks_whatever_stood_before_them(
    tasks: Tasks, requester: Any, application: Application
) -> None:
    made = requester.batch_with_tasks()
    batch: Batch = application.batches.get(requester.requester_id, made["batch_id"])
    table = batch.table_id or ""
    tasks.add(TABLE, rows(450))
    tasks.add(OTHER, rows(120, first=451), lead=450)
    for _again in range(2):
        tasks.adopt(batch, TABLE, after=0)
        tasks.adopt(batch, OTHER, after=450)
    assert cells(tasks, table)[2:] == [str(number) for number in range(1, 571)]
    assert [len(tasks.chunk(table, chunk)) for chunk in range(3)] == [2, 500, 70]


def test_tasks_of_an_earlier_version_are_read_as_they_are(
    tasks: Tasks, application: Application
) -> None:
    """One document each."""
    old = [
        {"_id": f"tsk_old_{n}", "table_id": TABLE, "chunk": f"{TABLE}:0", "number": n, "cells": [c]}
        for n, c in enumerate("abc", start=1)
    ]
    application.database["tasks"].insert_many(old)
    assert cells(tasks) == ["a", "b", "c"]
    assert tasks.chunk(TABLE, 0) == ["tsk_old_1", "tsk_old_2", "tsk_old_3"]
    found = tasks.get("tsk_old_2")  # type: ignore[arg-type]
    assert found is not None
    assert (found.number, found.cells) == (2, ("b",))
    tasks.forget(TABLE, after=2)
    tasks.add(TABLE, [("d",)], after=2, first_chunk=1)
    assert cells(tasks) == ["a", "b", "d"]
