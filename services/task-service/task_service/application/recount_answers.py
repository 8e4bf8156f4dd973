"""Tallies are kept by whoever changes an answer; now and then the answers are counted anew."""

from datetime import datetime, timedelta
from typing import Protocol

import structlog
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId

from task_service.application.ports import Reader
from task_service.domain.batches import LIVE
from task_service.domain.tallies import Tally

log = structlog.get_logger(__name__)

RECOUNTED_EVERY = timedelta(days=1)


class Tallies(Protocol):
    """Blocking; both raise TransientError."""

    def recounted_at(self, batch_ids: list[BatchId]) -> dict[BatchId, datetime | None]:
        """Of those that have a tally; None for one that was never counted anew."""
        ...

    def recount(self, batch_id: BatchId, now: datetime) -> Tally:
        """Count all answers, mend the tally by what it lacked, and return that."""
        ...


class RecountAnswers:
    """Of live batches in which something changed since, one a call, each once a day at most."""

    def __init__(self, *, tallies: Tallies, reader: Reader, clock: Clock) -> None:
        self._tallies = tallies
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many batches were counted. Reads as many answers as the batch has."""
        live = [batch.batch_id for batch in self._reader.batches.with_status(*LIVE)]
        last = self._tallies.recounted_at(live)
        due = next((one for one in live if one in last and self._is_due(one, last[one])), None)
        if due is None:
            return 0
        missing = self._tallies.recount(due, self._clock.now())
        if missing != Tally():
            log.error("tally_drifted", batch_id=due, **vars(missing))
        return 1

    def _is_due(self, batch_id: BatchId, last: datetime | None) -> bool:
        if last is None:
            return True
        is_old = self._clock.now() - last >= RECOUNTED_EVERY
        return is_old and self._reader.submissions.changed_since(batch_id, last)
