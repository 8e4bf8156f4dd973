"""Which batch a worker who asks for anything is given: an explainable score, the highest first.

Each part is between 0 and 1 and says one thing; the weights say how much it counts. Tasks are not
chosen by uncertainty: measured, it gains nothing over chance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.limits import LEASES_PER_WORKER_MAX

from matching_service.domain.batches import Batch
from matching_service.domain.requirements import NEVER_JUDGED, WorkerProfile

WEIGHT_MAX = 100
EXTENSIONS_MAX = 10
BOUNDS: Mapping[str, tuple[int, int]] = {
    "held_max": (1, LEASES_PER_WORKER_MAX),
    "extensions_max": (0, EXTENSIONS_MAX),
}
"""Where they are not those of a weight, from 0 to WEIGHT_MAX."""
NEARLY_DONE_SHARE = 0.1
_WAITED_HALF = timedelta(minutes=1)
_AGED_HALF = timedelta(hours=24)
_SHARE_COUNTED_FROM = 10
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Policy:
    """Weights of the parts. `finishing`: near its end, so that requesters get whole results;
    `waiting`: served long ago, so that a large batch cannot crowd out a small one; `requesters`:
    nothing of its requester was served lately, so that many batches do not crowd out one; `age`:
    open for long; `deadline`: much of the time in which its requester wants it is over; `skill`:
    how the worker's answers of its type were judged, and his scores in what it asks for;
    `newcomers`: it lacks answers of newcomers and he is one, or it lacks none and he is not. It
    lacks them below `newcomer_share` percent of its answers: an order among batches, which turns
    nobody away.

    And two caps: how many items a worker may hold at once, and how often one can be prolonged.
    """

    finishing: int = 50
    waiting: int = 10
    age: int = 5
    skill: int = 10
    newcomers: int = 10
    newcomer_share: int = 10
    requesters: int = 30
    deadline: int = 20
    held_max: int = LEASES_PER_WORKER_MAX
    extensions_max: int = 2

    def checked(self) -> "Policy":
        """Raises InvalidInput naming each setting that is out of bounds."""
        errors = {
            name: ["Must be between {} and {}.".format(*bounds_of(name))]
            for name, value in asdict(self).items()
            if not bounds_of(name)[0] <= value <= bounds_of(name)[1]
        }
        if errors:
            raise InvalidInput("The weights are out of bounds", errors=errors)
        return self

    def score(self, parts: "Parts") -> float:
        return (
            self.finishing * parts.finishing
            + self.waiting * parts.waiting
            + self.requesters * parts.requesters
            + self.age * parts.age
            + self.deadline * parts.deadline
            + self.skill * parts.skill
            + self.newcomers * self._newcomers(parts)
        )

    def _newcomers(self, parts: "Parts") -> float:
        lacks = parts.newcomers_had * 100 < self.newcomer_share
        return 1.0 if lacks == bool(parts.newcomer) else 0.0


def bounds_of(name: str) -> tuple[int, int]:
    """The least and the most that a setting may be."""
    return BOUNDS.get(name, (0, WEIGHT_MAX))


@dataclass(frozen=True)
class Parts:
    """`newcomer` is 1 for a worker who is one; `newcomers_had` is the share of the batch's answers
    that came from newcomers.
    """

    finishing: float
    waiting: float
    age: float
    skill: float
    newcomer: float = 0.0
    newcomers_had: float = 1.0
    requesters: float = 0.0
    deadline: float = 0.0


def parts_of(batch: Batch, now: datetime, profile: WorkerProfile | None = None) -> Parts:
    """What the score is made of; without a profile the skill is unknown."""
    return Parts(
        finishing=_finishing(batch),
        waiting=_grown(now - (batch.served_at or _LONG_AGO), _WAITED_HALF),
        age=_grown(now - batch.opened_at, _AGED_HALF),
        skill=_skill(batch, profile),
        newcomer=1.0 if profile and profile.is_newcomer else 0.0,
        newcomers_had=_newcomers_had(batch) if profile else 1.0,
        deadline=_pressing(batch, now),
        requesters=_grown(now - (batch.requester_served_at or _LONG_AGO), _WAITED_HALF),
    )


def _pressing(batch: Batch, now: datetime) -> float:
    """How much of the time is over; of what does not press, nothing is."""
    if batch.wanted_at is None:
        return 0.0
    whole = (batch.wanted_at - batch.opened_at).total_seconds()
    over = (now - batch.opened_at).total_seconds()
    return min(1.0, max(0.0, over / whole)) if whole > 0 else 1.0


def _newcomers_had(batch: Batch) -> float:
    """Of a few answers no share is spoken of: it is taken as had."""
    if batch.answer_count < _SHARE_COUNTED_FROM:
        return 1.0
    return batch.newcomer_answer_count / batch.answer_count


def _finishing(batch: Batch) -> float:
    slots, left = batch.task_count * batch.redundancy, batch.open_slot_count
    nearly_done = left is not None and 0 < left <= slots * NEARLY_DONE_SHARE
    return 1.0 if nearly_done else 0.0


def _skill(batch: Batch, profile: WorkerProfile | None) -> float:
    asked = (*batch.requirements.all_of, *batch.requirements.any_of)
    judged = profile.judged_in(batch.task_type) if profile and batch.task_type else NEVER_JUDGED
    holdings = profile.holdings if profile else {}
    held = [holdings[one.qualification] for one in asked if one.qualification in holdings]
    scores = [one.score / 100 for one in held if one.held and one.score is not None]
    if judged.count or not scores:
        scores.append(judged.believed)
    return sum(scores) / len(scores)


def _grown(since: timedelta, half: timedelta) -> float:
    """From 0 towards 1 as time goes by; one half after `half`."""
    seconds = max(0.0, since.total_seconds())
    return seconds / (seconds + half.total_seconds())
