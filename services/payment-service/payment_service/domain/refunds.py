"""Refunds to the cards that top-ups were paid with: their states, their parts, and the limits.

A refund is reserved from the wallet when it is asked for. It is split over the charges it came
from, oldest first; each part is one call to the processor.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Currency, DomainError, Money
from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import RequesterId


class RefundStatus(StrEnum):
    """`declined` where nothing was sent back to a card, `settled` where something was."""

    ASKED = "asked"
    APPROVED = "approved"
    SETTLED = "settled"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


class PartState(StrEnum):
    """`unknown` means that the processor's answer was lost: looked up, never assumed."""

    PLANNED = "planned"
    APPROVED = "approved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    SETTLED = "settled"
    FAILED = "failed"


OPEN_PARTS = (PartState.APPROVED, PartState.SENDING, PartState.UNKNOWN, PartState.SENT)


class RefundTooLarge(DomainError):
    """More than is free in the wallet, or than was paid in by card and not sent back."""

    code = "refund_too_large"
    status = 409


class RefundNotInStatus(Conflict):
    code = "refund_not_in_status"


@dataclass(frozen=True)
class Charge:
    """A paid top-up that may be sent back, as far as earlier refunds left anything of it."""

    charge_id: str
    top_up_id: str
    left: Money


@dataclass(frozen=True)
class ChargeState:
    """What the processor says of a charge now."""

    left: Money
    disputed: bool


@dataclass(frozen=True)
class RefundPart:
    """What goes back to one charge. `number` counts the refund's parts from 1. A definite refusal
    ends a part, except that too little is available at the processor: then it waits, and its next
    `attempt` has a key of its own.
    """

    part_id: str
    refund_id: str
    number: int
    top_up_id: str
    charge_id: str
    amount: Money
    state: PartState = PartState.PLANNED
    attempt: int = 1
    tries: int = 0
    processor_refund_id: str | None = None
    transaction_id: str | None = None
    refusal_code: str | None = None
    refusal: str | None = None
    escalated: bool = False
    changed_at: datetime | None = None
    sending_since: datetime | None = None
    next_try_at: datetime | None = None

    @property
    def currency(self) -> Currency:
        return self.amount.currency

    @property
    def processor_key(self) -> str:
        return f"refund:{self.refund_id}:{self.number}:{self.attempt}"


@dataclass(frozen=True)
class Refund:
    """`sent` reached a card, `returned` went back to the wallet. `note` is what the requester is
    told of a refusal.
    """

    refund_id: str
    requester_id: RequesterId
    amount: Money
    status: RefundStatus
    asked_at: datetime
    sent: Money
    returned: Money
    note: str = ""
    ended_at: datetime | None = None

    def require(self, *statuses: RefundStatus) -> None:
        """Raises RefundNotInStatus."""
        if self.status not in statuses:
            raise RefundNotInStatus(
                "The refund is in another state by now: %(state)s", state=self.status.value
            )


def part_id_of(refund_id: str, number: int) -> str:
    return f"{refund_id}.{number}"


def parts_of(refund_id: str, amount: Money, charges: Sequence[Charge]) -> list[RefundPart]:
    """Split an amount over charges in their order. Raises RefundTooLarge beyond what they hold."""
    rest, parts = amount, list[RefundPart]()
    for charge in charges:
        taken = min(rest, charge.left, key=lambda one: one.units)
        if taken.units <= 0:
            continue
        number = len(parts) + 1
        parts.append(
            RefundPart(
                part_id=part_id_of(refund_id, number),
                refund_id=refund_id,
                number=number,
                top_up_id=charge.top_up_id,
                charge_id=charge.charge_id,
                amount=taken,
            )
        )
        rest -= taken
    if rest:
        raise RefundTooLarge(
            "%(rest)s of what was paid in by card can be sent back",
            rest=amount - rest,
            largest=(amount - rest).to_wire(),
        )
    return parts


def total_left(charges: Iterable[Charge], currency: Currency) -> Money:
    return Money(sum(charge.left.units for charge in charges), currency)
