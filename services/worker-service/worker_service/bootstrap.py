"""The composition root: settings in, use cases out. The only file that builds concrete adapters."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.http.health import Check
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.own_machine import by_name
from crowdloom.chassis.passkeys import Passkeys
from crowdloom.chassis.session_records import SessionRecords
from crowdloom.chassis.store import Document, MongoDatabase, MongoStore
from crowdloom.chassis.tokens import Sessions
from crowdloom.chassis.wiring import mongo_client, readiness_checks, sessions_of
from crowdloom.kernel import Clock, IdFactory, SystemClock, TimeOrderedIds
from pymongo import MongoClient

from worker_service.adapters.catalogue_files import market_qualifications, practice_items
from worker_service.adapters.mongo_registration_limit import MongoRegistrationLimit
from worker_service.adapters.mongo_session import INDEXES, MongoReaders, WorkerSession
from worker_service.application.appeal_rejection import AppealRejection
from worker_service.application.choose_queue import ChooseQueue
from worker_service.application.close_account import CloseAccount, ShowBelongings
from worker_service.application.keep_qualifications import KeepQualifications
from worker_service.application.measure_pay import MeasurePay
from worker_service.application.measure_requesters import MeasureRequesters
from worker_service.application.profile import ChangeProfile, ReissueRecoveryCode, ShowProfile
from worker_service.application.qualify import Qualify
from worker_service.application.register_worker import RegisterWorker
from worker_service.application.report_letter import ReportLetter
from worker_service.application.review_appeals import ReviewAppeals
from worker_service.application.show_item import ShowItem
from worker_service.application.show_queue import ShowQueue
from worker_service.application.show_talk import ShowTalk
from worker_service.application.show_work import OpenWorkspace, ShowStanding, ShowWork
from worker_service.application.sign_in import SignIn
from worker_service.application.watch_accounts import WatchAccounts
from worker_service.config import SERVICE, Settings, read_settings
from worker_service.domain.practice import PracticeItem
from worker_service.domain.recovery import SecretBits

SESSION_LIFETIME = timedelta(days=30)
# A session that was ended lives on at other services for so long: a browser's, and a program's.
PASS_LIFETIME = timedelta(hours=2)
API_PASS_LIFETIME = timedelta(hours=12)


@dataclass(frozen=True)
class Application:
    """Everything the entry points call."""

    settings: Settings
    clock: Clock
    ids: IdFactory
    store: MongoStore[WorkerSession]
    sessions: Sessions
    session_records: SessionRecords
    passkeys: Passkeys
    idempotency: IdempotencyStore
    register_worker: RegisterWorker
    sign_in: SignIn
    show_profile: ShowProfile
    change_profile: ChangeProfile
    reissue_recovery_code: ReissueRecoveryCode
    show_queue: ShowQueue
    choose_queue: ChooseQueue
    show_work: ShowWork
    show_item: ShowItem
    standing: ShowStanding
    open_workspace: OpenWorkspace
    measure_pay: MeasurePay
    measure_requesters: MeasureRequesters
    appeal_rejection: AppealRejection
    review_appeals: ReviewAppeals
    qualify: Qualify
    keep_qualifications: KeepQualifications
    practice_items: Sequence[PracticeItem]
    show_talk: ShowTalk
    report_letter: ReportLetter
    show_belongings: ShowBelongings
    close_account: CloseAccount
    watch_accounts: WatchAccounts
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
    randomness: SecretBits | None = None,
) -> Application:
    """Build the service. Call it after a fork: the MongoDB client does not survive one."""
    clock = clock or SystemClock()
    ids = ids or TimeOrderedIds(clock)
    randomness = randomness or secrets.SystemRandom()
    client = client or mongo_client(settings.common)
    store = MongoStore(client, database, session_class=WorkerSession, clock=clock, ids=ids)
    readers = MongoReaders(store.database)
    queue = ShowQueue(readers)
    work = ShowWork(readers)
    market = market_qualifications()
    limit = MongoRegistrationLimit(
        store.database,
        clock=clock,
        key=settings.common.cursor_key,
        per_hour_max=settings.registrations_per_hour_max,
        free_per_hour=settings.free_registrations_per_hour,
    )
    return Application(
        settings=settings,
        clock=clock,
        ids=ids,
        store=store,
        sessions=sessions_of(settings.common, service=SERVICE, clock=clock),
        session_records=SessionRecords(store.database, role="worker", clock=clock, ids=ids),
        passkeys=Passkeys(
            store.database,
            clock=clock,
            public_url=by_name(settings.common.public_url),
            verified_owner=True,
        ),
        idempotency=IdempotencyStore(store.database, clock),
        register_worker=RegisterWorker(
            store, limit=limit, clock=clock, ids=ids, randomness=randomness
        ),
        sign_in=SignIn(readers),
        show_profile=ShowProfile(readers),
        change_profile=ChangeProfile(store, clock),
        reissue_recovery_code=ReissueRecoveryCode(store, randomness),
        show_queue=queue,
        choose_queue=ChooseQueue(store, readers, clock),
        show_work=work,
        show_item=ShowItem(readers),
        standing=ShowStanding(readers, work),
        open_workspace=OpenWorkspace(readers, queue),
        measure_pay=MeasurePay(store),
        measure_requesters=MeasureRequesters(store),
        appeal_rejection=AppealRejection(store, readers, clock),
        show_belongings=ShowBelongings(readers),
        close_account=CloseAccount(store, clock),
        watch_accounts=WatchAccounts(
            limit,
            free_per_hour=settings.free_registrations_per_hour,
            per_hour_max=settings.registrations_per_hour_max,
        ),
        review_appeals=ReviewAppeals(store, readers, clock),
        qualify=Qualify(store, readers, clock, market),
        keep_qualifications=KeepQualifications(store, clock, market),
        practice_items=practice_items(),
        show_talk=ShowTalk(readers),
        report_letter=ReportLetter(store, clock),
        checks=readiness_checks(client, store.database, clock),
    )


def migrate(environment: Mapping[str, str] | None = None) -> None:
    """Create this service's collections and indexes; can be run again."""
    build(read_settings(environment)).store.migrate(INDEXES)
