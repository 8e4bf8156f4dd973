"""What an operator sees of matching as it goes: rates, who waits and why, and what looks odd.

All of it is read when asked, from the last claims; nothing is written for it but who was given
nothing. What looks odd is evidence for a person, never a verdict: in two data sets the fastest
tenth of the workers were the most accurate.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId, WorkerId

from matching_service.application.count_reach import CountReach, Reach
from matching_service.application.ports import Reader, RecentWork, UnmetAsk
from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.batches import Batch, BatchStatus
from matching_service.domain.routing import is_starving

MINUTES = (1, 5, 60)
NOTHING_LEFT = "nothing_left"
_LOOKED_AT_MAX = 2_000
_IDLE_SINCE = timedelta(minutes=15)
_IDLE_MAX = 200
_STUCK_AFTER = timedelta(minutes=2)
_STUCK_MAX = 50
_REACH_COUNTED_MAX = 10
_JUDGED_MIN = 5
_FAST_SHARE = 0.25
_RETURNED_SHARE = 0.5


@dataclass(frozen=True)
class Rates:
    """How many in the last `minutes`. `is_whole`: all of that time was looked at."""

    minutes: int
    claimed: int
    submitted: int
    returned: int
    expired: int
    is_whole: bool


@dataclass(frozen=True)
class Starving:
    """Nobody takes its slots. `reasons` counts the workers who were given nothing of it lately;
    `reach` says how many of those who were here lately it fits, None where that was not counted.
    """

    batch: Batch
    reasons: Mapping[str, int]
    reach: Reach | None


@dataclass(frozen=True)
class Idle:
    """A worker who asked lately and was given nothing since; `reason` is that of most batches."""

    worker_id: WorkerId
    asked_at: datetime
    reason: str


@dataclass(frozen=True)
class Signal:
    """What stands out of one worker's last items. Seconds are medians, of him and of his batches'
    other workers.
    """

    worker_id: WorkerId
    code: str
    count: int
    of_count: int
    seconds: float = 0.0
    usual_seconds: float = 0.0


@dataclass(frozen=True)
class MatchingNow:
    """`log_read_to`: up to when task-service's log was read; leases end by it."""

    rates: Sequence[Rates]
    starving: Sequence[Starving]
    idle: Sequence[Idle]
    idle_reasons: Mapping[str, int]
    stuck: Sequence[Assignment]
    signals: Sequence[Signal]
    log_read_to: datetime | None


class WatchMatching:
    def __init__(self, *, reader: Reader, clock: Clock, count_reach: CountReach) -> None:
        self._reader = reader
        self._clock = clock
        self._count_reach = count_reach

    def __call__(self) -> MatchingNow:
        now = self._clock.now()
        recent = self._reader.assignments.recent(_LOOKED_AT_MAX)
        asks = self._reader.asks.unmet_since(now - _IDLE_SINCE, _IDLE_MAX)
        given_at = {one.worker_id: one.claimed_at for one in reversed(recent)}
        idle = [
            Idle(one.worker_id, one.asked_at, _main_reason(one))
            for one in asks
            if given_at.get(one.worker_id, one.asked_at) <= one.asked_at
        ]
        return MatchingNow(
            rates=[_rates(recent, now, minutes) for minutes in MINUTES],
            starving=self._starving(asks, now),
            idle=idle,
            idle_reasons=_most_first(one.reason for one in idle),
            stuck=self._reader.assignments.overdue(now - _STUCK_AFTER, _STUCK_MAX),
            signals=signals_of(recent),
            log_read_to=self._reader.watermarks.lowest(),
        )

    def _starving(self, asks: Sequence[UnmetAsk], now: datetime) -> list[Starving]:
        """The longest first. Whom a batch fits is looked up worker by worker: of some alone."""
        batches = self._reader.batches.with_status(BatchStatus.OPEN)
        found = sorted(
            (batch for batch in batches if is_starving(batch, now)),
            key=lambda batch: batch.served_at or batch.opened_at,
        )
        return [
            Starving(
                batch,
                _most_first(one.reasons.get(batch.batch_id) for one in asks),
                self._reach(batch) if number < _REACH_COUNTED_MAX else None,
            )
            for number, batch in enumerate(found)
        ]

    def _reach(self, batch: Batch) -> Reach:
        return self._count_reach(batch.requirements, batch.language, batch.task_type)


def _rates(recent: Sequence[RecentWork], now: datetime, minutes: int) -> Rates:
    since = now - timedelta(minutes=minutes)
    ended = Counter(
        one.status for one in recent if one.finished_at is not None and one.finished_at >= since
    )
    return Rates(
        minutes=minutes,
        claimed=sum(one.claimed_at >= since for one in recent),
        submitted=ended[AssignmentStatus.SUBMITTED],
        returned=ended[AssignmentStatus.RETURNED],
        expired=ended[AssignmentStatus.EXPIRED],
        is_whole=len(recent) < _LOOKED_AT_MAX or recent[-1].claimed_at <= since,
    )


def signals_of(recent: Sequence[RecentWork]) -> list[Signal]:
    """Who answers in a quarter of the time others take, or gives most items back."""
    by_worker: defaultdict[WorkerId, list[RecentWork]] = defaultdict(list)
    by_batch: defaultdict[BatchId, list[RecentWork]] = defaultdict(list)
    for one in recent:
        by_worker[one.worker_id].append(one)
        by_batch[one.batch_id].append(one)
    found = []
    for worker_id, own in by_worker.items():
        others = [
            one
            for batch_id in {item.batch_id for item in own}
            for one in by_batch[batch_id]
            if one.worker_id != worker_id
        ]
        found += [*_fast(worker_id, own, others), *_returning(worker_id, own)]
    return sorted(found, key=lambda one: (one.code, -one.count))


def _fast(
    worker_id: WorkerId, own: Sequence[RecentWork], others: Sequence[RecentWork]
) -> list[Signal]:
    mine, theirs = _seconds(own), _seconds(others)
    if min(len(mine), len(theirs)) < _JUDGED_MIN:
        return []
    seconds, usual = median(mine), median(theirs)
    if seconds >= usual * _FAST_SHARE:
        return []
    return [Signal(worker_id, "fast", len(mine), len(own), seconds, usual)]


def _returning(worker_id: WorkerId, own: Sequence[RecentWork]) -> list[Signal]:
    back = sum(one.status is AssignmentStatus.RETURNED for one in own)
    if len(own) < _JUDGED_MIN or back <= len(own) * _RETURNED_SHARE:
        return []
    return [Signal(worker_id, "returning", back, len(own))]


def _seconds(work: Iterable[RecentWork]) -> list[float]:
    return [
        (one.finished_at - one.claimed_at).total_seconds()
        for one in work
        if one.status is AssignmentStatus.SUBMITTED and one.finished_at is not None
    ]


def _main_reason(ask: UnmetAsk) -> str:
    """The reason of most batches; where one had none, there was nothing left in it."""
    if len(ask.reasons) < ask.looked_at_count or not ask.reasons:
        return NOTHING_LEFT
    return Counter(ask.reasons.values()).most_common(1)[0][0]


def _most_first(reasons: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(reason for reason in reasons if reason).most_common())
