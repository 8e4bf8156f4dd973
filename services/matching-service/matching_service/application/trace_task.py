"""One task from its publication on, for an operator who asks what became of it.

Here stands whom it was given to and when each lease ended; what came of an answer and of its
reward is told by the services that own these. Nobody is named: a trace is of the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import PREFIXES, AssignmentId, TaskId

from matching_service.application.ports import Reader
from matching_service.application.task_ports import OpenTask
from matching_service.domain.assignments import Assignment
from matching_service.domain.batches import Batch

ASSIGNMENTS_MAX = 100


@dataclass(frozen=True)
class Trace:
    """`given` are the assignments in the order of their claims, each with when it ended; `asked`
    the one that was asked for, None where the task was.
    """

    batch: Batch
    task: OpenTask
    given: Sequence[tuple[Assignment, datetime | None]]
    asked: AssignmentId | None


class TraceTask:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self, name: str) -> Trace:
        """By the id of the task, or of one of its assignments. Raises NotFound."""
        asked = AssignmentId(name) if name.startswith(f"{PREFIXES['assignment']}_") else None
        assignment = self._reader.assignments.get(asked) if asked else None
        task_id = assignment.task_id if assignment else TaskId(name)
        found = self._reader.tasks.find(task_id)
        batch = self._reader.batches.get(found[0]) if found else None
        if found is None or batch is None:
            raise NotFound("There is no such task or assignment", name=name)
        task = found[1]
        given = self._reader.assignments.of_task(task_id, task.workers, ASSIGNMENTS_MAX)
        return Trace(batch, task, given, asked)
