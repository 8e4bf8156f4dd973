"""The service on the embedded MongoDB, in a database of its own for each test."""

import json
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from argon2 import PasswordHasher
from crowdloom.chassis.tickets import PreviewSigner, TicketSigner
from crowdloom.chassis.tokens import PREVIEW_AUDIENCE, TICKET_AUDIENCE, TokenSigner, new_signing_key
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from crowdloom.testkit.services import deliverer, empty, module_beside, published, set_back
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient
from task_service.adapters.argon2_passwords import Argon2Passwords
from task_service.adapters.mongo_session import INDEXES
from task_service.bootstrap import Application, build
from task_service.config import read_settings
from task_service.entrypoints.events import handlers
from task_service.entrypoints.wsgi import create_web

PRIVATE_KEY, PUBLIC_KEY = new_signing_key()
MATCHING_PRIVATE_KEY, MATCHING_PUBLIC_KEY = new_signing_key()
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_TASK_SERVICE_SIGNING_KEY": PRIVATE_KEY,
    "CROWDLOOM_PUBLIC_KEYS": json.dumps(
        {"task-service": PUBLIC_KEY, "matching-service": MATCHING_PUBLIC_KEY}
    ),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
}

Deliver = Callable[..., None]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """builders.py: people, their batches and events, with what a test does not care about."""
    return module_beside(__file__, "builders")


@pytest.fixture(scope="session")
def standing_clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def running(mongodb_uri: str, standing_clock: FrozenClock) -> Iterator[Application]:
    """Built and migrated once: that takes longer than most tests."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    name = f"task-service-{uuid.uuid4().hex[:12]}"
    made = build(
        read_settings(ENVIRONMENT),
        client=client,
        database=name,
        clock=standing_clock,
        ids=SequentialIds(),
        passwords=Argon2Passwords(
            PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # fast; nothing to guard
        ),
    )
    made.store.migrate(INDEXES)
    yield made
    client.drop_database(name)
    client.close()


@pytest.fixture(scope="session")
def running_web(running: Application) -> Flask:
    app = create_web(running)
    app.testing = True
    return app


@pytest.fixture
def clock(standing_clock: FrozenClock) -> FrozenClock:
    return set_back(standing_clock)


@pytest.fixture
def application(running: Application, clock: FrozenClock) -> Application:
    """The service with nothing in its database."""
    assert clock
    empty(running.database)
    return running


@pytest.fixture
def web(application: Application, running_web: Flask) -> Flask:
    assert application
    return running_web


@pytest.fixture
def api(web: Flask) -> FlaskClient:
    return web.test_client()


@pytest.fixture
def signer(clock: FrozenClock) -> TicketSigner:
    """Signs tickets as matching-service does."""
    return TicketSigner(
        TokenSigner(
            issuer="matching-service",
            private_key=MATCHING_PRIVATE_KEY,
            audience=TICKET_AUDIENCE,
            clock=clock,
        )
    )


@pytest.fixture
def previews(clock: FrozenClock) -> PreviewSigner:
    """Lets batches be looked at as matching-service does."""
    return PreviewSigner(
        TokenSigner(
            issuer="matching-service",
            private_key=MATCHING_PRIVATE_KEY,
            audience=PREVIEW_AUDIENCE,
            clock=clock,
        )
    )


@pytest.fixture
def requester(make: ModuleType, web: Flask) -> Any:
    """A requester who is signed in."""
    return make.Requester.sign_up(web, email="fir@example.org", name="Fir Research Group")


@pytest.fixture
def stranger(make: ModuleType, web: Flask) -> Any:
    """Another requester, who is signed in as well."""
    return make.Requester.sign_up(web, email="oak@example.org", name="Oak Labs")


@pytest.fixture
def deliver(application: Application) -> Deliver:
    """Hand events to the service's handlers, each in a transaction, as the consumer does."""
    return deliverer(application.store, application.clock, handlers(application.follow))


@pytest.fixture
def outbox(application: Application) -> Callable[[], list[tuple[str, Any]]]:
    """What the service has published: (name, body) in order."""

    return partial(published, application.database)


@pytest.fixture
def state(application: Application) -> Callable[[], dict[str, Any]]:
    """All that the service keeps, but for the notes of calls: what a refusal must not change."""

    def read() -> dict[str, Any]:
        database = application.database
        names = sorted(
            set(database.list_collection_names())
            - {"idempotency", "running_sessions", "sign_in_tries", "sign_up_counts"}
        )
        return {name: sorted(database[name].find(), key=lambda row: row["_id"]) for name in names}

    return read


@pytest.fixture
def open_batch(make: ModuleType, application: Application, deliver: Deliver) -> Any:
    """Publish a batch of a requester's, fund it, release its tasks; returns the batch."""

    def opened(requester: Any, **terms: Any) -> Any:
        batch = requester.batch_with_tasks(**terms)
        requester.post(f"/batches/{batch['batch_id']}/publish")
        deliver(make.funded(batch, requester))
        while application.release_tasks():
            pass
        return requester.get(f"/batches/{batch['batch_id']}").json

    return opened


@pytest.fixture
def hand_out(make: ModuleType, web: Flask, signer: TicketSigner, clock: FrozenClock) -> Any:
    """Give the n-th task of a batch to somebody, as a claim does; returns who can answer it."""

    def claimed(requester: Any, batch: Any, *, task: int = 0, assignment: int = 1) -> Any:
        listed = requester.get(f"/batches/{batch['batch_id']}/tasks?limit=200").json["items"]
        ticket = make.ticket(
            f"asg_{assignment:03d}",
            listed[task]["task_id"],
            batch["batch_id"],
            now=clock.now(),
            lease_seconds=batch["lease_seconds"],
        )
        return make.Holder(web, ticket, signer.sign(ticket))

    return claimed
