"""Rows that a requester marked with their known answers. The same contract as in `ports`."""

from typing import Protocol

from crowdloom.kernel.answer_keys import AnswerKey
from crowdloom.kernel.ids import TaskId


class KnownAnswers(Protocol):
    def get(self, task_id: TaskId) -> AnswerKey:
        """Empty where the row is not marked."""
        ...

    def put(self, task_id: TaskId, key: AnswerKey) -> None:
        """An empty key takes the mark away."""
        ...
