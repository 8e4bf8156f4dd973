"""The composition root: settings in, use cases out. The only file that builds concrete adapters."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.store import Document, MongoDatabase, MongoStore
from crowdloom.chassis.tokens import SESSION_AUDIENCE, Sessions, TokenSigner, TokenVerifier
from crowdloom.contracts import topics_of
from crowdloom.kernel import Clock, IdFactory, SystemClock, TimeOrderedIds
from pymongo import MongoClient

from worker_service.adapters.mongo_registration_limit import MongoRegistrationLimit
from worker_service.adapters.mongo_session import INDEXES, MongoReaders, WorkerSession
from worker_service.application.measure_pay import MeasurePay
from worker_service.application.profile import ChangeProfile, ReissueRecoveryCode, ShowProfile
from worker_service.application.register_worker import RegisterWorker
from worker_service.application.show_queue import ShowQueue
from worker_service.application.show_work import OpenWorkspace, ShowWork
from worker_service.application.sign_in import SignIn
from worker_service.config import SERVICE, Settings, read_settings
from worker_service.domain.recovery import SecretBits

SESSION_LIFETIME = timedelta(days=30)
_READY_TIMEOUT_MS = 1_500


@dataclass(frozen=True)
class Application:
    """Everything the entry points call."""

    settings: Settings
    clock: Clock
    store: MongoStore[WorkerSession]
    sessions: Sessions
    idempotency: IdempotencyStore
    dead_letters: DeadLetters
    register_worker: RegisterWorker
    sign_in: SignIn
    show_profile: ShowProfile
    change_profile: ChangeProfile
    reissue_recovery_code: ReissueRecoveryCode
    show_queue: ShowQueue
    show_work: ShowWork
    open_workspace: OpenWorkspace
    measure_pay: MeasurePay
    checks: Mapping[str, Callable[[], str | None]]

    @property
    def database(self) -> MongoDatabase:
        return self.store.database

    @property
    def topics(self) -> list[str]:
        """The topics this service publishes to."""
        return topics_of(SERVICE)


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
    client = client or MongoClient(settings.common.mongodb_uri, tz_aware=True)
    store = MongoStore(client, database, session_class=WorkerSession, clock=clock, ids=ids)
    readers = MongoReaders(store.database)
    queue = ShowQueue(readers)
    limit = MongoRegistrationLimit(
        store.database,
        clock=clock,
        key=settings.cursor_key,
        per_hour_max=settings.registrations_per_hour_max,
    )
    return Application(
        settings=settings,
        clock=clock,
        store=store,
        sessions=_sessions(settings, clock),
        idempotency=IdempotencyStore(store.database, clock),
        dead_letters=DeadLetters(store.database, clock),
        register_worker=RegisterWorker(
            store, limit=limit, clock=clock, ids=ids, randomness=randomness
        ),
        sign_in=SignIn(readers),
        show_profile=ShowProfile(readers),
        change_profile=ChangeProfile(store, clock),
        reissue_recovery_code=ReissueRecoveryCode(store, randomness),
        show_queue=queue,
        show_work=ShowWork(readers),
        open_workspace=OpenWorkspace(readers, queue),
        measure_pay=MeasurePay(store),
        checks={"mongodb": partial(_mongodb_answers, client)},
    )


def migrate(environment: Mapping[str, str] | None = None) -> None:
    """Create this service's collections and indexes; can be run again."""
    build(read_settings(environment)).store.migrate(INDEXES)


def _sessions(settings: Settings, clock: Clock) -> Sessions:
    signer = TokenSigner(
        issuer=SERVICE,
        private_key=settings.common.signing_key,
        audience=SESSION_AUDIENCE,
        clock=clock,
    )
    verifier = TokenVerifier(
        public_keys=settings.common.public_keys, audience=SESSION_AUDIENCE, clock=clock
    )
    return Sessions(signer=signer, verifier=verifier, clock=clock)


def _mongodb_answers(client: "MongoClient[Any]") -> str | None:
    import pymongo

    with pymongo.timeout(_READY_TIMEOUT_MS / 1_000):
        client.admin.command("ping")
    return None
