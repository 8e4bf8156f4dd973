"""Which tables finance, requesters and workers have, and what they can ask of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId, WorkerId

from payment_service.application.bank_ports import KeptLine, KeptStatement
from payment_service.application.exception_ports import Wanted
from payment_service.application.journal import JournalEntry, StatementLine
from payment_service.application.rows import Rows
from payment_service.domain.approvals import Approval, ApprovalStatus
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.batches import BatchBook
from payment_service.domain.bonuses import Bonus
from payment_service.domain.gifts import Gift
from payment_service.domain.holds import Hold
from payment_service.domain.invoices import Invoice
from payment_service.domain.payouts import PayoutItem, PayoutRun, Rail, RunStatus
from payment_service.domain.people import Payee, PayoutRequest, TopUp
from payment_service.domain.refunds import Refund, RefundStatus


@dataclass(frozen=True)
class Acts:
    """Which acts of the audit log. `until` itself is not among them."""

    who: str | None = None
    what: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Entries:
    """Which entries of the journal: of a flow, about an object, of days they took effect on.
    `about` is an id of any kind, an entry's own and its key included.
    """

    code: str | None = None
    ref: tuple[str, str] | None = None
    about: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class RunLine:
    """A payout run with the sums of its items; `total` is without those that were given up."""

    run: PayoutRun
    payee_count: int
    total: Money
    paid: Money
    failed: Money


@dataclass(frozen=True)
class Funds:
    """What a requester has with us in one currency."""

    requester_id: str
    free: Money
    reserved: Money
    refunding: Money

    @property
    def all(self) -> Money:
        return self.free + self.reserved + self.refunding

    @property
    def row_id(self) -> str:
        return f"{self.requester_id} {self.free.currency.code}"


class Tables(Protocol):
    """What is too long to be put in order here. Each names the orders that the database keeps; for
    any other all rows are read (`JoinedRows`).
    """

    def runs(self, *, status: RunStatus | None = None, rail: Rail | None = None) -> Rows[PayoutRun]:
        """run, state, made_at, approved_at, ended_at."""
        ...

    def run_lines(self, runs: Sequence[PayoutRun]) -> Sequence[RunLine]:
        """The same with the sums of their items."""
        ...

    def payees(self, *, status: str | None = None, part: str = "") -> Rows[Payee]:
        """Those with `part` in their id. worker, account, details_at."""
        ...

    def payouts_of(self, worker_id: WorkerId) -> Rows[PayoutItem]:
        """line, run, state, changed_at."""
        ...

    def holds(self) -> Rows[Hold]:
        """Not released. worker, reason, placed_at."""
        ...

    def approvals(
        self, *, status: ApprovalStatus | None = None, kind: str | None = None
    ) -> Rows[Approval]:
        """kind, subject, reason, state, made_at."""
        ...

    def refunds(
        self, *, status: RefundStatus | None = None, requester_id: RequesterId | None = None
    ) -> Rows[Refund]:
        """asked_at, requester, state."""
        ...

    def invoices(
        self, *, part: str = "", month: str = "", requester_id: RequesterId | None = None
    ) -> Rows[Invoice]:
        """Of requesters with `part` in their id. number, month, requester, issued_at."""
        ...

    def bank_statements(self, account_id: str | None = None) -> Rows[KeptStatement]:
        """statement, closed_on, lines, confirmed_at."""
        ...

    def top_ups(self, requester_id: RequesterId) -> Rows[TopUp]:
        """begun, state."""
        ...

    def batches(self, requester_id: RequesterId) -> Rows[BatchBook]:
        """Those that money was reserved for. title, batch, answers."""
        ...

    def holding_count(self, requester_id: RequesterId) -> int:
        """For how many batches money is reserved now."""
        ...

    def gifts(self, worker_id: WorkerId) -> Rows[Gift]:
        """received, redeemed_at."""
        ...

    def bonuses(self, worker_id: WorkerId) -> Rows[Bonus]:
        """Settled ones. received_at, reason."""
        ...

    def payout_requests(self, worker_id: WorkerId) -> Rows[PayoutRequest]:
        """asked_at."""
        ...

    def funds(self) -> Sequence[Funds]:
        """Of every requester who has any."""
        ...

    def reconciliations(self, result: str = "") -> Rows[Mapping[str, Any]]:
        """Of one result (equal, differs, failed) where it is named. asked_at, status, lines,
        differences, asked_by.
        """
        ...

    def differences(self, reconciliation_id: str) -> Rows[Mapping[str, Any]]:
        """All of one, where they were all kept. number, kind, subject."""
        ...

    def timing(self, reconciliation_id: str) -> Rows[Mapping[str, Any]]:
        """All of one, where they were all kept. number, what, due_on."""
        ...

    def exceptions(self, wanted: Wanted) -> Rows[Mapping[str, Any]]:
        """kind, subject, amount, severity, state, owner, opened_at."""
        ...

    def audit(self, acts: Acts) -> Rows[Mapping[str, Any]]:
        """at, who, what, subject."""
        ...

    def entries(self, entries: Entries) -> Rows[JournalEntry]:
        """booked_at, effective_on, code, key, total."""
        ...

    def statement(
        self,
        path: str,
        *,
        since: date | None = None,
        until: date | None = None,
        debit: str = "debit",
        credit: str = "credit",
    ) -> Rows[StatementLine]:
        """What moved an account; `debit` and `credit` name the columns that have a total.
        booked_at, newest first alone.
        """
        ...

    def bank_lines(self, statement_id: str, state: BankLineState | None = None) -> Rows[KeptLine]:
        """number, booked_on, amount, counterparty, text, state, matched_as."""
        ...
