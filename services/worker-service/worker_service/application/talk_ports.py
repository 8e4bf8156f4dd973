"""What is kept of project talk for workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId


@dataclass(frozen=True)
class TalkAnswer:
    """What a requester answered to a question that was asked with this assignment's ticket; with no
    question, what was written to this worker alone.
    """

    message_id: str
    worker_id: WorkerId
    assignment_id: AssignmentId
    batch_id: BatchId
    question: str
    answer: str
    answered_at: datetime
    reported_at: datetime | None = None

    @property
    def is_letter(self) -> bool:
        return not self.question


class TalkAnswers(Protocol):
    def put(self, answer: TalkAnswer) -> None:
        """Idempotent; whether it was reported stays."""
        ...

    def get(self, message_id: str) -> TalkAnswer | None: ...

    def note_reported(self, message_id: str, at: datetime) -> bool:
        """Whether it was not yet."""
        ...

    def of_worker(self, worker_id: WorkerId, count_max: int) -> Sequence[TalkAnswer]:
        """Newest first."""
        ...

    def forget(self, worker_id: WorkerId) -> None:
        """Delete all of the worker's; idempotent."""
        ...
