"""Where a worker stands, in counts of what became of the newest work. No grade, and no verdict."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from crowdloom.kernel.ids import AssignmentId

from worker_service.domain.qualifications import KnownItems
from worker_service.domain.work_items import Status, WorkItem

ITEMS_MAX = 500
"""The newest count: one can become better."""


@dataclass(frozen=True)
class Verdicts:
    """What one requester decided."""

    requester_name: str
    accepted: int
    rejected: int


@dataclass(frozen=True)
class KnownAnswers:
    """How many percent of answers that are known were right, over `n` tries of tests."""

    n: int
    percent: int


@dataclass(frozen=True)
class Standing:
    """`n` newest items; each is counted under one of the rest. A rejection under appeal is in
    `under_appeal` alone. `known` is None where no test was tried, `items` where too few answers to
    known items were told.
    """

    n: int
    accepted: int
    rejected: int
    under_appeal: int
    in_review: int
    in_work: int
    sent_back: int
    returned: int
    expired: int
    by_requester: Sequence[Verdicts]
    known: KnownAnswers | None = None
    items: KnownItems | None = None

    @property
    def decided(self) -> int:
        return self.accepted + self.rejected

    @property
    def acceptance(self) -> float | None:
        """A ratio from 0 to 1; None while nothing is decided."""
        return self.accepted / self.decided if self.decided else None

    def share(self, count: int) -> float:
        return count / self.n if self.n else 0.0


def standing_of(
    items: Sequence[WorkItem],
    contested: Collection[AssignmentId],
    scores: Sequence[int] = (),
    told: KnownItems | None = None,
) -> Standing:
    """From the newest items with their terms, the assignments whose appeal is open, the percent
    reached at each try of a test, and what is told of known items.
    """
    counted = [item for item in items if item.assignment_id not in contested]
    by_status = Counter(item.status for item in counted)
    return Standing(
        n=len(items),
        accepted=by_status[Status.ACCEPTED] + by_status[Status.SETTLED],
        rejected=by_status[Status.REJECTED],
        under_appeal=len(items) - len(counted),
        in_review=by_status[Status.SUBMITTED],
        in_work=by_status[Status.CLAIMED],
        sent_back=by_status[Status.SENT_BACK],
        returned=by_status[Status.RETURNED],
        expired=by_status[Status.EXPIRED],
        by_requester=_by_requester(counted),
        known=KnownAnswers(len(scores), sum(scores) // len(scores)) if scores else None,
        items=told if told and told.count else None,
    )


def _by_requester(items: Sequence[WorkItem]) -> list[Verdicts]:
    accepted: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for item in items:
        if item.terms is None:
            continue
        if item.status in (Status.ACCEPTED, Status.SETTLED):
            accepted[item.terms.requester_name] += 1
        elif item.status is Status.REJECTED:
            rejected[item.terms.requester_name] += 1
    decided = accepted + rejected
    return [Verdicts(name, accepted[name], rejected[name]) for name, _n in decided.most_common()]
