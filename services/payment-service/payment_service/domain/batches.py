"""What payment-service knows of a batch: its published terms and what became of its money."""

from dataclasses import dataclass, field

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import BatchId, RequesterId


@dataclass(frozen=True)
class BatchTerms:
    """As published: every slot costs `reward` for the worker and `fee` for the platform."""

    batch_id: BatchId
    requester_id: RequesterId
    revision: int
    slot_count: int
    reward: Money
    fee: Money

    @property
    def currency(self) -> Currency:
        return self.reward.currency

    @property
    def slot_cost(self) -> Money:
        return self.reward + self.fee

    @property
    def cost(self) -> Money:
        return self.slot_cost * self.slot_count


@dataclass(frozen=True)
class BatchBook:
    """`terms` is None until the batch is funded. `withdrawals` (revision -> slots) may be known
    before that; `closed` says that the rest went back.
    """

    batch_id: BatchId
    terms: BatchTerms | None = None
    closed: bool = False
    settled_count: int = 0
    released_units: int = 0
    withdrawals: dict[int, int] = field(default_factory=dict)

    @property
    def settled(self) -> Money | None:
        return self.terms.reward * self.settled_count if self.terms else None

    @property
    def fees(self) -> Money | None:
        return self.terms.fee * self.settled_count if self.terms else None

    @property
    def released(self) -> Money | None:
        return Money(self.released_units, self.terms.currency) if self.terms else None
