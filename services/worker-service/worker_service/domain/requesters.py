"""What a requester's decisions say: facts measured from events, never stars."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median_low
from typing import Any

from crowdloom.kernel.ids import WorkerId
from crowdloom.kernel.money import Money

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
class History:
    """A requester's newest decisions, and what answers came to an hour at the speed of work."""

    judged: Sequence[Judged] = ()
    hourly: Sequence[Money] = ()


@dataclass(frozen=True)
class RequesterFacts:
    """`acceptance` is a ratio from 0 to 1, `review_seconds` the median; `n` decisions about the
    work of `worker_count` workers are behind them. `hourly` is the median of `hourly_n` answers
    in the currency of most of them; None where there are too few.
    """

    acceptance: float
    review_seconds: int
    n: int
    worker_count: int
    hourly: Money | None = None
    hourly_n: int = 0


def facts_of(history: History) -> RequesterFacts | None:
    """None where there are too few decisions to say anything."""
    judged = history.judged
    if len(judged) < SAMPLES_MIN:
        return None
    review = timedelta(milliseconds=median_low(one.review_ms for one in judged))
    return RequesterFacts(
        acceptance=sum(one.accepted for one in judged) / len(judged),
        review_seconds=int(review.total_seconds()),
        n=len(judged),
        worker_count=len({one.worker_id for one in judged}),
        **_hourly(history.hourly),
    )


def _hourly(rates: Sequence[Money]) -> dict[str, Any]:
    if len(rates) < SAMPLES_MIN:
        return {}
    [(currency, n)] = Counter(rate.currency for rate in rates).most_common(1)
    same = [rate.units for rate in rates if rate.currency == currency]
    return {"hourly": Money(median_low(same), currency), "hourly_n": n}
