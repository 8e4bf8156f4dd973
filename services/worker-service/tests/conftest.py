"""The service on the embedded MongoDB, in a database of its own for each test."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from crowdloom.chassis.tokens import SESSION_AUDIENCE, Principal, TokenSigner, new_signing_key
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from crowdloom.testkit.services import deliverer, empty, module_beside, published, set_back
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient
from worker_service.adapters.mongo_session import INDEXES
from worker_service.bootstrap import SESSION_LIFETIME, Application, build
from worker_service.config import read_settings
from worker_service.entrypoints.events import SUBSCRIPTIONS
from worker_service.entrypoints.wsgi import create_web

PRIVATE_KEY, PUBLIC_KEY = new_signing_key()
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_WORKER_SERVICE_SIGNING_KEY": PRIVATE_KEY,
    "CROWDLOOM_PUBLIC_KEYS": json.dumps(
        {"worker-service": PUBLIC_KEY, "payment-service": PUBLIC_KEY}
    ),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_WORKER_REGISTRATIONS_PER_HOUR_MAX": "5",
}

WORKER = "wrk_1"
Deliver = Callable[..., None]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """builders.py: events with what a test does not care about filled in."""
    return module_beside(__file__, "builders")


@pytest.fixture(scope="session")
def standing_clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def running(mongodb_uri: str, standing_clock: FrozenClock) -> Iterator[Application]:
    """Built and migrated once: that takes longer than most tests."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    name = f"worker-service-{uuid.uuid4().hex[:12]}"
    made = build(
        read_settings(ENVIRONMENT),
        client=client,
        database=name,
        clock=standing_clock,
        ids=SequentialIds(),
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
def reviewer(web: Flask, clock: FrozenClock) -> FlaskClient:
    """The browser of an operator; payment-service vouches for staff."""
    signer = TokenSigner(
        issuer="payment-service", private_key=PRIVATE_KEY, audience=SESSION_AUDIENCE, clock=clock
    )
    claims = {"sub": "stf_1", "role": "staff", "grants": ["operator"], "name": "Rae"}
    token = signer.sign(claims, expires_at=clock.now() + timedelta(days=1))
    client = web.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


@pytest.fixture
def browser(web: Flask, application: Application) -> FlaskClient:
    """The browser of a signed-in worker, `wrk_1`."""
    made = application.register_worker(languages=["en"], source="test").worker
    renamed = replace(made, worker_id=WORKER, recovery_digest="d")
    application.store.run(lambda session: session.workers.add(renamed))
    client = web.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    token = application.sessions.issue(Principal("worker", WORKER), lifetime=SESSION_LIFETIME)
    client.set_cookie("cl_worker", token, path="/work")
    return client


@pytest.fixture
def api(web: Flask) -> FlaskClient:
    return web.test_client()


@pytest.fixture
def deliver(application: Application) -> Deliver:
    """Hand events to the service's handlers, each in a transaction, as the consumer does."""
    return deliverer(application.store, application.clock, SUBSCRIPTIONS)


@pytest.fixture
def outbox(application: Application) -> Callable[[], list[tuple[str, Any]]]:
    """What the service has published: (name, body) in order."""

    return partial(published, application.database)
