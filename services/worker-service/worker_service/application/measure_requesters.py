"""Turn decided work into facts about its requester: a job, so that an event stays one write."""

from collections import defaultdict

from crowdloom.kernel.ids import RequesterId

from worker_service.application.ports import Session, Store
from worker_service.domain.requesters import Judged

ITEMS_MAX = 500


class MeasureRequesters:
    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self) -> int:
        """Measure some decisions; returns how many. Each counts once: the mark that it is measured
        commits with the measurement.
        """
        return self._store.run(_measure)


def _measure(session: Session) -> int:
    decided = session.work_items.unjudged(ITEMS_MAX)
    cards = session.batches.many(sorted({work.batch_id for work in decided}))
    by_requester: dict[RequesterId, list[Judged]] = defaultdict(list)
    measured = []
    for work in decided:
        card = cards.get(work.batch_id)
        if card is not None and card.terms is not None:
            by_requester[card.terms.requester_id].append(work.judged)
            measured.append(work.assignment_id)
    for requester_id, judged in by_requester.items():
        session.requesters.add(requester_id, judged)
    session.work_items.mark_judged(measured)
    return len(measured)
