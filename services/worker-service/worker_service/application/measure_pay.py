"""Turn finished work into measured pay per hour: a job, so that the event path stays one write."""

from collections import defaultdict

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, RequesterId

from worker_service.application.ports import Session, Store
from worker_service.domain.pay import duration_ms, rate

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
        if work.begun_at is not None:
            by_batch[work.batch_id].append(duration_ms(work.begun_at, work.submitted_at))
    for batch_id, durations_ms in by_batch.items():
        session.batches.add_durations(batch_id, durations_ms)
    _measure_requesters(session, by_batch)
    session.work_items.mark_measured([work.assignment_id for work in finished])
    return len(finished)


def _measure_requesters(session: Session, by_batch: dict[BatchId, list[int]]) -> None:
    """What the same answers say about who pays for them. Where the batch is not known yet, its
    requester is measured by later answers: a median needs no completeness.
    """
    hourly: dict[RequesterId, list[Money]] = defaultdict(list)
    for batch_id, card in session.batches.many(sorted(by_batch)).items():
        if card.terms is not None:
            rates = [rate(card.terms.reward, each_ms) for each_ms in by_batch[batch_id]]
            hourly[card.terms.requester_id] += rates
    for requester_id, rates in hourly.items():
        session.requesters.add_hourly(requester_id, rates)
