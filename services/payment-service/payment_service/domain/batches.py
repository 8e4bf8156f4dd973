"""What payment-service knows of a batch: its published terms and what became of its money."""

from dataclasses import dataclass, field

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import BatchId, RequesterId

from payment_service.domain.vat import NO_VAT, Vat


@dataclass(frozen=True)
class BatchTerms:
    """As published: every slot costs `reward` for the worker, `fee` for the platform, and the VAT
    on the fee by `tax`.
    """

    batch_id: BatchId
    requester_id: RequesterId
    revision: int
    slot_count: int
    reward: Money
    fee: Money
    tax: Vat = NO_VAT

    @property
    def currency(self) -> Currency:
        return self.reward.currency

    @property
    def vat(self) -> Money:
        return self.tax.on(self.fee)

    @property
    def slot_cost(self) -> Money:
        return self.reward + self.fee + self.vat

    @property
    def cost(self) -> Money:
        return self.slot_cost * self.slot_count

    def is_more_than(self, earlier: "BatchTerms") -> bool:
        """Whether they take nothing back: neither slots nor pay."""
        same = (self.requester_id, self.currency) == (earlier.requester_id, earlier.currency)
        grows = self.slot_count >= earlier.slot_count
        return same and grows and self.reward.units >= earlier.reward.units


@dataclass(frozen=True)
class EarlierTerms:
    """What a batch whose terms grew has behind it, as the difference to the terms in force: units
    of rewards, fees and VAT of what was settled before, and of all slots that were closed before.
    """

    reward_units: int = 0
    fee_units: int = 0
    cost_units: int = 0
    vat_units: int = 0

    def grown(
        self, before: BatchTerms, after: BatchTerms, *, settled_count: int, closed_count: int
    ) -> "EarlierTerms":
        """With `settled_count` answers paid and `closed_count` slots gone at the terms `before`."""
        reward = (before.reward - after.reward).units
        fee = (before.fee - after.fee).units
        vat = (before.vat - after.vat).units
        return EarlierTerms(
            self.reward_units + reward * settled_count,
            self.fee_units + fee * settled_count,
            self.cost_units + (reward + fee + vat) * closed_count,
            self.vat_units + vat * settled_count,
        )


@dataclass(frozen=True)
class BatchBook:
    """`terms` are those in force, None until the batch is funded. `withdrawals` (revision -> slots)
    may be known before that; `closed` says that the rest went back.
    """

    batch_id: BatchId
    terms: BatchTerms | None = None
    closed: bool = False
    settled_count: int = 0
    released_units: int = 0
    withdrawals: dict[int, int] = field(default_factory=dict)
    earlier: EarlierTerms = EarlierTerms()
    title: str | None = None

    @property
    def settled(self) -> Money | None:
        if self.terms is None:
            return None
        paid = self.terms.reward * self.settled_count
        return paid + Money(self.earlier.reward_units, self.terms.currency)

    @property
    def fees(self) -> Money | None:
        if self.terms is None:
            return None
        paid = self.terms.fee * self.settled_count
        return paid + Money(self.earlier.fee_units, self.terms.currency)

    @property
    def vat(self) -> Money | None:
        """On those fees."""
        if self.terms is None:
            return None
        paid = self.terms.vat * self.settled_count
        return paid + Money(self.earlier.vat_units, self.terms.currency)

    @property
    def cost(self) -> Money | None:
        """All that was ever reserved for it."""
        if self.terms is None:
            return None
        return self.terms.cost + Money(self.earlier.cost_units, self.terms.currency)

    @property
    def released(self) -> Money | None:
        return Money(self.released_units, self.terms.currency) if self.terms else None
