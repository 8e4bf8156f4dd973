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
    RequesterId,
    WorkerId,
)

from payment_service.application.bank_ports import (
    BankAccounts,
    BankFiles,
    BankLines,
    BankStatements,
    Sweeps,
    Tolerances,
)
from payment_service.application.exception_ports import Exceptions
from payment_service.application.invoice_ports import Invoices
from payment_service.application.memo_ports import Memos
from payment_service.application.people_ports import (
    Approvals,
    Audit,
    Gifts,
    Holds,
    Payees,
    PayoutRequests,
    PayoutRuns,
    Staff,
    Suspensions,
    TopUps,
)
from payment_service.application.period_ports import Periods, TaskTotals
from payment_service.application.refund_ports import Refunds
from payment_service.domain.batches import BatchBook, BatchTerms, EarlierTerms
from payment_service.domain.bonuses import Bonus
from payment_service.domain.entries import Entry
from payment_service.domain.processor_lines import BalanceTransaction
from payment_service.domain.vat import VatRules

__all__ = [
    "Approvals",
    "Audit",
    "Emits",
    "Exceptions",
    "Gifts",
    "Holds",
    "Invoices",
    "Payees",
    "PayoutRequests",
    "PayoutRuns",
    "Refunds",
    "Staff",
    "Store",
    "TopUps",
]


@dataclass(frozen=True)
class Claim:
    """Who holds or held an assignment. `overturned`: accepted after it had been rejected, so that
    nothing is reserved for it any more. `reward` is what it was settled for, once it is.
    """

    assignment_id: AssignmentId
    batch_id: BatchId
    worker_id: WorkerId
    overturned: bool = False
    reward: Money | None = None


@dataclass(frozen=True)
class Accepted:
    """An accepted submission, to be paid to whoever claimed the assignment."""

    assignment_id: AssignmentId
    batch_id: BatchId
    accepted_at: datetime
    overturns: bool = False


@dataclass
class Staged:
    """Claims, submissions and accepts of one transaction, noted and settled together at its end."""

    claims: list[Claim] = field(default_factory=list)
    accepts: list[Accepted] = field(default_factory=list)
    received: list[tuple[AssignmentId, BatchId]] = field(default_factory=list)


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

    def standing(self, path: str) -> int:
        """Debit minus credit of the whole journal, in units: for an account of few entries."""
        ...

    def has(self, key: str) -> bool:
        """Whether an entry with this key was posted."""
        ...

    def is_used(self, path: str) -> bool:
        """Whether an entry has a line on this account."""
        ...

    def entry(self, entry_id: str) -> tuple[str, Entry] | None:
        """A posted entry with its id."""
        ...

    def by_key(self, key: str) -> tuple[str, Entry] | None:
        """The same, by its business key."""
        ...


class Assignments(Protocol):
    """Who did what: learnt from two topics in any order."""

    def learn(self, staged: Staged) -> None:
        """Keep claims, submissions and accepts; idempotent."""
        ...

    def note_closed(
        self, assignment_id: AssignmentId, batch_id: BatchId, closed_at: datetime
    ) -> None:
        """It was rejected, and nobody else has its slot: for the control totals."""
        ...

    def note_decided(self, assignment_id: AssignmentId) -> None:
        """It is not in review any more: rejected, or sent back."""
        ...

    def in_review(self, worker_id: WorkerId) -> Mapping[BatchId, int]:
        """How many of the worker's answers wait for a decision, by batch."""
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
        self,
        rewards: Mapping[AssignmentId, Money],
        *,
        settled_at: datetime,
        matures_at: datetime | None,
    ) -> None: ...

    def maturing(self, now: datetime, count_max: int) -> Sequence[Claim]:
        """Settled work whose hold window is over and whose reward is still in clearing."""
        ...

    def mark_matured(self, assignment_ids: Collection[AssignmentId]) -> None: ...

    def worker_of(self, assignment_id: AssignmentId) -> WorkerId | None:
        """Who claimed it; None where no claim was heard of yet."""
        ...

    def settled_count(self, worker_id: WorkerId) -> int: ...

    def settled_since(self, worker_id: WorkerId, moment: datetime) -> Sequence[Claim]:
        """The worker's assignments that were settled since."""
        ...


class Batches(Protocol):
    def get(self, batch_id: BatchId) -> BatchBook | None: ...

    def many(self, batch_ids: Collection[BatchId]) -> Mapping[BatchId, BatchBook]: ...

    def fund(self, terms: BatchTerms, funded_at: datetime, earlier: EarlierTerms) -> None:
        """Put the terms in force."""
        ...

    def note_title(self, batch_id: BatchId, title: str) -> None: ...

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

    def complete_to(self) -> datetime | None:
        """Up to when the processor was asked, and all that it had was taken; None where never."""
        ...

    def note_complete(self, moment: datetime) -> None: ...

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


class Reconciliations(Protocol):
    def add(self, document: Mapping[str, Any]) -> None: ...

    def get(self, reconciliation_id: str) -> Mapping[str, Any] | None: ...

    def by_request_key(self, key: str) -> Mapping[str, Any] | None: ...

    def queued(self) -> Sequence[str]: ...

    def set_result(self, reconciliation_id: str, result: Mapping[str, Any]) -> None: ...

    def forget_found(self, reconciliation_id: str) -> None:
        """Its differences and timing items."""
        ...

    def keep_differences(
        self, reconciliation_id: str, rows: Sequence[Mapping[str, Any]], *, first_number: int
    ) -> None: ...

    def keep_timing(
        self, reconciliation_id: str, rows: Sequence[Mapping[str, Any]], *, first_number: int
    ) -> None: ...

    def differences(
        self, reconciliation_id: str, count_max: int, *, after: int
    ) -> Sequence[Mapping[str, Any]]:
        """By number, from the one after `after`."""
        ...

    def found_again(self, reconciliation_id: str, keys: Collection[str]) -> Collection[str]:
        """Which of these exceptions have a difference of it."""
        ...

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
    def gifts(self) -> Gifts: ...
    @property
    def memos(self) -> Memos: ...
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
    def periods(self) -> Periods: ...
    @property
    def task_totals(self) -> TaskTotals: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def suspensions(self) -> Suspensions: ...
    @property
    def bank_accounts(self) -> BankAccounts: ...
    @property
    def bank_files(self) -> BankFiles: ...
    @property
    def bank_statements(self) -> BankStatements: ...
    @property
    def bank_lines(self) -> BankLines: ...
    @property
    def sweeps(self) -> Sweeps: ...
    @property
    def tolerances(self) -> Tolerances: ...
    @property
    def refunds(self) -> Refunds: ...
    @property
    def invoices(self) -> Invoices: ...

    @property
    def vat_rules(self) -> VatRules: ...

    def now(self) -> datetime: ...

    def settle_staged(self) -> None:
        """Settle what was staged so far, before something that depends on it."""
        ...
