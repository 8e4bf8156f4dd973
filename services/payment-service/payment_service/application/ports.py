"""What the use cases need of the outside world: the books. Each docstring is the contract.

Repositories block for one or two operations each and belong to one transaction, or to none where
they come from Readers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from crowdloom.chassis.store import Emits, Store
from crowdloom.kernel import Money
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    PayoutItemId,
    PayoutRunId,
    RequesterId,
    StaffId,
    WorkerId,
)

from payment_service.domain.approvals import Approval, ApprovalStatus
from payment_service.domain.batches import BatchBook, BatchTerms
from payment_service.domain.bonuses import Bonus
from payment_service.domain.entries import Entry
from payment_service.domain.holds import Hold
from payment_service.domain.payouts import (
    ItemState,
    PayoutItem,
    PayoutRun,
    PayoutSwitch,
    RunStatus,
)
from payment_service.domain.people import Payee, PayoutRequest, StaffMember, TopUp
from payment_service.domain.processor_lines import BalanceTransaction

__all__ = ["Emits", "Store"]


@dataclass(frozen=True)
class Claim:
    """Who holds or held an assignment. `overturned`: accepted after it had been rejected, so that
    nothing is reserved for it any more.
    """

    assignment_id: AssignmentId
    batch_id: BatchId
    worker_id: WorkerId
    overturned: bool = False


@dataclass(frozen=True)
class Accepted:
    """An accepted submission, to be paid to whoever claimed the assignment."""

    assignment_id: AssignmentId
    batch_id: BatchId
    accepted_at: datetime
    overturns: bool = False


@dataclass
class Staged:
    """Claims and accepts of one transaction, settled together at its end."""

    claims: list[Claim] = field(default_factory=list)
    accepts: list[Accepted] = field(default_factory=list)


class Ledger(Protocol):
    """The journal and its guarded accounts."""

    def post(self, *entries: Entry) -> Sequence[Entry]:
        """Post what has not been posted; returns that. A key that came before with another
        fingerprint becomes an exception instead. Raises InsufficientFunds (all is rolled back).
        """
        ...

    def balances(self, paths: Collection[str]) -> Mapping[str, int]:
        """Units on guarded accounts; 0 where nothing was ever posted."""
        ...

    def has(self, key: str) -> bool:
        """Whether an entry with this key was posted."""
        ...

    def entry(self, entry_id: str) -> tuple[str, Entry] | None:
        """A posted entry with its id."""
        ...


class Assignments(Protocol):
    """Who did what: learnt from two topics in any order."""

    def learn(self, staged: Staged) -> None:
        """Keep claims and accepts; idempotent."""
        ...

    def ready(self, assignment_ids: Collection[AssignmentId]) -> Sequence[Claim]:
        """Those of the assignments that are accepted, claimed, and not settled."""
        ...

    def waiting(self, count_max: int) -> Sequence[AssignmentId]:
        """Accepted, claimed and not settled, oldest first."""
        ...

    def waiting_count(self, batch_id: BatchId) -> int:
        """Accepted submissions of the batch that are to be settled from its reserved funds."""
        ...

    def mark_settled(
        self, claims: Collection[Claim], *, settled_at: datetime, matures_at: datetime | None
    ) -> None: ...

    def maturing(self, now: datetime, count_max: int) -> Sequence[Claim]:
        """Settled work whose hold window is over and whose reward is still in clearing."""
        ...

    def mark_matured(self, assignment_ids: Collection[AssignmentId]) -> None: ...

    def worker_of(self, assignment_id: AssignmentId) -> WorkerId | None:
        """Who claimed it; None where no claim was heard of yet."""
        ...

    def settled_count(self, worker_id: WorkerId) -> int: ...

    def settled_since(self, worker_id: WorkerId, moment: datetime) -> Mapping[BatchId, int]:
        """How many of the worker's assignments were settled since, by batch."""
        ...


class Batches(Protocol):
    def get(self, batch_id: BatchId) -> BatchBook | None: ...

    def many(self, batch_ids: Collection[BatchId]) -> Mapping[BatchId, BatchBook]: ...

    def fund(self, terms: BatchTerms, funded_at: datetime) -> None: ...

    def note_withdrawal(self, batch_id: BatchId, revision: int, slot_count: int) -> None: ...

    def note_released(self, batch_id: BatchId, amount: Money) -> None: ...

    def note_settled(self, counts: Mapping[BatchId, int]) -> None: ...

    def close(self, batch_id: BatchId) -> None: ...

    def of_requester(self, requester_id: RequesterId, count_max: int) -> Sequence[BatchBook]:
        """Newest first."""
        ...


class Bonuses(Protocol):
    def add(self, bonus: Bonus) -> None: ...

    def get(self, bonus_id: str) -> Bonus | None: ...

    def end(self, bonus: Bonus) -> None:
        """Write one that was settled or declined."""
        ...

    def waiting(self, count_max: int) -> Sequence[Bonus]:
        """Oldest first."""
        ...

    def settled_of(
        self, worker_id: WorkerId, count_max: int, *, since: datetime | None = None
    ) -> Sequence[Bonus]:
        """The worker's, newest first."""
        ...


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

    def set_account(self, worker_id: WorkerId, account_id: str) -> None: ...

    def set_status(self, worker_id: WorkerId, status: str, checked_at: datetime) -> None: ...

    def touch(self, worker_id: WorkerId, asked_at: datetime) -> None: ...

    def many(self, worker_ids: Collection[WorkerId]) -> Mapping[WorkerId, Payee]: ...

    def by_account(self, account_id: str) -> Payee | None: ...

    def listed(
        self, count_max: int, *, after: str | None = None, status: str | None = None
    ) -> Sequence[Payee]:
        """By worker."""
        ...

    def pending_since(self, moment: datetime, count_max: int) -> Sequence[Payee]:
        """Accounts not active yet whose owner was last heard of after `moment`."""
        ...


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

    def failed_items(self, count_max: int) -> Sequence[PayoutItem]: ...

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


class ProcessorLines(Protocol):
    """The mirror of the processor's balance transactions."""

    def known(self, transaction_ids: Collection[str]) -> Mapping[str, bool]:
        """Of the transactions that are booked: whether they are settled as well."""
        ...

    def add(self, line: BalanceTransaction, *, entry_key: str | None, settled: bool) -> None:
        """Keep a line that is new; `entry_key` is None where it moves nothing."""
        ...

    def mark_settled(self, transaction_id: str) -> None: ...

    def unsettled_ids(self, count_max: int) -> Sequence[str]: ...

    def newest_created(self) -> datetime | None: ...

    def count(self) -> int: ...


@dataclass(frozen=True)
class Hint:
    """A processor's event: something to look up, never a fact in itself."""

    event_id: str
    kind: str
    object_id: str
    created_at: datetime


class Hints(Protocol):
    def add(self, hint: Hint, received_at: datetime) -> bool:
        """Returns whether it is new."""
        ...

    def pending(self, count_max: int) -> Sequence[Hint]: ...

    def mark_handled(self, event_ids: Collection[str], at: datetime) -> None: ...


class Exceptions(Protocol):
    def open(
        self,
        *,
        key: str,
        kind: str,
        subject: str,
        amount: Money | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Put it into the queue, once per key; it stays until somebody resolves it."""
        ...

    def resolve(self, key: str, *, resolution: str) -> None:
        """Does nothing where there is none open."""
        ...

    def listed(
        self, count_max: int, *, after: str | None = None, kind: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Open ones, oldest first; of one kind where it is named."""
        ...

    def get(self, exception_id: str) -> Mapping[str, Any] | None: ...

    def open_amounts(self) -> Sequence[tuple[str, Money | None]]:
        """Kind and amount of every open one."""
        ...

    def open_keys(self, prefix: str) -> Sequence[str]: ...


class Staff(Protocol):
    def add(self, member: StaffMember) -> None: ...

    def by_email(self, email: str) -> StaffMember | None: ...

    def get(self, staff_id: StaffId) -> StaffMember | None: ...

    def replace(self, member: StaffMember) -> None: ...

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
    ) -> Sequence[Mapping[str, Any]]:
        """Newest first; of one person or one kind of act where it is named."""
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


class Holds(Protocol):
    def add(self, hold: Hold) -> None: ...

    def get(self, hold_id: str) -> Hold | None: ...

    def of_worker(self, worker_id: WorkerId) -> Hold | None:
        """The worker's hold that is not released."""
        ...

    def held(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        """Those of the workers whose earnings are held."""
        ...

    def release(self, hold_id: str, at: datetime) -> None: ...

    def listed(self, count_max: int) -> Sequence[Hold]:
        """Not released, oldest first."""
        ...


class Reconciliations(Protocol):
    def add(self, document: Mapping[str, Any]) -> None: ...

    def get(self, reconciliation_id: str) -> Mapping[str, Any] | None: ...

    def by_request_key(self, key: str) -> Mapping[str, Any] | None: ...

    def queued(self) -> Sequence[str]: ...

    def set_result(self, reconciliation_id: str, result: Mapping[str, Any]) -> None: ...

    def listed(
        self, count_max: int, *, before: str | None = None
    ) -> Sequence[Mapping[str, Any]]: ...


class Session(Emits, Protocol):
    """The repositories of one transaction."""

    @property
    def staged(self) -> Staged: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def assignments(self) -> Assignments: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def bonuses(self) -> Bonuses: ...
    @property
    def top_ups(self) -> TopUps: ...
    @property
    def payees(self) -> Payees: ...
    @property
    def payout_requests(self) -> PayoutRequests: ...
    @property
    def payout_runs(self) -> PayoutRuns: ...
    @property
    def lines(self) -> ProcessorLines: ...
    @property
    def hints(self) -> Hints: ...
    @property
    def exceptions(self) -> Exceptions: ...
    @property
    def staff(self) -> Staff: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def reconciliations(self) -> Reconciliations: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def holds(self) -> Holds: ...

    def now(self) -> datetime: ...

    def settle_staged(self) -> None:
        """Settle what was staged so far, before something that depends on it."""
        ...
