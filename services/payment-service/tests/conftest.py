"""The service on the embedded MongoDB and the Stripe simulator, both of its own for each test."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
import stripe
from argon2 import PasswordHasher
from crowdloom.chassis.store import MongoDatabase
from crowdloom.chassis.tokens import SESSION_AUDIENCE, TokenSigner, new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from crowdloom.testkit.services import module_beside
from flask import Flask
from flask.testing import FlaskClient
from payment_service.adapters import credentials
from payment_service.bootstrap import Application, build
from payment_service.config import read_settings
from payment_service.entrypoints.events import SUBSCRIPTIONS
from payment_service.entrypoints.wsgi import create_web
from pymongo import MongoClient
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
    "CROWDLOOM_STRIPE_WEBHOOK_SECRET": ",".join(WEBHOOK_SECRETS),
    "CROWDLOOM_PAYOUT_RAILS": "stripe,bank_file,gift_credit",
    "CROWDLOOM_PAYOUT_BANK_HOLDER": "Crowdloom Market",
    "CROWDLOOM_PAYOUT_BANK_IBAN": "DE89 3704 0044 0532 0130 00",
}

Deliver = Callable[..., None]


@pytest.fixture(scope="session")
def make() -> ModuleType:
    """builders.py: events with what a test does not care about filled in."""
    return module_beside(__file__, "builders")


@pytest.fixture(scope="session")
def books() -> ModuleType:
    """books.py: what must hold of the ledger at any moment."""
    return module_beside(__file__, "books")


@dataclass
class Simulator:
    """The processor's simulator with what a test does to it."""

    url: str
    http: requests.Session = field(default_factory=requests.Session)

    def control(self, path: str, /, **body: Any) -> Any:
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


class Socket:
    """The processor's address for all tests; whichever simulator is plugged in answers."""

    simulator: Any = None
    port = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if self.simulator is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return self.simulator.app(environ, start_response)


@pytest.fixture(scope="session")
def socket() -> Iterator[Socket]:
    made = Socket()
    server = Server("127.0.0.1", 0, made, threads_max=8)
    made.port = server.port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture(scope="session", autouse=True)
def _impatient_retries() -> Iterator[None]:
    """The package's own retries come at once: nothing here gets better by waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
        patch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.001)
        yield


@pytest.fixture(scope="session", autouse=True)
def _fast_hashes() -> Iterator[None]:
    """Nothing to guard here, and many sign in."""
    fast = partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(credentials, "PasswordHasher", fast)
        yield


@pytest.fixture
def plug(socket: Socket, tmp_path: Path) -> Iterator[Callable[[], Simulator]]:
    """`plug()`: a simulator with nothing in its books, at the address that the service knows."""
    plugged: list[Any] = []

    def fresh() -> Simulator:
        folder = tmp_path / f"stripe_{len(plugged)}"
        plugged.append(build_simulator(SimulatorSettings(data=folder)))
        plugged[-1].place.port = socket.port
        socket.simulator = plugged[-1]
        return Simulator(f"http://127.0.0.1:{socket.port}")

    yield fresh
    socket.simulator = None
    for simulator in plugged:
        simulator.close()


@pytest.fixture
def processor(plug: Callable[[], Simulator]) -> Iterator[Simulator]:
    made = plug()
    yield made
    made.http.close()


@pytest.fixture(scope="session")
def clock() -> FrozenClock:
    """Never set back: one service goes through all tests."""
    return FrozenClock()


@pytest.fixture(scope="session")
def database(mongodb_uri: str) -> Iterator[MongoDatabase]:
    """Made once; emptied for each test."""
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    name = f"payment-service-{uuid.uuid4().hex[:12]}"
    yield client[name]
    client.drop_database(name)
    client.close()


@pytest.fixture(scope="session")
def build_application(
    database: MongoDatabase, socket: Socket, clock: FrozenClock
) -> Callable[..., Application]:
    """Build the service, as each of its processes does, beside the same database."""
    ids = SequentialIds()
    base = f"http://127.0.0.1:{socket.port}"

    def made(**more: str) -> Application:
        return build(
            read_settings({**ENVIRONMENT, "CROWDLOOM_STRIPE_API_BASE": base, **more}),
            client=database.client,
            database=database.name,
            clock=clock,
            ids=ids,
        )

    return made


@pytest.fixture(scope="session")
def running(build_application: Callable[..., Application]) -> Application:
    """Built and migrated once: that takes longer than most tests."""
    made = build_application()
    made.store.migrate_all()
    return made


@pytest.fixture
def wipe(running: Application) -> Callable[[], None]:
    def wiped() -> None:
        for name in running.database.list_collection_names():
            running.database[name].delete_many({})

    return wiped


@pytest.fixture
def application(running: Application, wipe: Callable[[], None]) -> Application:
    """The service with nothing in its books."""
    wipe()
    return running


@pytest.fixture
def connected(application: Application, processor: Simulator) -> Application:
    """The same beside a processor that answers."""
    assert processor
    return application


@pytest.fixture(scope="session")
def web(running: Application) -> Flask:
    app = create_web(running)
    app.testing = True
    return app


class Caller:
    """Calls the API as somebody; each POST has a key of its own unless one is given."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self._client = client
        self.token = token
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
            signer.sign(claims, expires_at=clock.now() + timedelta(days=30)),
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


class Market:
    """The service beside the simulator, with what a test lets people do there."""

    def __init__(
        self,
        application: Application,
        processor: Simulator,
        deliver: Deliver,
        *,
        calling: Callable[..., Caller],
        make: ModuleType,
    ) -> None:
        self.application, self.processor, self.deliver = application, processor, deliver
        self.make = make
        self.requester = calling("requester", "req_1")
        self.maker = calling("staff", "stf_maker", "finance.view", "finance.maker")
        self.checker = calling("staff", "stf_checker", "finance.view", "finance.checker")

    def pay_in(self, requester: Caller, minor: int) -> Any:
        amount = {"amount_minor": minor, "currency": "USD"}
        answer = requester.post("/top-ups", {"amount": amount})
        assert answer.status_code == 201, answer.json
        self.processor.pay(answer.json["checkout_url"].rsplit("/", 1)[1])
        self.application.poll_processor.catch_up()
        return answer.json

    def earn(self, worker_id: str, count: int, *, batch_id: str = "bat_1") -> None:
        """`count` accepted answers of five cents in a batch of their own."""
        self.pay_in(self.requester, 1000)
        make, named = self.make, {"batch_id": batch_id}
        self.deliver(make.funding(slot_count=count, **named))
        first = int(batch_id.rpartition("_")[2]) * 1000
        for number in range(first, first + count):
            self.deliver(
                make.claimed(number, worker_id=worker_id, **named), make.accepted(number, **named)
            )

    def ask(self, worker: Caller, *, key: str | None = None) -> Any:
        account = worker.post("/payout-account").json
        if account["onboarding_url"]:
            self.processor.onboard(account["onboarding_url"])
        answer = worker.post("/payout-requests", key=key)
        assert answer.status_code == 201, answer.json
        return answer.json

    def approved_run(self) -> str:
        drafted = self.maker.post("/payout-runs")
        assert drafted.status_code == 201, drafted.json
        run_id: str = drafted.json["payout_run_id"]
        frozen = self.maker.post(f"/payout-runs/{run_id}/freeze").json
        body = {"content_hash": frozen["content_hash"]}
        approved = self.checker.post(f"/payout-runs/{run_id}/approve", body)
        assert approved.json["status"] == "executing", approved.json
        return run_id

    def settle_payouts(self) -> None:
        """Let the jobs run until nothing is left to do now."""
        while self.application.execute_payouts():
            pass
        self.application.poll_processor.catch_up()

    def run(self, run_id: str) -> Any:
        return self.checker.get(f"/payout-runs/{run_id}").json

    def pay_out(self) -> Any:
        run_id = self.approved_run()
        self.settle_payouts()
        return self.run(run_id)

    def reconcile(self) -> Any:
        asked = self.checker.post("/reconciliations").json
        self.application.reconcile()
        return self.checker.get(f"/reconciliations/{asked['reconciliation_id']}").json


@pytest.fixture
def market(
    application: Application,
    processor: Simulator,
    deliver: Deliver,
    calling: Callable[..., Caller],
    make: ModuleType,
) -> Market:
    return Market(application, processor, deliver, calling=calling, make=make)


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
