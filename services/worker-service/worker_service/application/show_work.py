"""My work: what became of everything a worker took on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId

from worker_service.application.ports import DayOfWork, Readers, WorkFilter
from worker_service.application.show_queue import ShowQueue
from worker_service.domain.appeals import AppealStatus
from worker_service.domain.batches import BatchCard
from worker_service.domain.offers import Offer
from worker_service.domain.standing import ITEMS_MAX, Standing, standing_of
from worker_service.domain.work_items import Terms, WorkItem

BATCHES_MAX = 500
"""How many batches a search in one's work looks at, the newest."""


@dataclass(frozen=True)
class WorkPage:
    """`next_before` is the id to ask on with, None on the last page."""

    items: Sequence[WorkItem]
    next_before: AssignmentId | None


@dataclass(frozen=True)
class Workspace:
    """An assignment to work in. `item` is None until its claim has been heard of here, `offer`
    until its batch has: the page shows the task all the same.
    """

    assignment_id: AssignmentId
    item: WorkItem | None
    offer: Offer | None


class ShowWork:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(
        self,
        worker_id: WorkerId,
        *,
        count_max: int,
        wanted: WorkFilter | None = None,
        before: AssignmentId | None = None,
    ) -> WorkPage:
        wanted = wanted or WorkFilter()
        named = self._readers.batches.saying(wanted.words, BATCHES_MAX) if wanted.words else None
        found = self._readers.work_items.page(
            worker_id, wanted=wanted, batch_ids=named, before=before, count_max=count_max + 1
        )
        items = list(found[:count_max])
        more = len(found) > count_max
        return WorkPage(described(items, self._readers), items[-1].assignment_id if more else None)

    def day(self, worker_id: WorkerId, since: datetime) -> DayOfWork:
        """What the worker submitted since `since`."""
        return self._readers.work_items.day_of(worker_id, since)


def described(items: Sequence[WorkItem], readers: Readers) -> list[WorkItem]:
    """With what their batches say, and what became of those done again."""
    cards = readers.batches.many(sorted({item.batch_id for item in items}))
    again = readers.work_items.statuses([item.again_as for item in items if item.again_as])
    return [
        replace(
            item,
            terms=_terms(cards.get(item.batch_id)),
            again_status=again.get(item.again_as) if item.again_as else None,
        )
        for item in items
    ]


def _terms(card: BatchCard | None) -> Terms | None:
    if card is None or card.terms is None:
        return None
    terms = card.terms
    return Terms(terms.title, terms.requester_name, terms.reward, terms.lease_seconds)


class ShowStanding:
    """What became of the worker's newest items, in counts."""

    def __init__(self, readers: Readers, show_work: ShowWork) -> None:
        self._readers = readers
        self._show_work = show_work

    def __call__(self, worker_id: WorkerId) -> Standing:
        page = self._show_work(worker_id, count_max=ITEMS_MAX)
        appeals = self._readers.appeals.of_worker(worker_id)
        contested = {one.assignment_id for one in appeals if one.status is AppealStatus.OPEN}
        tries = self._readers.held.tries_of_worker(worker_id)
        scores = [score for one in tries for score in one.scores]
        told = self._readers.records.get(worker_id).told
        return standing_of(page.items, contested, scores, told)


class OpenWorkspace:
    """An assignment's page. Claims come as events, so a fresh one may not be known here yet."""

    def __init__(self, readers: Readers, queue: ShowQueue) -> None:
        self._readers = readers
        self._queue = queue

    def __call__(
        self, worker_id: WorkerId, assignment_id: AssignmentId, said: BatchId | None = None
    ) -> Workspace:
        """Until the claim is heard of, the batch is the one that the asker says: it tells no more
        than the batch's card. Raises NotFound for another worker's assignment. The task is guarded
        by its ticket.
        """
        item = self._readers.work_items.get(assignment_id)
        if item is not None and item.worker_id not in (None, worker_id):
            raise NotFound("There is no such assignment", assignment_id=assignment_id)
        batch_id = item.batch_id if item else said
        card = self._readers.batches.get(batch_id) if batch_id else None
        [whole] = described([item], self._readers) if item else [None]
        return Workspace(assignment_id, whole, self._queue.offer(card) if card else None)
