"""Pay per hour, measured: what the reward comes to at the speed people really worked."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from crowdloom.kernel.money import UNITS_PER_MINOR, Money

SAMPLES_MAX = 200
"""Work times kept per batch and per project: the newest."""
SAMPLES_MIN = 5
"""Fewer say nothing yet."""
_SECONDS_PER_HOUR = 3_600
_MS_PER_SECOND = 1_000
_DURATION_MS_MIN = 100


class PayKind(Enum):
    """MEASURED on this batch; ESTIMATE from earlier batches of its project; UNKNOWN otherwise."""

    MEASURED = "measured"
    ESTIMATE = "estimate"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PayPerHour:
    """Half of the `n` answers were given at a speed that pays between `p25` and `p75` an hour."""

    kind: PayKind
    p25: Money | None = None
    p50: Money | None = None
    p75: Money | None = None
    n: int = 0


UNKNOWN_PAY = PayPerHour(PayKind.UNKNOWN)


def pay_per_hour(
    reward: Money, batch_durations_ms: Sequence[int], project_durations_ms: Sequence[int]
) -> PayPerHour:
    """Measure on the batch; where too few answers are in, estimate from its project."""
    samples = ((PayKind.MEASURED, batch_durations_ms), (PayKind.ESTIMATE, project_durations_ms))
    for kind, durations_ms in samples:
        if len(durations_ms) >= SAMPLES_MIN:
            return _rates(kind, reward, sorted(durations_ms))
    return UNKNOWN_PAY


def duration_ms(claimed_at: datetime, submitted_at: datetime) -> int:
    """Time from claim to submission; never zero, whatever two clocks say."""
    elapsed_ms = int((submitted_at - claimed_at).total_seconds() * _MS_PER_SECOND)
    return max(elapsed_ms, _DURATION_MS_MIN)


def begun_at(claimed_at: datetime, done_at: datetime, done: Sequence[datetime]) -> datetime:
    """When the work on an item began. Of several that are taken at once each waits for the one
    before it: `done` is when the same worker's others were done, ascending.
    """
    before = bisect_left(done, done_at)
    return max(claimed_at, done[before - 1]) if before else claimed_at


def quantile(ordered: Sequence[int], percent: int) -> int:
    """The nearest-rank quantile of an ascending, non-empty sequence."""
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]


def _rates(kind: PayKind, reward: Money, ordered_ms: Sequence[int]) -> PayPerHour:
    # The quick quarter of the answers earns the upper quarter of the pay.
    slow, middle, quick = (rate(reward, quantile(ordered_ms, p)) for p in (75, 50, 25))
    return PayPerHour(kind, p25=slow, p50=middle, p75=quick, n=len(ordered_ms))


def rate(reward: Money, each_ms: int) -> Money:
    """Reward x hour / time, rounded half up to the minor unit: finer would be false precision."""
    hour_ms = _SECONDS_PER_HOUR * _MS_PER_SECOND
    divisor = each_ms * UNITS_PER_MINOR
    minor = (reward.units * hour_ms * 2 + divisor) // (2 * divisor)
    return Money.of_minor(minor, reward.currency)
