"""What batches that grow need of their repository. The same contract as in `ports`."""

from typing import Protocol

from crowdloom.kernel.ids import BatchId

from task_service.domain.batches import Addition, Batch, Widening


class GrowingBatches(Protocol):
    def complete(self, batch_id: BatchId) -> bool:
        """Complete a live batch that does not grow just now; returns whether it was."""
        ...

    def hold_back(self, batch: Batch, task_count: int, addition: Addition) -> bool:
        """Leave a draft so many of its tasks, the rest to the addition; False where it changed."""
        ...

    def set_addition(self, batch: Batch, addition: Addition | None) -> bool:
        """Put it in place of the batch's own, if that and the status are as they were read."""
        ...

    def ask_addition(self, batch: Batch, addition: Addition) -> int | None:
        """The same for one that asks for funds; returns the batch's new revision."""
        ...

    def join_addition(self, batch: Batch, *, earlier_units: int) -> bool:
        """Let a funded one's tasks count and its terms hold; returns whether it was not before."""
        ...

    def note_widened(self, batch_id: BatchId, widening: Widening) -> bool:
        """Note that its next chunk is released, if it is still the next one."""
        ...
