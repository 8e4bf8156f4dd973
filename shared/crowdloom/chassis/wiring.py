"""What every composition root wires alike, so that the four differ only where they differ."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.database import Database

from crowdloom.chassis.consumer import ConsumerLoop, Handler, SessionT, WatermarkHandler, topics_of
from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.http.health import Check
from crowdloom.chassis.kafka_bus import KafkaBusConsumer, KafkaBusProducer
from crowdloom.chassis.relay import Relay, Watermark
from crowdloom.chassis.settings import CommonSettings
from crowdloom.chassis.store import MongoStore
from crowdloom.chassis.tokens import (
    HOME_AUDIENCE,
    SESSION_AUDIENCE,
    Sessions,
    TokenSigner,
    TokenVerifier,
)
from crowdloom.chassis.worker import PROCESS_STATUS, EventsProcess, Job
from crowdloom.contracts import Event
from crowdloom.contracts import topics_of as topics_published_by
from crowdloom.kernel import Clock, IdFactory

_READY_SECONDS_MAX = 1.5
_SILENCE_MAX = timedelta(seconds=30)


def mongo_client(common: CommonSettings) -> "MongoClient[dict[str, Any]]":
    """Connect on first use. Call it after a fork: a client does not survive one."""
    return MongoClient(common.mongodb_uri, tz_aware=True)


def sessions_of(common: CommonSettings, *, service: str, clock: Clock) -> Sessions:
    """Issues this service's own sessions, reads everybody's passes."""
    signer, home = (
        TokenSigner(issuer=service, private_key=common.signing_key, audience=audience, clock=clock)
        for audience in (SESSION_AUDIENCE, HOME_AUDIENCE)
    )
    verifier = TokenVerifier(
        public_keys=common.public_keys, audience=(SESSION_AUDIENCE, HOME_AUDIENCE), clock=clock
    )
    return Sessions(signer=signer, verifier=verifier, clock=clock, home=home)


def readiness_checks(
    client: "MongoClient[dict[str, Any]]", database: Database[dict[str, Any]], clock: Clock
) -> dict[str, Check]:
    """Whether the database answers, and whether the events process has been heard of lately."""
    return {
        "mongodb": partial(_mongodb_answers, client),
        "events": partial(_events_move, database, clock),
    }


def events_process(
    *,
    service: str,
    common: CommonSettings,
    store: MongoStore[SessionT],
    clock: Clock,
    ids: IdFactory,
    subscriptions: Mapping[type[Event], Handler[SessionT]],
    jobs: Sequence[Job] = (),
    on_watermark: WatermarkHandler[SessionT] | None = None,
    watermark: Watermark | None = None,
) -> EventsProcess:
    """The service's relay, consumer and jobs on Kafka."""
    bootstrap = common.kafka_bootstrap
    consumer: ConsumerLoop[SessionT] = ConsumerLoop(
        consumer=KafkaBusConsumer(bootstrap, group=service, topics=topics_of(subscriptions)),
        store=store,
        subscriptions=subscriptions,
        dead_letters=DeadLetters(store.database, clock),
        on_watermark=on_watermark,
    )
    relay = Relay(
        database=store.database,
        producer=KafkaBusProducer(bootstrap, replication=common.kafka_replication),
        topics=topics_published_by(service),
        clock=clock,
        ids=ids,
        watermark=watermark,
        duplicate_every=common.chaos_duplicate_every if common.sandbox else 0,
    )
    return EventsProcess(
        service=service,
        database=store.database,
        clock=clock,
        relay=relay,
        consumer=consumer,
        jobs=jobs,
    )


def run_main(
    arguments: Sequence[str],
    *,
    service: str,
    events: Callable[[], EventsProcess],
    migrate: Callable[[], None],
) -> int:
    """`python -m <service> {events|migrate}`. The API is served by gunicorn; see each README."""
    match list(arguments):
        case ["events"]:
            return events().run()
        case ["migrate"]:
            migrate()
            return 0
        case _:
            raise SystemExit(f"usage: python -m {service.replace('-', '_')} {{events|migrate}}")


def _mongodb_answers(client: "MongoClient[dict[str, Any]]") -> str | None:
    with pymongo.timeout(_READY_SECONDS_MAX):
        client.admin.command("ping")
    return None


def _events_move(database: Database[dict[str, Any]], clock: Clock) -> str | None:
    with pymongo.timeout(_READY_SECONDS_MAX):
        status = database[PROCESS_STATUS].find_one(sort=[("seen_at", -1)])
    if status is None:
        return "the events process has not been heard of"
    if clock.now() - status["seen_at"] > _SILENCE_MAX:
        return f"the events process was last heard of at {status['seen_at'].isoformat()}"
    return None
