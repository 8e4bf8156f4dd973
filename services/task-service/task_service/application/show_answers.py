"""Answers beside their inputs, to be decided; and what the answers to each task say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crowdloom.kernel.ids import TaskId

from task_service.application.ports import Reader, Task
from task_service.domain.batches import Batch
from task_service.domain.consensus import Consensus, majority
from task_service.domain.submissions import Submission, SubmissionStatus


@dataclass(frozen=True)
class Answered:
    """A submission with the row it answers."""

    submission: Submission
    number: int | None
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class TaskResult:
    """A task with all its submissions, and the majority of those that were not rejected."""

    task: Task
    inputs: Mapping[str, str]
    submissions: Sequence[Submission]
    consensus: Mapping[str, Consensus]


class ShowAnswers:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def page(
        self,
        batch: Batch,
        *,
        status: SubmissionStatus | None,
        after: str | None = None,
        count_max: int,
        held: bool | None = None,
    ) -> list[Answered]:
        """Oldest first, ids above `after`; `held` as the port says."""
        found = self._reader.submissions.page(
            batch.batch_id, status=status, after=after, count_max=count_max, held=held
        )
        tasks = {task_id: self._reader.tasks.get(task_id) for task_id in _ids_of(found)}
        return [_answered(batch, one, tasks[one.task_id]) for one in found]

    def by_task(self, batch: Batch, *, after: int = 0, count_max: int) -> list[TaskResult]:
        """Tasks in the table's order, numbers above `after`."""
        if batch.table_id is None:
            return []
        found = self._reader.tasks.page(batch.table_id, after=after, count_max=count_max)
        return [self._result(batch, task) for task in found]

    def _result(self, batch: Batch, task: Task) -> TaskResult:
        submissions = self._reader.submissions.of_tasks(task.task_id)
        counted = [one.answer for one in submissions if one.counts]
        return TaskResult(task, _inputs(batch, task), submissions, majority(counted))


def _ids_of(submissions: Sequence[Submission]) -> list[TaskId]:
    return list(dict.fromkeys(one.task_id for one in submissions))


def _answered(batch: Batch, submission: Submission, task: Task | None) -> Answered:
    if task is None:
        return Answered(submission, None, {})
    return Answered(submission, task.number, _inputs(batch, task))


def _inputs(batch: Batch, task: Task) -> dict[str, str]:
    return dict(zip(batch.columns, task.cells, strict=True))
