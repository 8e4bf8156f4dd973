"""The service on the embedded MongoDB and the Stripe simulator, both of its own for each test."""

import importlib.util
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from crowdloom.chassis.tokens import SESSION_AUDIENCE, TokenSigner, new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from flask import Flask
from flask.testing import FlaskClient
from payment_service.bootstrap import Application, build
from payment_service.config import read_settings
from payment_service.entrypoints.events import SUBSCRIPTIONS
from payment_service.entrypoints.wsgi import create_web
from stripe_simulator.app import build as build_simulator
from stripe_simulator.server import Server
from stripe_simulator.settings import Settings as SimulatorSettings

ISSUERS = {
    "requester": "task-service",
    "worker": "worker-service",
    "staff": "payment-service",
}
KEYS = {service: new_signing_key() for service in ISSUERS.values()}
WEBHOOK_SECRETS = ("whsec_new", "whsec_old")
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": KEYS["payment-service"][0],
    "CROWDLOOM_PUBLIC_KEYS": json.dumps({name: public for name, (_, public) in KEYS.items()}),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_STRIPE_API_KEY": "sk_test_tests",
    "CROWDLOOM_STRIPE_API_BASE": "http://127.0.0.1:9",
    "CROWDLOOM_STRIPE_WEBHOOK_SECRET": ",".join(WEBHOOK_SECRETS),
}

Deliver = Callable[..., None]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """builders.py: events with what a test does not care about filled in."""
    path = Path(__file__).parent / "builders.py"
    spec = importlib.util.spec_from_file_location("payment_service_builders", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Simulator:
    """The processor's simulator with what a test does to it."""

    url: str
    http: requests.Session = field(default_factory=requests.Session)

    def control(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"{self.url}/_simulator/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def transfers(self) -> Any:
        """The oracle: every transfer that was carried out."""
        return self.http.get(f"{self.url}/_simulator/transfers", timeout=10).json()

    def pay(self, checkout_id: str) -> None:
        self.control(f"checkout-sessions/{checkout_id}/pay")

    def onboard(self, url: str) -> None:
        """What a worker does on the processor's form."""
        answer = self.http.post(url, data={"action": "complete"}, allow_redirects=False, timeout=10)
        assert answer.status_code < 400, answer.text

    def activate(self, account_id: str) -> None:
        self.control(f"accounts/{account_id}/capability", status="active")

    def lose_answers(self, *, kind: str = "lost_answer", count: int = 1) -> None:
        """The package's own two retries are struck as well."""
        self.control(
            "faults", kind=kind, method="POST", path="/v1/transfers", count=count, repeats=2
        )


@pytest.fixture
def processor(tmp_path: Path) -> Iterator[Simulator]:
    settings = SimulatorSettings(data=tmp_path / "stripe")
    simulator = build_simulator(settings)
    server = Server("127.0.0.1", 0, simulator.app, threads_max=8)
    simulator.place.port = server.port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    made = Simulator(f"http://127.0.0.1:{server.port}")
    yield made
    made.http.close()
    server.shutdown()
    thread.join(10)
    server.server_close()
    simulator.close()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def environment() -> Mapping[str, str]:
    """Settings of the service; a test module may override this."""
    return ENVIRONMENT


@pytest.fixture
def build_application(
    mongo_client: Any, clock: FrozenClock, environment: Mapping[str, str]
) -> Iterator[Callable[..., Application]]:
    """Build the service again and again, each time in a fresh database."""
    names: list[str] = []

    def made(**more: str) -> Application:
        names.append(f"payment-service-{uuid.uuid4().hex[:12]}")
        application = build(
            read_settings({**environment, **more}),
            client=mongo_client,
            database=names[-1],
            clock=clock,
            ids=SequentialIds(),
        )
        application.store.migrate_all()
        return application

    yield made
    for name in names:
        mongo_client.drop_database(name)


@pytest.fixture
def application(build_application: Callable[..., Application]) -> Application:
    """The service without a processor that would answer."""
    return build_application()


@pytest.fixture
def connected(build_application: Callable[..., Application], processor: Simulator) -> Application:
    """The service beside the processor's simulator."""
    return build_application(CROWDLOOM_STRIPE_API_BASE=processor.url)


@pytest.fixture
def web(connected: Application) -> Flask:
    app = create_web(connected)
    app.testing = True
    return app


class Caller:
    """Calls the API as somebody; each POST has a key of its own unless one is given."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(
            f"/api/payments/v1{path}", query_string=query, headers=self._headers
        )

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        headers = {**self._headers, "Idempotency-Key": key or uuid.uuid4().hex}
        return self._client.post(f"/api/payments/v1{path}", json=body or {}, headers=headers)

    def post_without_key(self, path: str, body: Any = None) -> Any:
        return self._client.post(f"/api/payments/v1{path}", json=body or {}, headers=self._headers)


@pytest.fixture
def calling(web: Flask, clock: FrozenClock) -> Callable[..., Caller]:
    """`calling("worker", "wrk_1")`: somebody with a session of the role's own service."""

    def as_one(role: str, subject: str, *grants: str) -> Caller:
        issuer = ISSUERS[role]
        signer = TokenSigner(
            issuer=issuer, private_key=KEYS[issuer][0], audience=SESSION_AUDIENCE, clock=clock
        )
        claims = {"sub": subject, "role": role, "grants": list(grants), "name": ""}
        return Caller(
            web.test_client(),
            signer.sign(claims, expires_at=clock.now() + timedelta(hours=1)),
        )

    return as_one


Deliverer = Callable[[Application], Deliver]


@pytest.fixture
def deliverer() -> Deliverer:
    """Hand events to a service's handlers in one transaction a call, as the consumer does."""

    counter = iter(range(1, 10_000_000))

    def to(application: Application) -> Deliver:
        def deliver(*events: Event) -> None:
            envelopes = [
                Envelope(
                    event_id=f"evt_{next(counter):026d}",
                    occurred_at=application.clock.now(),
                    key="key",
                    cause=Cause("evt_test"),
                    event=event,
                )
                for event in events
            ]

            def work(session: Any) -> None:
                for envelope in envelopes:
                    SUBSCRIPTIONS[type(envelope.event)](envelope, session)

            application.store.run(work)

        return deliver

    return to


@pytest.fixture
def deliver(application: Application, deliverer: Deliverer) -> Deliver:
    return deliverer(application)


@pytest.fixture
def outbox(application: Application) -> Callable[[], list[tuple[str, Any]]]:
    """What the service has published: (name, body) in order."""

    def read() -> list[tuple[str, Any]]:
        rows = application.database["outbox"].find().sort("_id", 1)
        return [(row["type"], json.loads(row["value"])) for row in rows]

    return read
