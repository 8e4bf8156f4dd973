"""Counters are kept by whoever changes what they count; now and then they are counted anew."""

from datetime import timedelta

import structlog
from crowdloom.kernel import Clock

from matching_service.application.ports import Reader, Store
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.batches import Batch, BatchStatus

log = structlog.get_logger(__name__)

RECOUNTED_EVERY = timedelta(days=1)


class RecountAnswers:
    """Of the batches that had answers since, one a call, each once a day at most. What is counted
    while an answer comes in is left for the next call: the counter says that it came.
    """

    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many batches were counted. Reads as many answers as the batch has."""
        live = self._reader.batches.with_status(BatchStatus.OPEN, BatchStatus.PAUSED)
        due = next((batch for batch in live if self._is_due(batch)), None)
        return 0 if due is None else int(self._recount(due))

    def _is_due(self, batch: Batch) -> bool:
        last = batch.recounted_at or batch.opened_at
        return (
            self._clock.now() - last >= RECOUNTED_EVERY
            and batch.answer_count != batch.recounted_count
        )

    def _recount(self, batch: Batch) -> bool:
        found = self._reader.assignments.count(batch.batch_id, AssignmentStatus.SUBMITTED)
        now, was = self._clock.now(), batch.answer_count
        kept = self._store.run(
            lambda session: session.batches.recount(batch.batch_id, found, was=was, now=now)
        )
        if kept and found != was:
            log.error("counter_drifted", batch_id=batch.batch_id, was=was, found=found)
        return kept
