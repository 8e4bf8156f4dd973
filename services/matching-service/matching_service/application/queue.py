"""What a worker may work on, and why he may not."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, WorkerId

from matching_service.application.eligibility import Eligibility
from matching_service.application.ports import Reader
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.batches import Batch, BatchStatus
from matching_service.domain.requirements import Reason


@dataclass(frozen=True)
class QueueItem:
    batch: Batch
    reasons: list[Reason]

    @property
    def why_not(self) -> str | None:
        return self.reasons[0].code if self.reasons else None


class Queue:
    def __init__(self, *, reader: Reader, eligibility: Eligibility) -> None:
        self._reader = reader
        self._eligibility = eligibility

    def items(
        self,
        worker_id: WorkerId,
        *,
        after: BatchId | None,
        count_max: int,
        device: str | None = None,
    ) -> list[QueueItem]:
        """Open batches in order of their ids, with the reason where this worker is given none."""
        profile = self._reader.workers.get(worker_id)
        batches = self._reader.batches.page(BatchStatus.OPEN, after=after, count_max=count_max)
        reasons = self._eligibility.reasons
        return [QueueItem(batch, reasons(batch, worker_id, profile, device)) for batch in batches]

    def counts(self, batch_id: BatchId) -> Mapping[AssignmentStatus, int]:
        """How many assignments of the batch are in each status. Raises NotFound."""
        if self._reader.batches.get(batch_id) is None:
            raise NotFound("There is no such batch", batch_id=batch_id)
        return self._reader.assignments.counts(batch_id)
