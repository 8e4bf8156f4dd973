"""What the use cases need of the outside world: people, payouts, and who decided what.

The same contract as in `ports`, which offers these names beside the books' own.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import (
    PayoutItemId,
    PayoutRunId,
    RequesterId,
    StaffId,
    WorkerId,
)

from payment_service.domain.approvals import Approval, ApprovalStatus
from payment_service.domain.gifts import Gift
from payment_service.domain.holds import Hold
from payment_service.domain.payouts import (
    ItemState,
    PayoutItem,
    PayoutRun,
    PayoutSwitch,
    Rail,
    RunStatus,
)
from payment_service.domain.people import Payee, PayoutRequest, StaffMember, TopUp
from payment_service.domain.suspensions import Suspension


class TopUps(Protocol):
    def add(self, top_up: TopUp) -> None:
        """Keep a new one; does nothing where it is known."""
        ...

    def get(self, top_up_id: str) -> TopUp | None: ...

    def set_checkout(self, top_up_id: str, checkout_id: str, url: str) -> None: ...

    def by_checkout(self, checkout_id: str) -> TopUp | None: ...

    def book(self, top_up_id: str, booked: Money, booked_at: datetime) -> None: ...

    def expire(self, top_up_id: str) -> None: ...

    def of_requester(self, requester_id: RequesterId, count_max: int) -> Sequence[TopUp]: ...

    def any_open_since(self, moment: datetime) -> bool: ...


class Payees(Protocol):
    def get(self, worker_id: WorkerId) -> Payee | None: ...

    def add(self, payee: Payee) -> None:
        """Keep a new one; does nothing where it is known."""
        ...

    def choose(self, payee: Payee) -> None:
        """Write where the money of a known one goes from now on."""
        ...

    def set_status(self, worker_id: WorkerId, status: str, checked_at: datetime) -> None: ...

    def touch(self, worker_id: WorkerId, asked_at: datetime) -> None: ...

    def many(self, worker_ids: Collection[WorkerId]) -> Mapping[WorkerId, Payee]: ...

    def by_account(self, account_id: str) -> Payee | None: ...

    def pending_since(self, moment: datetime, count_max: int) -> Sequence[Payee]:
        """Accounts not active yet whose owner was last heard of after `moment`."""
        ...


class Gifts(Protocol):
    def add(self, gift: Gift) -> None: ...

    def get(self, item_id: PayoutItemId) -> Gift | None: ...

    def by_digest(self, digest: str) -> Gift | None: ...

    def replace(self, gift: Gift) -> None: ...


class PayoutRequests(Protocol):
    def add(self, request: PayoutRequest) -> None: ...

    def get(self, request_id: str) -> PayoutRequest | None: ...

    def open_one(self, worker_id: WorkerId) -> PayoutRequest | None:
        """The worker's request that is open or in a run."""
        ...

    def all_open(self, count_max: int) -> Sequence[PayoutRequest]:
        """Open ones, oldest first."""
        ...

    def set_status(
        self,
        request_ids: Collection[str],
        status: str,
        *,
        at: datetime,
        refusal_code: str | None = None,
        refusal: str | None = None,
    ) -> None:
        """`refusal` is the processor's sentence, where it refused."""
        ...

    def of_worker(self, worker_id: WorkerId, count_max: int) -> Sequence[PayoutRequest]: ...


class PayoutRuns(Protocol):
    def next_number(self) -> int: ...

    def add(self, run: PayoutRun, items: Sequence[PayoutItem]) -> None: ...

    def get(self, run_id: PayoutRunId) -> PayoutRun | None: ...

    def by_request_key(self, key: str) -> PayoutRun | None: ...

    def replace(self, run: PayoutRun) -> None: ...

    def set_status(self, run_id: PayoutRunId, status: RunStatus, at: datetime) -> None: ...

    def listed(
        self, count_max: int, *, before: str | None = None, status: RunStatus | None = None
    ) -> Sequence[PayoutRun]:
        """Newest first."""
        ...

    def items(self, run_id: PayoutRunId) -> Sequence[PayoutItem]: ...

    def item(self, item_id: PayoutItemId) -> PayoutItem | None: ...

    def remove_item(self, item_id: PayoutItemId) -> None: ...

    def set_states(
        self, run_id: PayoutRunId, *, state: ItemState, was: ItemState, at: datetime
    ) -> None: ...

    def change_item(
        self, item: PayoutItem, *, was: Collection[ItemState], tries: int | None = None
    ) -> bool:
        """Write the item if it is still in one of the states `was`, and was tried so often where
        that is named; returns whether it was.
        """
        ...

    def due_items(
        self, now: datetime, count_max: int, *, states: Collection[ItemState] | None = None
    ) -> Sequence[PayoutItem]:
        """Items of executing runs that have something to do, oldest first; those in one of the
        states alone where they are named.
        """
        ...

    def open_count(self, run_id: PayoutRunId) -> Mapping[ItemState, int]: ...

    def items_of_worker(self, worker_id: WorkerId, count_max: int) -> Sequence[PayoutItem]: ...

    def kept_of_worker(self, worker_id: WorkerId, currency: Currency) -> tuple[Money, Money]:
        """Fees, and tax withheld, of what was paid."""
        ...

    def sums_of_worker(self, worker_id: WorkerId) -> Sequence[tuple[ItemState, Money]]:
        """What all items of the worker come to, by state and currency."""
        ...

    def items_of_requests(
        self, worker_id: WorkerId, request_ids: Collection[str]
    ) -> Sequence[PayoutItem]:
        """Of these requests of the worker, newest first."""
        ...

    def files_in_transit(self) -> Mapping[str, Sequence[PayoutItem]]:
        """Bank files that were handed over, with the lines of each that the bank has not shown."""
        ...

    def of_file(self, name: str) -> Sequence[PayoutItem]:
        """All lines that were sent with a bank file."""
        ...

    def failed_items(self, count_max: int) -> Sequence[PayoutItem]: ...

    def open_items(self, rail: Rail) -> Sequence[PayoutItem]:
        """Approved and not ended, of all runs by this rail."""
        ...

    def paid_workers(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        """Those of the workers who were paid before."""
        ...

    def last_paid(self, worker_ids: Collection[WorkerId]) -> Mapping[WorkerId, PayoutItem]:
        """The newest line by which each of the workers was paid, where there is one."""
        ...

    def switch(self) -> PayoutSwitch:
        """Whether payouts are stopped."""
        ...

    def set_switch(self, switch: PayoutSwitch) -> None: ...


class Staff(Protocol):
    def add(self, member: StaffMember) -> None: ...

    def by_email(self, email: str) -> StaffMember | None: ...

    def get(self, staff_id: StaffId) -> StaffMember | None: ...

    def replace(self, member: StaffMember) -> None: ...

    def listed(self) -> Sequence[StaffMember]:
        """Those who were not removed, by e-mail; at most a thousand."""
        ...

    def sign_out(self, staff_id: StaffId) -> None:
        """End all sessions of a member."""
        ...

    def names(self) -> Mapping[StaffId, str]:
        """What each is called in lists of who did what."""
        ...


class Audit(Protocol):
    def note(self, *, who: str, what: str, subject: str, **facts: Any) -> None:
        """Append what a privileged person did; never changed, never removed."""
        ...

    def listed(
        self,
        count_max: int,
        *,
        before: str | None = None,
        who: str | None = None,
        what: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        """Newest first; of one person, one kind of act, about one thing, from `since` and before
        `until`, where these are named.
        """
        ...

    def acts(self) -> Sequence[str]:
        """Every kind of act that was ever noted."""
        ...


class Approvals(Protocol):
    """Proposals, each decided once by somebody else than who made it."""

    def add(self, approval: Approval) -> None: ...

    def get(self, approval_id: str) -> Approval | None: ...

    def by_request_key(self, key: str) -> Approval | None: ...

    def replace(self, approval: Approval) -> None: ...

    def listed(
        self,
        count_max: int,
        *,
        before: str | None = None,
        status: ApprovalStatus | None = None,
        kind: str | None = None,
    ) -> Sequence[Approval]:
        """Newest first."""
        ...

    def count(self, status: ApprovalStatus) -> int: ...

    def waiting(self, kind: str, subjects: Collection[str]) -> Mapping[str, str]:
        """Subject -> the proposal of this kind about it that waits for a second person."""
        ...


class Holds(Protocol):
    def add(self, hold: Hold) -> None: ...

    def get(self, hold_id: str) -> Hold | None: ...

    def of_worker(self, worker_id: WorkerId) -> Sequence[Hold]:
        """The worker's holds that are not released, oldest first."""
        ...

    def of_item(self, item_id: PayoutItemId) -> Hold | None:
        """What is held of a payout that came back, until it is released."""
        ...

    def held(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        """Those of the workers whose earnings are held."""
        ...

    def release(self, hold_id: str, at: datetime) -> None: ...

    def listed(self, count_max: int) -> Sequence[Hold]:
        """Not released, oldest first."""
        ...


class Suspensions(Protocol):
    def add(self, suspension: Suspension) -> None: ...

    def get(self, suspension_id: str) -> Suspension | None: ...

    def of_worker(self, worker_id: WorkerId) -> Suspension | None:
        """The worker's suspension that is not lifted."""
        ...

    def suspended(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        """Those of the workers whom nobody pays out to."""
        ...

    def lift(self, suspension_id: str, at: datetime) -> None: ...

    def listed(self, count_max: int) -> Sequence[Suspension]:
        """Not lifted, oldest first."""
        ...
