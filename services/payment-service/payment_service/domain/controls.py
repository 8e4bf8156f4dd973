"""Control totals: what task-service counted, beside what was made of its events here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId


@dataclass(frozen=True)
class Told:
    """What was accepted of a batch on a day up to `as_of`, as task-service counts it; and of how
    many slots how many were neither paid nor given back then, None where it did not say.
    """

    batch_id: BatchId
    on: str
    accepted_count: int
    overturned_count: int
    rewards: Money
    as_of: datetime
    slot_count: int | None = None
    unsettled_slot_count: int | None = None

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
    never raised. `slot_count` are the slots that have funds, None where the batch has none.
    """

    accepted_count: int
    overturned_count: int
    reward: Money | None
    slot_count: int | None = None
    unsettled_slot_count: int | None = None


def apart(told: Told, heard: Heard) -> str | None:
    """What is different, in words; None where nothing is."""
    theirs = (told.accepted_count, told.overturned_count)
    ours = (heard.accepted_count, heard.overturned_count)
    if theirs != ours:
        return f"{told.key}: {sum(theirs)} accepted there, {sum(ours)} here"
    if heard.reward is not None and heard.reward * told.accepted_count != told.rewards:
        return f"{told.key}: {told.rewards} there, {heard.reward * told.accepted_count} here"
    return None


def slots_apart(told: Told, heard: Heard) -> str | None:
    """What is different of the slots that money must be reserved for; None where nothing is.

    A batch that grows has its funds before it has its tasks: fewer slots there are no difference.
    """
    if told.slot_count is None or told.unsettled_slot_count is None or heard.slot_count is None:
        return None
    if told.slot_count > heard.slot_count:
        return f"{told.key}: {told.slot_count} slots there, funds for {heard.slot_count} here"
    same = told.unsettled_slot_count == heard.unsettled_slot_count
    if same or told.slot_count < heard.slot_count:
        return None
    theirs, ours = told.unsettled_slot_count, heard.unsettled_slot_count
    return f"{told.key}: {theirs} slots not settled there, {ours} here"
