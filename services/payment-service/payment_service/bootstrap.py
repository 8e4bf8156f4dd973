"""The composition root: settings in, use cases out. The only file that builds concrete adapters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from secrets import SystemRandom

from crowdloom.chassis.http.health import Check
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.own_machine import by_name
from crowdloom.chassis.passkeys import Passkeys
from crowdloom.chassis.session_records import SessionRecords
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.chassis.tokens import Sessions
from crowdloom.chassis.wiring import mongo_client, readiness_checks, sessions_of
from crowdloom.kernel import Clock, Currency, IdFactory, Money, SystemClock, TimeOrderedIds
from itsdangerous import URLSafeTimedSerializer
from pymongo import MongoClient

from payment_service.adapters.bank_details import BankDetailsBox, Pain001
from payment_service.adapters.bank_statements import FileFormats
from payment_service.adapters.credentials import StaffCredentials
from payment_service.adapters.journal_files import AuditPack, PayeeCountries, formats
from payment_service.adapters.mongo_ageing import MongoAgeing
from payment_service.adapters.mongo_audit import MongoAuditBooks, MongoAudits
from payment_service.adapters.mongo_balances import MongoBalances
from payment_service.adapters.mongo_evidence import MongoEvidence
from payment_service.adapters.mongo_invoices import MongoFeeBooks
from payment_service.adapters.mongo_journal import MongoJournal
from payment_service.adapters.mongo_periods import MongoPeriodBooks
from payment_service.adapters.mongo_reconciled import MongoReconciledBooks
from payment_service.adapters.mongo_seals import MongoSealedJournal
from payment_service.adapters.mongo_session import PaymentStore, Readers
from payment_service.adapters.mongo_tables import MongoTables
from payment_service.adapters.mongo_trails import MongoTrailBooks
from payment_service.adapters.sorted_rows import SortedRows
from payment_service.adapters.stripe_processor import StripeProcessor
from payment_service.application.age_exceptions import AgeExceptions
from payment_service.application.approvals import ApprovalDesk
from payment_service.application.ask_payout import AskForPayout
from payment_service.application.ask_refund import AskRefund, DeclineRefund, refund_approval
from payment_service.application.attach_evidence import AttachEvidence
from payment_service.application.audit import AuditMoney
from payment_service.application.bank_accounts import PutBankAccount
from payment_service.application.bank_files import (
    WriteBankFile,
    bank_file_sent,
    bank_file_void,
    put_into_file,
)
from payment_service.application.book_bank_lines import MatchAgain
from payment_service.application.book_lines import BookLines
from payment_service.application.close_periods import (
    CLOSE,
    REOPEN,
    PeriodDesk,
    period_close,
    period_reopen,
)
from payment_service.application.compare_totals import CompareTotals
from payment_service.application.daily_balances import DeriveBalances, RebuildBalances
from payment_service.application.exceptions_desk import ExceptionsDesk
from payment_service.application.execute_payouts import ExecutePayouts
from payment_service.application.execute_refunds import ExecuteRefunds
from payment_service.application.export_journal import ExportJournal
from payment_service.application.gifts import GiftDesk, issue_gift
from payment_service.application.holds import PlaceHold, hold_release
from payment_service.application.import_statements import ImportStatements
from payment_service.application.invoices import IssueInvoices, SetBilledTo
from payment_service.application.manual_entries import correction, manual_entry
from payment_service.application.match_statements import statement_match, statement_unmatch
from payment_service.application.pay_bonuses import PayWaitingBonuses
from payment_service.application.payees import ChooseRail, OpenPayoutAccount, RefreshPayees
from payment_service.application.payout_runs import PayoutRunDesk
from payment_service.application.payout_switch import SwitchPayouts
from payment_service.application.period_checks import CheckPeriod
from payment_service.application.plan_runs import PlanRuns
from payment_service.application.poll_processor import PollProcessor, ReceiveHint
from payment_service.application.processor import PaymentProcessor
from payment_service.application.reconcile import (
    QueueReconciliation,
    Reconcile,
    ScheduleReconciliation,
)
from payment_service.application.resolve_exceptions import exception_resolution, write_off
from payment_service.application.seal_journal import SealJournal, VerifySeals
from payment_service.application.settle_submissions import (
    MatureRewards,
    SettleStaged,
    SettleWaiting,
)
from payment_service.application.show_earned import ShowEarned
from payment_service.application.show_finance import ShowFinance
from payment_service.application.show_money import ShowMoney
from payment_service.application.show_trail import ShowTrail
from payment_service.application.staff import AddStaff, Enrol, SignIn
from payment_service.application.staff_roles import staff_grants, staff_invite, staff_remove
from payment_service.application.suspensions import SuspendWorker, suspension_lift
from payment_service.application.tolerances import tolerance_rule
from payment_service.application.top_up import StartTopUp
from payment_service.application.vat import TellVat
from payment_service.application.watch_books import WatchBooks
from payment_service.application.watch_invariants import WatchInvariants
from payment_service.config import SERVICE, Settings, read_settings
from payment_service.domain.payouts import Rail
from payment_service.from_settings import own_account, run_limits

SESSION_LIFETIME = timedelta(hours=8)
# A session that was ended lives on at the operators' pages for so long: a browser's, a program's.
PASS_LIFETIME = timedelta(hours=1)
API_PASS_LIFETIME = timedelta(hours=2)
ENROLMENT_SECONDS_MAX = 86_400


@dataclass(frozen=True)
class Application:
    """Everything the entry points call."""

    settings: Settings
    currency: Currency
    clock: Clock
    ids: IdFactory
    store: PaymentStore
    readers: Readers
    journal: MongoJournal
    tables: MongoTables
    sessions: Sessions
    session_records: SessionRecords
    passkeys: Passkeys
    idempotency: IdempotencyStore
    enrolment_links: URLSafeTimedSerializer
    start_top_up: StartTopUp
    show_money: ShowMoney
    show_earned: ShowEarned
    show_finance: ShowFinance
    open_payout_account: OpenPayoutAccount
    refresh_payees: RefreshPayees
    ask_for_payout: AskForPayout
    receive_hint: ReceiveHint
    poll_processor: PollProcessor
    settle_waiting: SettleWaiting
    pay_waiting_bonuses: PayWaitingBonuses
    mature_rewards: MatureRewards
    plan_runs: PlanRuns
    choose_rail: ChooseRail
    write_bank_file: WriteBankFile
    gifts: GiftDesk
    runs: PayoutRunDesk
    switch_payouts: SwitchPayouts
    approvals: ApprovalDesk
    exceptions_desk: ExceptionsDesk
    attach_evidence: AttachEvidence
    periods: PeriodDesk
    balances: MongoBalances
    derive_balances: DeriveBalances
    rebuild_balances: RebuildBalances
    age_exceptions: AgeExceptions
    compare_totals: CompareTotals
    place_hold: PlaceHold
    suspend_worker: SuspendWorker
    audit_money: AuditMoney
    put_bank_account: PutBankAccount
    show_trail: ShowTrail
    import_statements: ImportStatements
    execute_payouts: ExecutePayouts
    ask_refund: AskRefund
    decline_refund: DeclineRefund
    execute_refunds: ExecuteRefunds
    issue_invoices: IssueInvoices
    set_billed_to: SetBilledTo
    tell_vat: TellVat
    queue_reconciliation: QueueReconciliation
    reconcile: Reconcile
    schedule_reconciliation: ScheduleReconciliation
    watch_books: WatchBooks
    watch_invariants: WatchInvariants
    seal_journal: SealJournal
    verify_seals: VerifySeals
    export_journal: ExportJournal
    add_staff: AddStaff
    enrol: Enrol
    sign_in: SignIn
    checks: Mapping[str, Check]

    @property
    def database(self) -> MongoDatabase:
        return self.store.database


def build(
    settings: Settings,
    *,
    client: "MongoClient[Document] | None" = None,
    database: str = SERVICE,
    clock: Clock | None = None,
    ids: IdFactory | None = None,
    processor: PaymentProcessor | None = None,
) -> Application:
    """Build the service. Call it after a fork: the MongoDB client does not survive one."""
    clock = clock or SystemClock()
    ids = ids or TimeOrderedIds(clock)
    client = client or mongo_client(settings.common)
    processor = processor or stripe_processor(settings)
    currency = Currency.of(settings.currency)
    settle = SettleStaged(timedelta(seconds=settings.clearing_seconds))
    store = PaymentStore(client, database, settle=settle, clock=clock, ids=ids, vat=settings.vat)
    readers = Readers(store.database, clock=clock, ids=ids)
    journal = MongoJournal(store.database)
    credentials = StaffCredentials(settings.common.cursor_key)
    refresh_payees = RefreshPayees(store, processor, clock)
    poll = PollProcessor(
        store, processor, book_lines=BookLines(store), refresh_payees=refresh_payees, clock=clock
    )
    watch_books = WatchBooks(readers, clock=clock)
    queue_reconciliation = QueueReconciliation(store, clock=clock, ids=ids)
    sealed = MongoSealedJournal(store.database)
    verify_seals = VerifySeals(sealed, clock)
    audit_pack = AuditPack(sealed, verify=verify_seals, proof=watch_books.newest)
    countries = PayeeCountries(readers.payees, processor_country=settings.payout_country)
    url = settings.common.public_url
    limits = run_limits(settings)
    rules = settings.payout_rules
    plan_runs = PlanRuns(store, clock=clock, ids=ids, limits=limits, rules=rules)
    box = BankDetailsBox(settings.common.cursor_key)
    approvals = ApprovalDesk(
        store,
        clock=clock,
        ids=ids,
        kinds={
            "hold_release": hold_release(clock),
            "suspension_lift": suspension_lift(clock),
            "manual_entry": manual_entry(),
            "correction": correction(),
            "statement_match": statement_match(),
            "statement_unmatch": statement_unmatch(),
            "tolerance_rule": tolerance_rule(),
            "staff_invite": staff_invite(credentials, ids),
            "staff_grants": staff_grants(),
            "staff_remove": staff_remove(),
            "bank_file_sent": bank_file_sent(),
            "bank_file_void": bank_file_void(),
            "exception_resolution": exception_resolution(clock),
            CLOSE: period_close(clock),
            REOPEN: period_reopen(clock),
            "write_off": write_off(clock),
            "refund": refund_approval(clock),
        },
    )
    books_of_periods = MongoPeriodBooks(store.database)
    balances = MongoBalances(store.database)
    import_statements = ImportStatements(store, formats=FileFormats(), clock=clock)
    derive_balances = DeriveBalances(balances)
    audit = AuditMoney(MongoAuditBooks(store.database), seals=verify_seals, clock=clock)
    return Application(
        settings=settings,
        currency=currency,
        clock=clock,
        ids=ids,
        store=store,
        readers=readers,
        journal=journal,
        tables=MongoTables(store.database),
        sessions=sessions_of(settings.common, service=SERVICE, clock=clock),
        session_records=SessionRecords(store.database, role="staff", clock=clock, ids=ids),
        passkeys=Passkeys(
            store.database, clock=clock, public_url=by_name(url), verified_owner=False
        ),
        idempotency=IdempotencyStore(store.database, clock),
        enrolment_links=URLSafeTimedSerializer(settings.common.cursor_key, salt="enrolment"),
        start_top_up=StartTopUp(store, processor, currency=currency, clock=clock, public_url=url),
        show_money=ShowMoney(readers, currency, rules=rules, clock=clock),
        show_earned=ShowEarned(readers, currency),
        show_finance=ShowFinance(readers, journal=journal, currency=currency),
        open_payout_account=OpenPayoutAccount(store, processor, clock=clock, public_url=url),
        refresh_payees=refresh_payees,
        ask_for_payout=AskForPayout(
            store,
            refresh_payees=refresh_payees,
            clock=clock,
            ids=ids,
            minimum=Money.of_minor(max(settings.payout_minimum_minor, 1), currency),
            rules=rules,
        ),
        receive_hint=ReceiveHint(store, processor, clock),
        poll_processor=poll,
        settle_waiting=SettleWaiting(store, settle),
        pay_waiting_bonuses=PayWaitingBonuses(store),
        mature_rewards=MatureRewards(store, clock),
        plan_runs=plan_runs,
        choose_rail=ChooseRail(
            store,
            clock=clock,
            box=box,
            offered=[Rail(name) for name in settings.payout_rails],
        ),
        write_bank_file=WriteBankFile(
            store, clock=clock, box=box, file_format=Pain001(), own=own_account(settings)
        ),
        gifts=GiftDesk(store, clock=clock, randomness=SystemRandom()),
        runs=PayoutRunDesk(
            store,
            clock=clock,
            ids=ids,
            plans=plan_runs,
            limits=limits,
            available=ShowFinance(readers, journal=journal, currency=currency).available,
        ),
        switch_payouts=SwitchPayouts(store, clock=clock),
        approvals=approvals,
        exceptions_desk=ExceptionsDesk(store),
        attach_evidence=AttachEvidence(store, MongoEvidence(store.database)),
        periods=PeriodDesk(
            store,
            books_of_periods,
            check=CheckPeriod(books_of_periods, seals=verify_seals, clock=clock),
            approvals=approvals,
            clock=clock,
        ),
        balances=balances,
        derive_balances=derive_balances,
        rebuild_balances=RebuildBalances(balances, derive_balances),
        compare_totals=CompareTotals(store),
        age_exceptions=AgeExceptions(store, MongoAgeing(store.database), clock=clock),
        place_hold=PlaceHold(store, clock=clock, ids=ids, currency=currency),
        suspend_worker=SuspendWorker(store, clock=clock, ids=ids),
        audit_money=audit,
        put_bank_account=PutBankAccount(store),
        show_trail=ShowTrail(readers, MongoTrailBooks(store.database), clock=clock),
        import_statements=import_statements,
        execute_payouts=ExecutePayouts(
            store,
            processor,
            clock=clock,
            by_ourselves={Rail.BANK_FILE: put_into_file, Rail.GIFT_CREDIT: issue_gift},
        ),
        ask_refund=AskRefund(store, clock=clock, currency=currency),
        decline_refund=DeclineRefund(store),
        execute_refunds=ExecuteRefunds(store, processor, clock=clock),
        issue_invoices=IssueInvoices(
            store, MongoFeeBooks(store.database), clock=clock, issuer=settings.invoice_issuer
        ),
        set_billed_to=SetBilledTo(store),
        tell_vat=TellVat(store, readers.invoices.taxed, clock=clock),
        queue_reconciliation=queue_reconciliation,
        schedule_reconciliation=ScheduleReconciliation(store, queue_reconciliation, clock=clock),
        reconcile=Reconcile(
            store,
            books=MongoReconciledBooks(store.database),
            processor=processor,
            poll=poll,
            book_banks=import_statements.book_waiting,
            match_again=MatchAgain(store),
            sorting=SortedRows,
            clock=clock,
        ),
        add_staff=AddStaff(store, credentials=credentials, clock=clock, ids=ids),
        enrol=Enrol(store, credentials=credentials, clock=clock),
        sign_in=SignIn(
            store,
            credentials=credentials,
            clock=clock,
            codes_once=not settings.common.sandbox,
        ),
        watch_books=watch_books,
        watch_invariants=WatchInvariants(
            store, MongoAudits(store.database), audit=audit, clock=clock
        ),
        seal_journal=SealJournal(sealed, clock),
        verify_seals=verify_seals,
        export_journal=ExportJournal(store, journal, formats=formats(audit_pack, countries)),
        checks=readiness_checks(client, store.database, clock),
    )


def stripe_processor(settings: Settings) -> StripeProcessor:
    return StripeProcessor(
        api_key=settings.stripe_api_key,
        base=settings.stripe_api_base,
        webhook_secrets=settings.stripe_webhook_secrets,
        country=settings.payout_country,
    )


def migrate(environment: Mapping[str, str] | None = None) -> None:
    """Create this service's collections, validators and indexes; can be run again."""
    build(read_settings(environment)).store.migrate_all()
