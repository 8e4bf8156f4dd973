"""Rows that a requester marked with their known answers. The same contract as in `ports`."""

from typing import Protocol

from crowdloom.kernel.answer_keys import AnswerKey
from crowdloom.kernel.ids import BatchId


class KnownAnswers(Protocol):
    """By the row's number, which stays: a row that waits for a pilot becomes another task."""

    def get(self, batch_id: BatchId, number: int) -> AnswerKey:
        """Empty where the row is not marked."""
        ...

    def numbers(self, batch_id: BatchId) -> set[int]:
        """Of all marked rows."""
        ...

    def put(self, batch_id: BatchId, number: int, key: AnswerKey) -> None:
        """An empty key takes the mark away."""
        ...

    def copy(self, batch_id: BatchId, other_id: BatchId) -> None:
        """To a batch with the same rows."""
        ...

    def forget(self, batch_id: BatchId) -> None:
        """Of all its rows."""
        ...
