"""Control totals: what task-service counted, beside what was made of its events here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId


@dataclass(frozen=True)
class Told:
    """What was accepted of a batch on a day up to `as_of`, as task-service counts it."""

    batch_id: BatchId
    on: str
    accepted_count: int
    overturned_count: int
    rewards: Money
    as_of: datetime

    @property
    def key(self) -> str:
        return f"{self.batch_id}:{self.on}"

    @property
    def since(self) -> datetime:
        """The first instant of the day."""
        return datetime.fromisoformat(self.on).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """The same, as the events of each submission say; `reward` is the published one where it was
    never raised.
    """

    accepted_count: int
    overturned_count: int
    reward: Money | None


def apart(told: Told, heard: Heard) -> str | None:
    """What is different, in words; None where nothing is."""
    theirs = (told.accepted_count, told.overturned_count)
    ours = (heard.accepted_count, heard.overturned_count)
    if theirs != ours:
        return f"{told.key}: {sum(theirs)} accepted there, {sum(ours)} here"
    if heard.reward is not None and heard.reward * told.accepted_count != told.rewards:
        return f"{told.key}: {told.rewards} there, {heard.reward * told.accepted_count} here"
    return None
