"""The service on the embedded MongoDB, in a database of its own for each test."""

import json
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, cast

import pytest
from crowdloom.chassis.bus import PARTITION_COUNT
from crowdloom.chassis.tokens import Principal, Sessions, TokenSigner, new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.testkit.memory_mongo import MemoryClient
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from crowdloom.testkit.services import module_beside
from flask import Flask
from flask.testing import FlaskClient
from matching_service.adapters.mongo_session import INDEXES
from matching_service.bootstrap import Application, build
from matching_service.config import read_settings
from matching_service.domain.assignments import SUBMIT_GRACE
from matching_service.entrypoints.events import SUBSCRIPTIONS, watermark_advanced
from matching_service.entrypoints.wsgi import make_app

KEYS = {
    service: new_signing_key()
    for service in ("matching-service", "worker-service", "payment-service", "task-service")
}
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_MATCHING_SERVICE_SIGNING_KEY": KEYS["matching-service"][0],
    "CROWDLOOM_PUBLIC_KEYS": json.dumps({name: public for name, (_, public) in KEYS.items()}),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_PSEUDONYM_KEY": "17" * 32,
}

Deliver = Callable[..., None]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """builders.py: events with what a test does not care about filled in."""
    return module_beside(__file__, "builders")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def build_application(mongo_client: Any) -> Iterator[Callable[[FrozenClock], Application]]:
    """Makes applications, each with a database of its own."""
    names: list[str] = []

    def built(clock: FrozenClock) -> Application:
        names.append(f"matching-service-{uuid.uuid4().hex[:12]}")
        made = build(
            read_settings(ENVIRONMENT),
            client=mongo_client,
            database=names[-1],
            clock=clock,
            ids=SequentialIds(),
            randomness=random.Random(7),
            # Each claim reads: what one test says is to hold at the next call.
            kept=timedelta(0),
        )
        made.store.migrate(INDEXES)
        return made

    yield built
    for name in names:
        mongo_client.drop_database(name)


@pytest.fixture
def build_in_memory() -> Callable[..., Application]:
    """Makes applications on a database in memory; given an earlier one, its process started anew:
    what it had in mind is gone, what it committed is there.
    """

    def built(clock: FrozenClock, earlier: Application | None = None) -> Application:
        made = build(
            read_settings(ENVIRONMENT),
            client=cast("Any", earlier.database.client if earlier else MemoryClient()),
            clock=clock,
            ids=earlier.ids if earlier else SequentialIds(),
            randomness=random.Random(7),
            kept=timedelta(0),
        )
        if earlier is None:
            made.store.migrate(INDEXES)
        return made

    return built


@pytest.fixture
def application(
    build_application: Callable[[FrozenClock], Application], clock: FrozenClock
) -> Application:
    return build_application(clock)


@pytest.fixture
def web(application: Application) -> Flask:
    app = make_app(application)
    app.testing = True
    return app


@pytest.fixture
def api(web: Flask) -> FlaskClient:
    return web.test_client()


def token_of(
    application: Application, role: str, subject: str, grants: frozenset[str] = frozenset()
) -> str:
    """A session as the service that vouches for the role would issue it."""
    issuer = Sessions.ISSUER_OF_ROLE[role]
    signer = TokenSigner(
        issuer=issuer,
        private_key=KEYS[issuer][0],
        audience="crowdloom-session",
        clock=application.clock,
    )
    person = Principal(role, subject, grants)
    claims = {"sub": person.subject, "role": role, "grants": sorted(grants), "name": ""}
    return signer.sign(claims, expires_at=application.clock.now() + timedelta(days=30))


@pytest.fixture
def worker_headers(application: Application) -> Callable[..., dict[str, str]]:
    def headers(worker_id: str, key: str = "") -> dict[str, str]:
        found = {"Authorization": f"Bearer {token_of(application, 'worker', worker_id)}"}
        return {**found, "Idempotency-Key": key} if key else found

    return headers


@pytest.fixture
def requester_headers(application: Application) -> Callable[[str], dict[str, str]]:
    def headers(requester_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token_of(application, 'requester', requester_id)}"}

    return headers


@pytest.fixture
def staff_headers(application: Application) -> Callable[..., dict[str, str]]:
    def headers(*grants: str) -> dict[str, str]:
        token = token_of(application, "staff", "stf_1", frozenset(grants))
        return {"Authorization": f"Bearer {token}"}

    return headers


def hand_over(application: Application, event: Event, event_id: str) -> None:
    """Give one event to its handler as the consumer does: once for each event id."""
    envelope = Envelope(
        event_id=event_id,
        occurred_at=application.clock.now(),
        key="key",
        cause=Cause(event_id),
        event=event,
    )

    def work(session: Any) -> None:
        if session.take_unhandled([event_id]):
            SUBSCRIPTIONS[type(event)](envelope, session)

    application.store.run(work)


@pytest.fixture
def hand_to() -> Callable[[Application, Event, str], None]:
    return hand_over


@pytest.fixture
def deliver(application: Application) -> Deliver:
    """Hand events to the service's handlers, each with a new id."""
    counter = iter(range(1, 1_000_000))

    def deliver_all(*events: Event) -> None:
        for event in events:
            hand_over(application, event, f"evt_{next(counter):026d}")

    return deliver_all


@pytest.fixture
def read_past() -> Callable[..., None]:
    """Let task-service's log be read up to an instant, in all partitions but some."""

    def read(application: Application, as_of: datetime, *, missing: tuple[int, ...] = ()) -> None:
        for partition in set(range(PARTITION_COUNT)) - set(missing):
            application.store.run(
                lambda session, number=partition: watermark_advanced(  # type: ignore[misc]
                    session, "task.lifecycle", number, as_of + SUBMIT_GRACE
                )
            )

    return read


@pytest.fixture
def outbox(application: Application) -> Callable[..., list[dict[str, Any]]]:
    """The bodies of what the service has published under a name, in order."""

    def read(name: str) -> list[dict[str, Any]]:
        rows = application.database["outbox"].find({"type": name}).sort("_id", 1)
        return [json.loads(row["value"]) for row in rows]

    return read
