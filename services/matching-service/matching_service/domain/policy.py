"""Which batch a worker who asks for anything is given: an explainable score, the highest first.

Each part is between 0 and 1 and says one thing; the weights say how much it counts. Tasks are not
chosen by uncertainty: measured, it gains nothing over chance.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from crowdloom.kernel.errors import InvalidInput

from matching_service.domain.batches import Batch
from matching_service.domain.requirements import WorkerProfile

WEIGHT_MAX = 100
NEARLY_DONE_SHARE = 0.1
_WAITED_HALF = timedelta(minutes=1)
_AGED_HALF = timedelta(hours=24)
_UNKNOWN_SKILL = 0.5
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Policy:
    """Weights of the parts. `finishing`: near its end, so that requesters get whole results;
    `waiting`: served long ago, so that a large batch cannot crowd out a small one; `age`: open for
    long, as deadlines near; `skill`: the worker's scores in what the batch asks for.
    """

    finishing: int = 50
    waiting: int = 20
    age: int = 5
    skill: int = 10

    def checked(self) -> "Policy":
        """Raises InvalidInput naming each weight that is out of bounds."""
        errors = {
            name: [f"Must be between 0 and {WEIGHT_MAX}."]
            for name, weight in asdict(self).items()
            if not 0 <= weight <= WEIGHT_MAX
        }
        if errors:
            raise InvalidInput("The weights are out of bounds", errors=errors)
        return self

    def score(self, parts: "Parts") -> float:
        return (
            self.finishing * parts.finishing
            + self.waiting * parts.waiting
            + self.age * parts.age
            + self.skill * parts.skill
        )


@dataclass(frozen=True)
class Parts:
    finishing: float
    waiting: float
    age: float
    skill: float


def parts_of(batch: Batch, now: datetime, profile: WorkerProfile | None = None) -> Parts:
    """What the score is made of; without a profile the skill is unknown."""
    return Parts(
        finishing=_finishing(batch),
        waiting=_grown(now - (batch.served_at or _LONG_AGO), _WAITED_HALF),
        age=_grown(now - batch.opened_at, _AGED_HALF),
        skill=_skill(batch, profile),
    )


def _finishing(batch: Batch) -> float:
    slots, left = batch.task_count * batch.redundancy, batch.open_slot_count
    nearly_done = left is not None and 0 < left <= slots * NEARLY_DONE_SHARE
    return 1.0 if nearly_done else 0.0


def _skill(batch: Batch, profile: WorkerProfile | None) -> float:
    asked = (*batch.requirements.all_of, *batch.requirements.any_of)
    holdings = profile.holdings if profile else {}
    held = [holdings[one.qualification] for one in asked if one.qualification in holdings]
    scores = [one.score / 100 for one in held if one.held and one.score is not None]
    return sum(scores) / len(scores) if scores else _UNKNOWN_SKILL


def _grown(since: timedelta, half: timedelta) -> float:
    """From 0 towards 1 as time goes by; one half after `half`."""
    seconds = max(0.0, since.total_seconds())
    return seconds / (seconds + half.total_seconds())
