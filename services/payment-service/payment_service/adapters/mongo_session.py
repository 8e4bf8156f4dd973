"""The repositories of one transaction, the same outside of any, and the store that settles."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cached_property

from crowdloom.chassis.passkeys import PASSKEY_INDEXES
from crowdloom.chassis.session_records import SESSION_INDEXES, SESSIONS
from crowdloom.chassis.store import Document, MongoDatabase, MongoSession, MongoStore, ResultT
from crowdloom.kernel import Clock, IdFactory
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import CollectionInvalid
from pymongo.read_concern import ReadConcern

from payment_service.adapters import (
    mongo_approvals,
    mongo_audit,
    mongo_audit_log,
    mongo_balances,
    mongo_banks,
    mongo_bonuses,
    mongo_closed_trials,
    mongo_exceptions,
    mongo_gifts,
    mongo_invoices,
    mongo_memos,
    mongo_payouts,
    mongo_people,
    mongo_periods,
    mongo_refunds,
    mongo_seals,
    mongo_suspensions,
    mongo_totals,
)
from payment_service.adapters import mongo_processor as processor
from payment_service.adapters import mongo_work as work
from payment_service.adapters.mongo_ledger import (
    ACCOUNT_INDEXES,
    ACCOUNTS,
    JOURNAL,
    JOURNAL_INDEXES,
    PERIODS,
    VALIDATORS,
    MongoLedger,
)
from payment_service.application.ports import Staged
from payment_service.domain.vat import VatRules

INDEXES = {
    JOURNAL: JOURNAL_INDEXES,
    ACCOUNTS: ACCOUNT_INDEXES,
    work.ASSIGNMENTS: work.ASSIGNMENT_INDEXES,
    work.BATCHES: work.BATCH_INDEXES,
    mongo_bonuses.BONUSES: mongo_bonuses.BONUS_INDEXES,
    mongo_people.TOP_UPS: mongo_people.TOP_UP_INDEXES,
    mongo_people.PAYEES: mongo_people.PAYEE_INDEXES,
    mongo_people.PAYOUT_REQUESTS: mongo_people.PAYOUT_REQUEST_INDEXES,
    mongo_people.STAFF: mongo_people.STAFF_INDEXES,
    SESSIONS: SESSION_INDEXES,
    **PASSKEY_INDEXES,
    mongo_gifts.GIFTS: mongo_gifts.GIFT_INDEXES,
    mongo_memos.MEMOS: mongo_memos.MEMO_INDEXES,
    mongo_memos.MEMO_ACCOUNTS: mongo_memos.MEMO_ACCOUNT_INDEXES,
    mongo_payouts.PAYOUT_RUNS: mongo_payouts.PAYOUT_RUN_INDEXES,
    mongo_payouts.PAYOUT_ITEMS: mongo_payouts.PAYOUT_ITEM_INDEXES,
    processor.STRIPE_LINES: processor.STRIPE_LINE_INDEXES,
    processor.STRIPE_EVENTS: processor.STRIPE_EVENT_INDEXES,
    processor.FEEDS: [],
    processor.RECONCILIATIONS: processor.RECONCILIATION_INDEXES,
    processor.DIFFERENCES: processor.DIFFERENCE_INDEXES,
    processor.TIMING: processor.TIMING_INDEXES,
    mongo_seals.JOURNAL_SEAL: mongo_seals.SEAL_INDEXES,
    mongo_balances.BALANCES_DAILY: mongo_balances.BALANCE_INDEXES,
    mongo_balances.PROGRESS: [],
    PERIODS: [],
    mongo_audit.AUDITS: [],
    mongo_totals.TASK_TOTALS: mongo_totals.TOTALS_INDEXES,
    mongo_periods.PERIOD_CLOSINGS: [],
    mongo_closed_trials.PERIOD_TRIALS: [],
    mongo_approvals.APPROVALS: mongo_approvals.APPROVAL_INDEXES,
    mongo_approvals.HOLDS: mongo_approvals.HOLD_INDEXES,
    mongo_suspensions.SUSPENSIONS: mongo_suspensions.SUSPENSION_INDEXES,
    mongo_invoices.INVOICES: mongo_invoices.INVOICE_INDEXES,
    mongo_refunds.REFUNDS: mongo_refunds.REFUND_INDEXES,
    mongo_refunds.REFUND_PARTS: mongo_refunds.REFUND_PART_INDEXES,
    mongo_banks.BANK_STATEMENTS: mongo_banks.BANK_STATEMENT_INDEXES,
    mongo_banks.BANK_LINES: mongo_banks.BANK_LINE_INDEXES,
    mongo_banks.SWEEPS: mongo_banks.SWEEP_INDEXES,
    mongo_exceptions.EXCEPTIONS: mongo_exceptions.EXCEPTION_INDEXES,
    mongo_exceptions.EXCEPTION_NOTES: mongo_exceptions.NOTE_INDEXES,
    mongo_audit_log.AUDIT_LOG: mongo_audit_log.AUDIT_INDEXES,
}


class Repositories:
    """What a transaction and a plain reader have alike."""

    database: MongoDatabase
    session: ClientSession | None
    _clock: Clock
    _ids: IdFactory

    @cached_property
    def ledger(self) -> MongoLedger:
        return MongoLedger(self.database, self.session, clock=self._clock, ids=self._ids)

    @cached_property
    def assignments(self) -> work.MongoAssignments:
        return work.MongoAssignments(self.database, self.session)

    @cached_property
    def batches(self) -> work.MongoBatches:
        return work.MongoBatches(self.database, self.session)

    @cached_property
    def bonuses(self) -> mongo_bonuses.MongoBonuses:
        return mongo_bonuses.MongoBonuses(self.database, self.session)

    @cached_property
    def top_ups(self) -> mongo_people.MongoTopUps:
        return mongo_people.MongoTopUps(self.database, self.session)

    @cached_property
    def payees(self) -> mongo_people.MongoPayees:
        return mongo_people.MongoPayees(self.database, self.session)

    @cached_property
    def gifts(self) -> mongo_gifts.MongoGifts:
        return mongo_gifts.MongoGifts(self.database, self.session)

    @cached_property
    def memos(self) -> mongo_memos.MongoMemos:
        return mongo_memos.MongoMemos(self.database, self.session, clock=self._clock, ids=self._ids)

    @cached_property
    def payout_requests(self) -> mongo_people.MongoPayoutRequests:
        return mongo_people.MongoPayoutRequests(self.database, self.session)

    @cached_property
    def payout_runs(self) -> mongo_payouts.MongoPayoutRuns:
        return mongo_payouts.MongoPayoutRuns(self.database, self.session)

    @cached_property
    def lines(self) -> processor.MongoProcessorLines:
        return processor.MongoProcessorLines(self.database, self.session)

    @cached_property
    def hints(self) -> processor.MongoHints:
        return processor.MongoHints(self.database, self.session)

    @cached_property
    def exceptions(self) -> mongo_exceptions.MongoExceptions:
        return mongo_exceptions.MongoExceptions(
            self.database, self.session, clock=self._clock, ids=self._ids
        )

    @cached_property
    def staff(self) -> mongo_people.MongoStaff:
        return mongo_people.MongoStaff(self.database, self.session)

    @cached_property
    def audit(self) -> mongo_audit_log.MongoAudit:
        return mongo_audit_log.MongoAudit(
            self.database, self.session, clock=self._clock, ids=self._ids
        )

    @cached_property
    def reconciliations(self) -> processor.MongoReconciliations:
        return processor.MongoReconciliations(self.database, self.session)

    @cached_property
    def periods(self) -> mongo_periods.MongoPeriods:
        return mongo_periods.MongoPeriods(self.database, self.session)

    @cached_property
    def task_totals(self) -> mongo_totals.MongoTaskTotals:
        return mongo_totals.MongoTaskTotals(self.database, self.session)

    @cached_property
    def approvals(self) -> mongo_approvals.MongoApprovals:
        return mongo_approvals.MongoApprovals(self.database, self.session)

    @cached_property
    def holds(self) -> mongo_approvals.MongoHolds:
        return mongo_approvals.MongoHolds(self.database, self.session)

    @cached_property
    def suspensions(self) -> mongo_suspensions.MongoSuspensions:
        return mongo_suspensions.MongoSuspensions(self.database, self.session)

    @cached_property
    def invoices(self) -> mongo_invoices.MongoInvoices:
        return mongo_invoices.MongoInvoices(self.database, self.session)

    @cached_property
    def refunds(self) -> mongo_refunds.MongoRefunds:
        return mongo_refunds.MongoRefunds(self.database, self.session)

    @cached_property
    def bank_accounts(self) -> mongo_banks.MongoBankAccounts:
        return mongo_banks.MongoBankAccounts(self.database, self.session)

    @cached_property
    def bank_files(self) -> mongo_banks.MongoBankFiles:
        return mongo_banks.MongoBankFiles(self.database, self.session)

    @cached_property
    def bank_statements(self) -> mongo_banks.MongoBankStatements:
        return mongo_banks.MongoBankStatements(self.database, self.session)

    @cached_property
    def bank_lines(self) -> mongo_banks.MongoBankLines:
        return mongo_banks.MongoBankLines(self.database, self.session)

    @cached_property
    def sweeps(self) -> mongo_banks.MongoSweeps:
        return mongo_banks.MongoSweeps(self.database, self.session)

    @cached_property
    def tolerances(self) -> mongo_banks.MongoTolerances:
        return mongo_banks.MongoTolerances(self.database, self.session)


class PaymentSession(Repositories, MongoSession):
    """One transaction. What is staged in it is settled together before it commits."""

    def __init__(
        self, database: MongoDatabase, session: ClientSession, *, clock: Clock, ids: IdFactory
    ) -> None:
        MongoSession.__init__(self, database, session, clock=clock, ids=ids)
        self.staged = Staged()
        self.vat_rules = VatRules()
        self.settle: Callable[[PaymentSession], None] = _settle_nothing

    def now(self) -> datetime:
        return self._clock.now()

    def settle_staged(self) -> None:
        self.settle(self)


def _settle_nothing(_session: PaymentSession) -> None:
    """For sessions that nobody gave a settlement."""


class PaymentStore(MongoStore[PaymentSession]):
    """Runs `settle` at the end of each transaction."""

    def __init__(
        self,
        client: "MongoClient[Document]",
        database: str,
        *,
        settle: Callable[[PaymentSession], None],
        clock: Clock,
        ids: IdFactory,
        vat: VatRules | None = None,
    ) -> None:
        super().__init__(client, database, session_class=PaymentSession, clock=clock, ids=ids)
        self._settle = settle
        self._vat = vat or VatRules()

    def transact(
        self, work: Callable[[PaymentSession], ResultT], read_concern: ReadConcern
    ) -> ResultT:
        def whole(session: PaymentSession) -> ResultT:
            session.settle = self._settle
            session.vat_rules = self._vat
            result = work(session)
            session.settle_staged()
            return result

        return super().transact(whole, read_concern)

    def migrate_all(self) -> None:
        """Collections with their validators, then indexes; can be run again."""
        for name, validator in VALIDATORS.items():
            with suppress(CollectionInvalid):
                self.database.create_collection(name)
            self.database.command("collMod", name, validator=validator, validationLevel="strict")
        mongo_exceptions.bring_up_to_date(self.database)
        mongo_approvals.bring_up_to_date(self.database)
        self.migrate(INDEXES)


class Readers(Repositories):
    """For pages and lists, which need no transaction."""

    def __init__(self, database: MongoDatabase, *, clock: Clock, ids: IdFactory) -> None:
        self.database = database
        self.session = None
        self._clock = clock
        self._ids = ids
