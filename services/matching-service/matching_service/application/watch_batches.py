"""What an operator sees of the batches that are live: who gets on, and who starves."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId

from matching_service.application.ports import Reader
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.batches import Batch, BatchStatus
from matching_service.domain.routing import is_starving

LIVE = (BatchStatus.OPEN, BatchStatus.PAUSED, BatchStatus.CANCELLED)


@dataclass(frozen=True)
class LiveBatch:
    """`counts` are its assignments by status; `open_slot_count` slots nobody holds."""

    batch: Batch
    open_slot_count: int
    counts: Mapping[AssignmentStatus, int]
    starving: bool

    @property
    def claimed_total(self) -> int:
        return sum(self.counts.values())


class WatchBatches:
    """Counts when asked, for the batches of one page alone. Blocks for some reads each."""

    def __init__(self, *, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def __call__(self, *, after: BatchId | None, count_max: int) -> list[LiveBatch]:
        """Batches that are not completed, in order of their ids."""
        page = self._reader.batches.page(*LIVE, after=after, count_max=count_max)
        return [self._live(batch) for batch in page]

    def _live(self, batch: Batch) -> LiveBatch:
        slots = self._reader.batches.slot_counts(batch.batch_id)
        counts: dict[AssignmentStatus, int] = {
            status: self._reader.assignments.count(batch.batch_id, status)
            for status in AssignmentStatus
            if status is not AssignmentStatus.SUBMITTED
        }
        return LiveBatch(
            batch=batch,
            open_slot_count=slots.open_beside(counts[AssignmentStatus.LEASED]),
            counts={**counts, AssignmentStatus.SUBMITTED: slots.submitted},
            starving=is_starving(batch, self._clock.now()),
        )
