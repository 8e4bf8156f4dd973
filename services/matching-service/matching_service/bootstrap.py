"""The composition root: settings in, use cases out. The only file that builds concrete adapters."""

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.http.health import Check
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.chassis.tickets import PreviewSigner, TicketSigner
from crowdloom.chassis.tokens import PREVIEW_AUDIENCE, TICKET_AUDIENCE, Sessions, TokenSigner
from crowdloom.chassis.wiring import mongo_client, readiness_checks, sessions_of
from crowdloom.kernel import Clock, IdFactory, SystemClock, TimeOrderedIds
from pymongo import MongoClient

from matching_service.adapters.mongo_session import INDEXES, MatchingReader, MatchingStore
from matching_service.application.choose_batch import ChooseBatch
from matching_service.application.claim_task import ClaimTask
from matching_service.application.count_reach import CountReach
from matching_service.application.eligibility import Eligibility
from matching_service.application.hold_assignment import HoldAssignment
from matching_service.application.keep_batches import CountProgress, WithdrawSlots
from matching_service.application.keep_leases import ExpireLeases
from matching_service.application.open_work import KEPT, OpenWork
from matching_service.application.queue import Queue
from matching_service.application.recount import RecountAnswers
from matching_service.application.schedule_known import ScheduleKnown
from matching_service.application.set_policy import SetPolicy
from matching_service.application.show_known import ShowKnown
from matching_service.application.trace_task import TraceTask
from matching_service.application.watch_batches import WatchBatches
from matching_service.application.watch_matching import WatchMatching
from matching_service.config import SERVICE, Settings, read_settings

# Counting workers reads many profiles, and is not to show who has just come or changed: it may go
# by older ones than a claim, by so many times.
_PROFILES_KEPT = 600


@dataclass(frozen=True)
class Application:
    """Everything the entry points call."""

    settings: Settings
    clock: Clock
    ids: IdFactory
    store: MatchingStore
    sessions: Sessions
    idempotency: IdempotencyStore
    claim_task: ClaimTask
    previews: PreviewSigner
    hold_assignment: HoldAssignment
    queue: Queue
    show_known: ShowKnown
    count_reach: CountReach
    trace_task: TraceTask
    watch_batches: WatchBatches
    set_policy: SetPolicy
    watch_matching: WatchMatching
    expire_leases: ExpireLeases
    count_progress: CountProgress
    withdraw_slots: WithdrawSlots
    recount_answers: RecountAnswers
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
    randomness: random.Random | None = None,
    kept: timedelta = KEPT,
) -> Application:
    """Build the service. Call it after a fork: the MongoDB client does not survive one. `kept` is
    how old batches and profiles may be that a claim goes by.
    """
    clock = clock or SystemClock()
    ids = ids or TimeOrderedIds(clock)
    client = client or mongo_client(settings.common)
    store = MatchingStore(client, database, clock=clock, ids=ids)
    reader = MatchingReader(store.database)
    randomness = randomness or secrets.SystemRandom()
    work = OpenWork(reader=reader, clock=clock, randomness=randomness, kept=kept)
    eligibility = Eligibility(reader=reader, clock=clock, pseudonym_key=settings.pseudonym_key)
    claim_task = ClaimTask(
        store=store,
        reader=reader,
        work=work,
        eligibility=eligibility,
        choose=ChooseBatch(
            reader=reader,
            work=work,
            eligibility=eligibility,
            clock=clock,
            ids=ids,
            randomness=randomness,
            kept=kept,
        ),
        schedule=ScheduleKnown(reader=reader, randomness=randomness),
        tickets=TicketSigner(_signer(settings, clock, TICKET_AUDIENCE)),
        clock=clock,
        ids=ids,
        randomness=randomness,
        pseudonym_key=settings.pseudonym_key,
    )
    count_reach = CountReach(reader=reader, clock=clock, kept=kept * _PROFILES_KEPT)
    return Application(
        settings=settings,
        clock=clock,
        ids=ids,
        store=store,
        sessions=sessions_of(settings.common, service=SERVICE, clock=clock),
        idempotency=IdempotencyStore(store.database, clock),
        claim_task=claim_task,
        previews=PreviewSigner(_signer(settings, clock, PREVIEW_AUDIENCE)),
        hold_assignment=HoldAssignment(
            store=store, reader=reader, clock=clock, claim_task=claim_task
        ),
        show_known=ShowKnown(reader),
        queue=Queue(reader=reader, eligibility=eligibility),
        count_reach=count_reach,
        trace_task=TraceTask(reader),
        watch_batches=WatchBatches(reader=reader, clock=clock),
        watch_matching=WatchMatching(reader=reader, clock=clock, count_reach=count_reach),
        set_policy=SetPolicy(store=store, reader=reader, clock=clock, ids=ids),
        expire_leases=ExpireLeases(store=store, reader=reader, clock=clock),
        count_progress=CountProgress(store=store, reader=reader, clock=clock),
        withdraw_slots=WithdrawSlots(store=store, reader=reader),
        recount_answers=RecountAnswers(store=store, reader=reader, clock=clock),
        checks=readiness_checks(client, store.database, clock),
    )


def migrate(environment: Mapping[str, str] | None = None) -> None:
    """Create this service's collections and indexes; can be run again."""
    build(read_settings(environment)).store.migrate(INDEXES)


def _signer(settings: Settings, clock: Clock, audience: str) -> TokenSigner:
    return TokenSigner(
        issuer=SERVICE,
        private_key=settings.common.signing_key,
        audience=audience,
        clock=clock,
    )
