"""Turn finished work into measured pay per hour: a job, so that the event path stays one write."""

from collections import defaultdict

from crowdloom.kernel.ids import BatchId

from worker_service.application.ports import Session, Store
from worker_service.domain.pay import duration_ms

ITEMS_MAX = 500


class MeasurePay:
    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self) -> int:
        """Measure some finished work; returns how much. Each item counts once: the mark that it
        is measured commits with the measurement.
        """
        return self._store.run(_measure)


def _measure(session: Session) -> int:
    finished = session.work_items.unmeasured(ITEMS_MAX)
    by_batch: dict[BatchId, list[int]] = defaultdict(list)
    for work in finished:
        by_batch[work.batch_id].append(duration_ms(work.claimed_at, work.submitted_at))
    for batch_id, durations_ms in by_batch.items():
        session.batches.add_durations(batch_id, durations_ms)
    session.work_items.mark_measured([work.assignment_id for work in finished])
    return len(finished)
