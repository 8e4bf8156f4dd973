"""A neutral reviewer reads both sides of an appeal, asks, and decides once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crowdloom.chassis.operations import Figure
from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId

from worker_service.application.ports import Readers, Session, Store
from worker_service.application.translate import appeal_decided
from worker_service.domain.appeals import Appeal, Side
from worker_service.domain.batches import BatchTerms

OPEN_LISTED_MAX = 200


@dataclass(frozen=True)
class Case:
    """An appeal beside the terms under which the work was done, None until they are known here."""

    appeal: Appeal
    terms: BatchTerms | None


class ReviewAppeals:
    def __init__(self, store: Store[Session], readers: Readers, clock: Clock) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock

    def waiting(self) -> Sequence[Case]:
        """Open appeals, the longest waiting first."""
        appeals = self._readers.appeals.waiting(OPEN_LISTED_MAX)
        cards = self._readers.batches.many(sorted({appeal.batch_id for appeal in appeals}))
        terms = {batch_id: card.terms for batch_id, card in cards.items()}
        return [Case(appeal, terms.get(appeal.batch_id)) for appeal in appeals]

    def figures(self) -> Mapping[str, Figure]:
        return {
            "appeal_overdue_seconds": Figure(
                "Time since the first open appeal should have been decided", self._overdue_seconds
            )
        }

    def _overdue_seconds(self) -> float:
        first = next(iter(self._readers.appeals.waiting(1)), None)
        if first is None:
            return 0.0
        return max(0.0, (self._clock.now() - first.decide_by).total_seconds())

    def show(self, assignment_id: AssignmentId) -> Case:
        """Raises NotFound."""
        appeal = _existing(self._readers.appeals.get(assignment_id), assignment_id)
        card = self._readers.batches.get(appeal.batch_id)
        return Case(appeal, card.terms if card else None)

    def say(self, assignment_id: AssignmentId, text: str) -> Appeal:
        """Raises NotFound, AppealOver, InvalidInput."""

        def work(session: Session) -> Appeal:
            known = _existing(session.appeals.get(assignment_id), assignment_id)
            appeal = known.with_message(Side.REVIEWER, text, self._clock.now())
            session.appeals.put(appeal)
            return appeal

        return self._store.run(work)

    def decide(
        self, assignment_id: AssignmentId, *, upheld: bool, reason: str, reviewer: str
    ) -> Appeal:
        """Final; `reviewer` is kept with it. Raises NotFound, AppealOver, InvalidInput."""

        def work(session: Session) -> Appeal:
            known = _existing(session.appeals.get(assignment_id), assignment_id)
            appeal = known.with_decision(
                upheld=upheld, reason=reason, by=reviewer, now=self._clock.now()
            )
            session.appeals.put(appeal)
            session.work_items.count_again(assignment_id)
            session.emit(appeal_decided(appeal))
            return appeal

        return self._store.run(work)


def _existing(appeal: Appeal | None, assignment_id: AssignmentId) -> Appeal:
    if appeal is None:
        raise NotFound("There is no such appeal", assignment_id=assignment_id)
    return appeal
