"""Payout runs and their items: states, who may do what, and the hash that an approval is for."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.errors import Conflict, NotAllowed
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, StaffId, WorkerId


class RunStatus(StrEnum):
    DRAFT = "draft"
    FROZEN = "frozen"
    EXECUTING = "executing"
    COMPLETED = "completed"
    COMPLETED_WITH_EXCEPTIONS = "completed_with_exceptions"
    CANCELLED = "cancelled"


class Rail(StrEnum):
    """How money reaches a worker: the processor, a file that a person hands to the bank, or credit
    that is spent here.
    """

    STRIPE = "stripe"
    BANK_FILE = "bank_file"
    GIFT_CREDIT = "gift_credit"


class ItemState(StrEnum):
    """`unknown` means that the processor's answer was lost: looked up, never assumed. `filed` is
    reserved and in the run's bank file, which nobody has handed to the bank yet. `returned` was
    paid, and the bank sent it back.
    """

    PLANNED = "planned"
    APPROVED = "approved"
    RESERVED = "reserved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    FILED = "filed"
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"
    FAILED = "failed"
    CANCELLED = "cancelled"


IN_FLIGHT = (
    ItemState.RESERVED,
    ItemState.SENDING,
    ItemState.UNKNOWN,
    ItemState.FILED,
    ItemState.SENT,
)
OPEN_STATES = (ItemState.APPROVED, *IN_FLIGHT)


class MakerIsChecker(NotAllowed):
    """Whoever made a run may not approve it."""

    code = "maker_is_checker"


class ContentChanged(Conflict):
    """The run is no longer what the approver saw."""

    code = "content_changed"


class RunNotInState(Conflict):
    code = "run_not_in_state"


class TooLittleAvailable(Conflict):
    """The processor holds less for us than the run is for, with what is kept back."""

    code = "too_little_available"


class NothingEligible(Conflict):
    """Nobody has asked for a payout that could be made."""

    code = "nothing_eligible"


@dataclass(frozen=True)
class PayoutSwitch:
    """While `stopped`, nothing is sent to the processor; `code` says whether a person stopped it
    or what went wrong. What was sent before is still looked up.
    """

    stopped: bool = False
    code: str = ""
    reason: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class PayoutItem:
    """One worker's share of a run. `attempt` counts reservations; each has a key of its own.

    `amount` is what is sent, after our fee and the tax that is withheld in `tax_country`.
    `destination` is the account at the processor, or stands for the bank details at `rail`: the
    content hash of the run is over it, so that other details are another content.
    """

    item_id: PayoutItemId
    run_id: PayoutRunId
    worker_id: WorkerId
    request_id: str
    destination: str
    amount: Money
    state: ItemState = ItemState.PLANNED
    attempt: int = 0
    tries: int = 0
    transfer_id: str | None = None
    transaction_id: str | None = None
    refusal_code: str | None = None
    refusal: str | None = None
    escalated: bool = False
    changed_at: datetime | None = None
    sending_since: datetime | None = None
    next_try_at: datetime | None = None
    rail: Rail = Rail.STRIPE
    fee_units: int = 0
    withheld_units: int = 0
    tax_country: str = ""

    @property
    def currency(self) -> Currency:
        return self.amount.currency

    @property
    def fee(self) -> Money:
        return Money(self.fee_units, self.currency)

    @property
    def withheld(self) -> Money:
        return Money(self.withheld_units, self.currency)

    @property
    def gross(self) -> Money:
        """What is no longer payable for it."""
        return self.amount + self.fee + self.withheld

    @property
    def returnable(self) -> Money:
        """What its worker has again where the bank sends it back: all but the fee."""
        return self.amount + self.withheld

    @property
    def stripe_key(self) -> str:
        return f"payout:{self.item_id}:{self.attempt}"


@dataclass(frozen=True)
class RunApproval:
    """Who approved which content, and when."""

    staff_id: StaffId
    content_hash: str
    at: datetime


@dataclass(frozen=True)
class PayoutRun:
    """`content_hash` is set while frozen and after; any change voids it, and the `approvals` given
    so far. `approved_by` is whoever gave the last one that it needed.
    """

    run_id: PayoutRunId
    number: int
    currency: Currency
    status: RunStatus
    made_by: StaffId
    made_at: datetime
    frozen_at: datetime | None = None
    content_hash: str | None = None
    approved_by: StaffId | None = None
    approved_at: datetime | None = None
    ended_at: datetime | None = None
    request_key: str | None = None
    approvals: tuple[RunApproval, ...] = ()
    rail: Rail = Rail.STRIPE

    @property
    def approvers(self) -> tuple[StaffId, ...]:
        return tuple(given.staff_id for given in self.approvals)

    def require(self, *statuses: RunStatus) -> None:
        """Raises RunNotInState."""
        if self.status not in statuses:
            raise RunNotInState(
                "The run is %(status)s; this needs it to be %(needed)s",
                status=self.status,
                needed=" or ".join(statuses),
            )

    def check_approval(self, checker: StaffId, *, seen_hash: str, actual_hash: str) -> None:
        """Raises RunNotInState, MakerIsChecker, ContentChanged."""
        self.require(RunStatus.FROZEN)
        if checker == self.made_by:
            raise MakerIsChecker("You made this run; somebody else has to approve it")
        if seen_hash != self.content_hash or actual_hash != self.content_hash:
            raise ContentChanged(
                "The run is no longer what you saw; look at it again",
                content_hash=self.content_hash,
            )


def content_hash(run_id: PayoutRunId, items: Iterable[PayoutItem]) -> str:
    """What an approval is for: who gets how much, and where it goes."""
    content = sorted(
        [
            *(item.item_id, item.worker_id, item.destination),
            *(item.amount.units, item.currency.code, *_kept(item)),
        ]
        for item in items
    )
    return hashlib.sha256(json.dumps([run_id, content]).encode()).hexdigest()


def _kept(item: PayoutItem) -> tuple[int, ...]:
    kept = (item.fee_units, item.withheld_units)
    return kept if any(kept) else ()


def total_of(items: Iterable[PayoutItem], currency: Currency) -> Money:
    return Money(sum(item.amount.units for item in items), currency)


def kept_of(items: Iterable[PayoutItem], currency: Currency) -> Money:
    """Fees and tax withheld of all."""
    return Money(sum(item.fee_units + item.withheld_units for item in items), currency)
