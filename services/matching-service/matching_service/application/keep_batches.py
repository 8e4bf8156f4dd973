"""What is done for batches again and again: counting, measuring pay, withdrawing slots."""

from crowdloom.contracts.matching import BatchProgressed, SlotsWithdrawn
from crowdloom.kernel import Clock, Money

from matching_service.application.ports import Reader, Session, Store
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.batches import Batch, BatchStatus, PayPerHour

_WITHDRAWN_AT_ONCE_MAX = 500
_MEASURED_MIN = 5
_HOUR_SECONDS = 3600


class CountProgress:
    """Tells, on change, how many slots of each live batch are open and leased; measures pay."""

    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many batches have moved on."""
        batches = self._reader.batches.with_status(BatchStatus.OPEN, BatchStatus.PAUSED)
        return sum(self._count(batch) for batch in batches)

    def _count(self, batch: Batch) -> bool:
        leased = self._reader.assignments.count(batch.batch_id, AssignmentStatus.LEASED)
        open_count = self._reader.batches.slot_counts(batch.batch_id).open_beside(leased)
        if (batch.open_slot_count, batch.leased_slot_count) == (open_count, leased):
            return False
        event = BatchProgressed(
            batch_id=batch.batch_id,
            open_slot_count=open_count,
            leased_slot_count=leased,
            counted_at=self._clock.now(),
        )

        def work(session: Session) -> bool:
            changed = session.batches.note_progress(batch.batch_id, open_count, leased)
            if changed:
                session.emit(event)
            return changed

        changed = self._store.run(work)
        if changed:
            self._measure(batch)
        return changed

    def _measure(self, batch: Batch) -> None:
        pay = pay_per_hour(batch.reward, self._reader.batches.recent_seconds(batch.batch_id))
        if pay is not None:
            self._store.run(lambda session: session.batches.note_pay(batch.batch_id, pay))


def pay_per_hour(reward: Money, seconds: list[float]) -> PayPerHour | None:
    """Quartiles of what an hour at each of these paces pays; None for too few to say."""
    if len(seconds) < _MEASURED_MIN:
        return None
    slow_to_fast = sorted((max(1.0, one) for one in seconds), reverse=True)
    last = len(slow_to_fast) - 1
    slow, fast = slow_to_fast[round(last * 0.25)], slow_to_fast[round(last * 0.75)]
    return PayPerHour(p25=_hourly(reward, slow), p75=_hourly(reward, fast), n=len(seconds))


def _hourly(reward: Money, seconds: float) -> Money:
    return Money(int(reward.units * _HOUR_SECONDS // seconds), reward.currency)


class WithdrawSlots:
    """Closes the open slots of cancelled batches, some hundred tasks at once, and says how many.

    Slots that come back later, by return or expiry, are withdrawn in the same way.
    """

    def __init__(self, *, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    def __call__(self) -> int:
        """Returns how many slots were withdrawn."""
        cancelled = self._reader.batches.with_status(BatchStatus.CANCELLED)
        return sum(self._withdraw(batch) for batch in cancelled if self._is_open(batch))

    def _is_open(self, batch: Batch) -> bool:
        # A few reads, so that a batch that waits for its last lease costs no transaction.
        leased = self._reader.assignments.count(batch.batch_id, AssignmentStatus.LEASED)
        return self._reader.batches.slot_counts(batch.batch_id).open_beside(leased) > 0

    def _withdraw(self, batch: Batch) -> int:
        def work(session: Session) -> int:
            count = session.tasks.withdraw_open(batch.batch_id, _WITHDRAWN_AT_ONCE_MAX)
            if count:
                revision = session.batches.withdraw(batch.batch_id, count)
                session.emit(
                    SlotsWithdrawn(
                        batch_id=batch.batch_id,
                        revision=revision,
                        slot_count=count,
                        leased_slot_count=session.assignments.count(
                            batch.batch_id, AssignmentStatus.LEASED
                        ),
                    )
                )
            return count

        return self._store.run(work)
