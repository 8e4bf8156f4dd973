"""Work items: what became of one assignment, from claim to pay.

Facts about one item come from three services over topics that keep no order among each other. Each
fact only adds to the item, and the furthest stage reached wins, so that any order and any number of
deliveries ends in the same item.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId
from crowdloom.kernel.money import Money


class Status(Enum):
    """Wire word and rank: a fact never moves an item to a lower rank."""

    CLAIMED = ("claimed", 10)
    RETURNED = ("returned", 20)
    EXPIRED = ("expired", 21)
    SUBMITTED = ("submitted", 30)
    SENT_BACK = ("sent_back", 35)
    REJECTED = ("rejected", 40)
    ACCEPTED = ("accepted", 50)
    SETTLED = ("settled", 60)

    def __init__(self, word: str, rank: int) -> None:
        self.word = word
        self.rank = rank

    @classmethod
    def of_word(cls, word: str) -> "Status | None":
        return next((status for status in cls if status.word == word), None)

    @classmethod
    def of_rank(cls, rank: int) -> "Status":
        return next(status for status in cls if status.rank == rank)


@dataclass(frozen=True)
class Terms:
    """What the batch says about each of its items."""

    title: str
    requester_name: str
    reward: Money
    lease_seconds: int


@dataclass(frozen=True)
class WorkItem:
    """One assignment as its worker sees it. None where no event has told it (yet).

    What was sent back is done again as another item, `again_as`; `again_status` is how far that is.
    """

    assignment_id: AssignmentId
    batch_id: BatchId
    status: Status
    worker_id: WorkerId | None = None
    claimed_at: datetime | None = None
    deadline: datetime | None = None
    submitted_at: datetime | None = None
    auto_accept_at: datetime | None = None
    decided_at: datetime | None = None
    rejected_at: datetime | None = None
    closed_at: datetime | None = None
    settled_at: datetime | None = None
    reason: str | None = None
    again_as: AssignmentId | None = None
    note: str | None = None
    reward: Money | None = None
    terms: Terms | None = None
    again_status: Status | None = None

    @property
    def pays(self) -> Money | None:
        """What was settled; before that, what the batch promised."""
        return self.reward or (self.terms.reward if self.terms else None)

    @property
    def waits_to_be_done_again(self) -> bool:
        return self.status is Status.SENT_BACK and self.again_status in (None, Status.CLAIMED)
