"""What project talk needs to be kept."""

from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import BatchId, Pseudonym

from task_service.domain.talk import Message


class Messages(Protocol):
    def put(self, message: Message) -> None:
        """Write it as it is now; idempotent."""
        ...

    def get(self, message_id: str) -> Message | None: ...

    def of_batch(self, batch_id: BatchId, count_max: int) -> list[Message]:
        """Oldest first."""
        ...

    def count_of_batch(self, batch_id: BatchId) -> int: ...

    def count_of_worker(self, batch_id: BatchId, pseudonym: Pseudonym, since: datetime) -> int: ...

    def reported(self, count_max: int) -> list[Message]:
        """Those that somebody reported and nobody has judged, oldest first."""
        ...

    def hidden(self, count_max: int) -> list[Message]:
        """Newest first."""
        ...
