"""What a requester's decisions say: facts measured from events, never stars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_low

from crowdloom.kernel.ids import WorkerId

SAMPLES_MAX = 200
"""The newest decisions count: a requester can become better, or worse."""
SAMPLES_MIN = 5


@dataclass(frozen=True)
class Judged:
    """One decision. `review_ms` lasted from the submission to the decision."""

    accepted: bool
    review_ms: int
    worker_id: WorkerId


@dataclass(frozen=True)
class RequesterFacts:
    """`acceptance` is a ratio from 0 to 1, `review_seconds` the median; `n` decisions about the
    work of `worker_count` workers are behind them.
    """

    acceptance: float
    review_seconds: int
    n: int
    worker_count: int


def facts_of(judged: Sequence[Judged]) -> RequesterFacts | None:
    """None where there are too few decisions to say anything."""
    if len(judged) < SAMPLES_MIN:
        return None
    review = timedelta(milliseconds=median_low(one.review_ms for one in judged))
    return RequesterFacts(
        acceptance=sum(one.accepted for one in judged) / len(judged),
        review_seconds=int(review.total_seconds()),
        n=len(judged),
        worker_count=len({one.worker_id for one in judged}),
    )
