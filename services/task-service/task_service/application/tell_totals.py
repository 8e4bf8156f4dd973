"""Control totals: how much work was accepted, and how many slots are still to be paid for, told
once more by counting instead of one by one.

payment-service compares them with what it settled, so that an event that was lost on the way, or
counted twice, is found by figures that were not made from events.
"""

from datetime import UTC, date, datetime, time, timedelta

from crowdloom.contracts.task import BatchTotals
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId

from task_service.application.ports import Reader, Session, Store

# Longer than a transaction may take: what was decided before has been committed by now.
_SETTLED = timedelta(seconds=10)
_BATCHES_TOGETHER_MAX = 100


class TellTotals:
    """A job; returns how many totals it told. Repeating it changes nothing."""

    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        as_of = self._clock.now() - _SETTLED
        told_to = self._reader.totals.told_to()
        if told_to is not None and told_to >= as_of:
            return 0
        touched, reached = self._reader.totals.touched(told_to, as_of, _BATCHES_TOGETHER_MAX)
        totals = [
            event
            for batch_id, on in sorted(touched)
            if (event := self._total(batch_id, on, reached)) is not None
        ]

        def work(session: Session) -> int:
            if not session.totals.tell(was=told_to, now=reached):
                return 0
            session.emit(*totals)
            return len(totals)

        return self._store.run(work)

    def _total(self, batch_id: BatchId, on: date, as_of: datetime) -> BatchTotals | None:
        batch = self._reader.batches.get(batch_id)
        if batch is None:
            return None
        first = datetime.combine(on, time(), tzinfo=UTC)
        last = min(first + timedelta(days=1) - timedelta(milliseconds=1), as_of)
        counted = self._reader.totals.accepted(batch_id, first, last)
        return BatchTotals(
            batch_id=batch_id,
            on=on.isoformat(),
            accepted_count=counted.accepted_count,
            overturned_count=counted.overturned_count,
            rewards=batch.terms.reward * counted.accepted_count,
            as_of=last,
            slot_count=batch.slot_count,
            unsettled_slot_count=batch.slot_count
            - self._reader.totals.settled_slots(batch_id, last),
        )
