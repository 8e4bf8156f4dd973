"""Results: raw answers and the consensus, streamed task by task."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import Any

from crowdloom.kernel.clock import format_instant

from task_service.application.ports import Reader, Task
from task_service.domain.batches import Batch
from task_service.domain.consensus import joined, majority
from task_service.domain.spreadsheets import defused
from task_service.domain.submissions import Submission

_PAGE = 100
META = {
    "task_id": "The task, one row of the table",
    "submission_id": "The answer",
    "worker": "Who answered: always the same short name for the same person, here alone",
    "status": "submitted (waits for a decision), accepted, rejected, or returned (sent back)",
    "submitted_at": "When it came in, UTC",
    "seconds": "From claim to submission",
    "reason": "What the worker reads: why it was rejected, or what to do again",
}
"""The columns of the tidy form that are neither the table's nor the answer's."""


class Results:
    """Every format names pseudonyms, never more."""

    def __init__(self, *, reader: Reader) -> None:
        self._reader = reader

    def jsonl(self, batch: Batch) -> Iterator[str]:
        """One line a submission, byte for byte what came in."""
        for task, submissions in self.by_task(batch):
            for submission in submissions:
                document = _record(batch, task, submission)
                yield json.dumps(document, ensure_ascii=False) + "\n"

    def tidy(self, batch: Batch) -> Iterator[str]:
        """One row a submission: the table's columns, the answer's fields, what became of it. Cells
        that a spreadsheet would run as a formula are quoted with an apostrophe.
        """
        return map(_line, self.tidy_rows(batch))

    def tidy_rows(self, batch: Batch) -> Iterator[list[str]]:
        """The tidy form's cells, as they are."""
        fields = self.fields(batch)
        yield [*batch.columns, *(f"answer.{name}" for name in fields), *META]
        for task, submissions in self.by_task(batch):
            for submission in submissions:
                answer = joined(submission.answer)
                answered = [answer.get(name, "") for name in fields]
                yield [*task.cells, *answered, *_meta(task, submission)]

    def table(self, batch: Batch) -> Iterator[str]:
        """The table with what most answers say added, and a column that says what is missing or
        contested.
        """
        fields = self.fields(batch)
        yield _line([*batch.columns, *(f"answer.{name}" for name in fields), "crowdloom.status"])
        for task, submissions in self.by_task(batch):
            found = majority([one.answer for one in submissions if one.counts])
            values = [found[name].value if name in found else "" for name in fields]
            contested = "contested" if any(one.tied for one in found.values()) else ""
            yield _line([*task.cells, *values, contested if found else "missing"])

    def consensus(self, batch: Batch) -> Iterator[str]:
        """One row a task: the table's columns, and for every field the majority and its votes."""
        fields = self.fields(batch)
        head = [f"{part}.{name}" for name in fields for part in ("consensus", "votes", "tied")]
        yield _line([*batch.columns, "task_id", "answers", *head])
        for task, submissions in self.by_task(batch):
            counted = [one.answer for one in submissions if one.counts]
            found = majority(counted)
            cells: list[str] = []
            for name in fields:
                won = found.get(name)
                tied = "yes" if won and won.tied else ""
                cells += [won.value, f"{won.votes}/{won.n}", tied] if won else ["", "", ""]
            yield _line([*task.cells, task.task_id, str(len(counted)), *cells])

    def fields(self, batch: Batch) -> list[str]:
        """The fields that answers have, sorted."""
        return self._reader.submissions.answer_fields(batch.batch_id)

    def by_task(self, batch: Batch) -> Iterator[tuple[Task, list[Submission]]]:
        """Tasks in the table's order, with their submissions in the order they came; a page of
        tasks is in memory at a time.
        """
        for page in _pages(self.tasks(batch), _PAGE):
            answers: dict[str, list[Submission]] = {task.task_id: [] for task in page}
            for submission in self._reader.submissions.of_tasks(*(task.task_id for task in page)):
                answers[submission.task_id].append(submission)
            for task in page:
                yield task, answers[task.task_id]

    def tasks(self, batch: Batch) -> Iterator[Task]:
        """In the table's order."""
        rows = self._reader.tasks.all(batch.table_id) if batch.table_id else iter(())
        return takewhile(lambda task: task.number <= batch.task_count, rows)

    def submissions(self, batch: Batch) -> Iterator[Submission]:
        """Oldest first."""
        return self._reader.submissions.all(batch.batch_id)


def _pages(items: Iterable[Task], size: int) -> Iterator[list[Task]]:
    left = iter(items)
    while page := list(islice(left, size)):
        yield page


def _record(batch: Batch, task: Task, submission: Submission) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "row": task.number,
        "input": dict(zip(batch.columns, task.cells, strict=True)),
        "submission_id": submission.submission_id,
        "pseudonym": submission.pseudonym,
        "answer": [list(pair) for pair in submission.answer],
        "status": str(submission.status),
        "submitted_at": format_instant(submission.submitted_at),
        "seconds": round(submission.seconds, 1),
        "reason": submission.reason,
    }


def _meta(task: Task, submission: Submission) -> list[str]:
    return [
        task.task_id,
        submission.submission_id,
        submission.pseudonym,
        str(submission.status),
        format_instant(submission.submitted_at),
        f"{submission.seconds:.1f}",
        submission.reason or "",
    ]


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([defused(cell) for cell in cells])
    return text.getvalue()
