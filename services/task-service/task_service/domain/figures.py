"""Figures about a batch's answers, ready to be drawn: counts in buckets."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from task_service.domain.consensus import joined, majority
from task_service.domain.submissions import Answer, Submission

VALUES_MAX = 12
"""How many values of a field are told apart; the rest is counted together."""
BARS_MAX = 24
_SHARES = ((0.0, 0.5), (0.5, 0.75), (0.75, 1.0))
_SECONDS = (0, 5, 15, 30, 60, 120, 300, 900)
_STEPS = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=30),
    timedelta(days=365),
)


@dataclass(frozen=True)
class Spread:
    """How often each value of a field was given, the most frequent first; `others` are all further
    values' answers, `distinct` how many values there are.
    """

    field: str
    counts: tuple[tuple[str, int], ...]
    others: int
    distinct: int

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts) + self.others


@dataclass(frozen=True)
class Band:
    """`count` of what lies in [low, high); None has no end on that side."""

    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True)
class Arrivals:
    """Answers that came in from `begins` on, for the length of one step."""

    begins: datetime
    count: int


def spreads(answers: Iterable[Answer]) -> list[Spread]:
    """One a field, by name."""
    counted: dict[str, Counter[str]] = {}
    for answer in answers:
        for name, value in joined(answer).items():
            counted.setdefault(name, Counter())[value] += 1
    return [_spread(name, counter) for name, counter in sorted(counted.items())]


def _spread(name: str, counter: Counter[str]) -> Spread:
    shown = tuple(counter.most_common(VALUES_MAX))
    others = counter.total() - sum(count for _, count in shown)
    return Spread(name, shown, others, len(counter))


def agreement_bands(answers_of_tasks: Iterable[Sequence[Answer]]) -> list[Band]:
    """Fields of tasks with several answers, by the share (0..1) of votes for the most frequent
    value: up to half, up to three quarters, less than all, all.
    """
    shares = [
        won.votes / won.n
        for answers in answers_of_tasks
        for won in majority(answers).values()
        if won.n > 1
    ]
    below = [
        Band(low, high, sum(low < share <= high and share < 1.0 for share in shares))
        for low, high in _SHARES
    ]
    return [*below, Band(1.0, None, sum(share == 1.0 for share in shares))]


def time_bands(submissions: Iterable[Submission]) -> list[Band]:
    """Answers by the seconds from claim to submission."""
    seconds = [one.seconds for one in submissions]
    edges: list[float | None] = [*_SECONDS, None]
    return [
        Band(low, high, sum(low <= one and (high is None or one < high) for one in seconds))
        for low, high in pairwise(edges)
        if low is not None
    ]


def arrivals(submissions: Iterable[Submission]) -> tuple[timedelta, list[Arrivals]]:
    """How many came in a step, oldest first, at most BARS_MAX steps without a gap; the step is the
    shortest of the usual ones (a minute to a year) that allows it.
    """
    times = sorted(one.submitted_at for one in submissions)
    if not times:
        return _STEPS[0], []
    step = next((one for one in _STEPS if _bars(times, one) <= BARS_MAX), _STEPS[-1])
    first = _floor(times[0], step)
    counted = Counter((at - first) // step for at in times)
    return step, [
        Arrivals(first + place * step, counted[place]) for place in range(_bars(times, step))
    ]


def _bars(times: Sequence[datetime], step: timedelta) -> int:
    return (times[-1] - _floor(times[0], step)) // step + 1


def _floor(at: datetime, step: timedelta) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if step >= timedelta(days=1) else midnight + (at - midnight) // step * step
