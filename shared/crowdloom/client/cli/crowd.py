"""Simulated workers for the sandbox: ordinary clients that answer from a file."""

import csv
import json
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from crowdloom.client.api import Json, Problem
from crowdloom.client.people import Answer, Worker

_PAUSE_SECONDS = 0.3
_FIRST_SECONDS_MAX = 30
_INPUT, _ANSWER = "Input.", "Answer."
Row = Mapping[str, str]


def read_answers(path: Path) -> list[Row]:
    """Rows of strings from CSV or JSON lines; a results file in Mechanical Turk's form works too.

    Raises ClickException where there is nothing in it.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix.lower() == ".csv":
            rows: list[Row] = [dict(row) for row in csv.DictReader(file)]
        else:
            rows = [_flat(json.loads(line)) for line in file if line.strip()]
    if not rows:
        raise click.ClickException(f"{path} has no answers")
    return rows


class Answers:
    """Rows by the task they answer. Several rows of one task are several workers' answers."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)
        self._by_task: dict[str, deque[Row]] = {}
        self._columns: tuple[str, ...] = ()

    def take(self, inputs: Row) -> Answer | None:
        """The task's next answer; the last one serves again and again. None where there is none."""
        if not self._columns:
            self._sort(tuple(inputs))
        found = self._by_task.get(self._task(inputs))
        if not found:
            return None
        row = found.popleft() if len(found) > 1 else found[0]
        taken = {name.removeprefix(_ANSWER): text for name, text in row.items() if self._is(name)}
        return [(name, text) for name, text in taken.items() if text]

    def _sort(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        grouped: dict[str, deque[Row]] = defaultdict(deque)
        for row in self._rows:
            plain = {name.removeprefix(_INPUT): text for name, text in row.items()}
            grouped[self._task(plain)].append(row)
        self._by_task = dict(grouped)

    def _is(self, name: str) -> bool:
        """Whether a column holds an answer: with the prefixes of a results file only those do."""
        if any(column.startswith(_ANSWER) for column in self._rows[0]):
            return name.startswith(_ANSWER)
        return name not in self._columns

    def _task(self, row: Row) -> str:
        return json.dumps([row.get(name, "") for name in self._columns])


class Crowd:
    def __init__(self, url: str, *, count: int, answers: Iterable[Row]) -> None:
        self._workers = [Worker.sign_up(url) for _ in range(count)]
        self._answers = Answers(answers)
        self._left: set[str] = set()
        self._without: set[str] = set()

    def work(self, batch_id: str, *, patient: bool) -> Json:
        """Answer in turns until nobody gets anything; `patient` waits for a batch to open."""
        submitted = 0
        deadline = time.monotonic() + (_FIRST_SECONDS_MAX if patient else 0)
        while True:
            done = sum(self._one(worker, batch_id) for worker in self._workers)
            submitted += done
            if done == 0 and (submitted or time.monotonic() > deadline):
                break
            if done == 0:
                time.sleep(_PAUSE_SECONDS)
        return {
            "workers": len(self._workers),
            "submitted": submitted,
            "without_answer": len(self._without),
        }

    def _one(self, worker: Worker, batch_id: str) -> int:
        """Returns how many answers were given: one or none."""
        if worker.worker_id in self._left:
            return 0
        assignment = _claim(worker, batch_id)
        if assignment is None:
            return 0
        answer = self._answers.take(worker.load(assignment)["input"])
        if not answer:
            self._without.add(assignment["task_id"])
            # Given back it would come again at once: this worker is done.
            self._left.add(worker.worker_id)
            worker.give_back(assignment["assignment_id"])
            return 0
        worker.submit(assignment, answer)
        return 1


def _claim(worker: Worker, batch_id: str) -> Json | None:
    try:
        return worker.claim(batch_id)
    except Problem as problem:
        # A batch that has just opened may not be known where work is given out.
        if problem.code == "not_found":
            return None
        raise


def _flat(line: Any) -> Row:
    """`{"input": {...}, "answer": {...}}`, or both in one object."""
    if not isinstance(line, dict):
        raise click.ClickException("Each line of answers is a JSON object")
    parts: Json = {**line.pop("input", {}), **_answer_of(line.pop("answer", {})), **line}
    return {str(name): str(value) for name, value in parts.items()}


def _answer_of(answer: Any) -> Json:
    pairs = answer.items() if isinstance(answer, dict) else answer
    return {f"{_ANSWER}{name}": value for name, value in pairs}
