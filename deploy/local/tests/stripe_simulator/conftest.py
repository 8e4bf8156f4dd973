"""A running simulator and the real stripe package pointed at it, over loopback."""

import os
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import stripe
from crowdloom.testkit.services import module_beside
from stripe_simulator.app import build
from stripe_simulator.server import Server
from stripe_simulator.settings import Settings

DEADLINE_SECONDS = 15
BACK = "http://127.0.0.1:9/back"
KEY_NAME = "CROWDLOOM_STRIPE_TEST_KEY"
TEST_KEY = os.environ.get(KEY_NAME, "")
TEST_PREFIXES = ("sk_test_", "rk_test_")
published = module_beside(__file__, "published")


def wait_for(condition, what):
    until = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"never: {what}")


class Rig:
    """One simulator with everything a test does to it."""

    def __init__(self, settings):
        self.settings = settings
        self.http = requests.Session()
        kind = published.Mirrored if published.MOCK_URL else stripe.RequestsClient
        self.transport = kind(timeout=(3.05, 20))
        self.start()

    def start(self):
        self.simulator = build(self.settings)
        self.server = Server("127.0.0.1", 0, self.simulator.app, threads_max=32)
        self.simulator.place.port = self.server.port
        self.simulator.sender.start()
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.client = self.client_with()

    def stop(self):
        self.server.shutdown()
        self.thread.join(DEADLINE_SECONDS)
        self.simulator.close()

    def close(self):
        self.stop()
        self.http.close()
        self.transport.close()
        assert getattr(self.transport, "laxer", []) == []

    def client_with(self, key="sk_test_crowdloom", retries=0):
        addresses = dict.fromkeys(("api", "connect", "files", "meter_events"), self.url)
        return stripe.StripeClient(
            key,
            base_addresses=addresses,
            max_network_retries=retries,
            http_client=self.transport,
        )

    def only_simulated(self, why):
        """Says of a test that it is about the simulator's own limits."""

    def control(self, path, /, **body):
        answer = self.http.post(f"{self.url}/_simulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, path):
        answer = self.http.get(f"{self.url}/_simulator/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def press(self, url, **form):
        return self.http.post(url, data=form, allow_redirects=False)

    def session(self, minor=100_00, **more):
        item = {"currency": "usd", "unit_amount": minor, "product_data": {"name": "Top-up"}}
        given = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": item}],
            "success_url": BACK + "?paid={CHECKOUT_SESSION_ID}",
            "cancel_url": BACK + "?cancelled",
            **more,
        }
        return self.client.v1.checkout.sessions.create(given)

    def top_up(self, minor=100_00, **more):
        session = self.session(minor, **more)
        self.control(f"checkout-sessions/{session.id}/pay")
        return self.client.v1.checkout.sessions.retrieve(session.id)

    def recipient(self, *, active=True):
        transfers = {"stripe_balance": {"stripe_transfers": {"requested": True}}}
        account = self.client.v2.core.accounts.create(
            {
                "dashboard": "express",
                "identity": {"country": "us", "entity_type": "individual"},
                "configuration": {"recipient": {"capabilities": transfers}},
                "defaults": {
                    "responsibilities": {
                        "fees_collector": "application",
                        "losses_collector": "application",
                    }
                },
                "include": ["configuration.recipient", "requirements"],
            }
        )
        if active:
            self.control(f"accounts/{account.id}/capability", status="active")
        return account.id

    def transfer(self, destination, minor=500, *, key=None, client=None, **more):
        given = {"amount": minor, "currency": "usd", "destination": destination, **more}
        options = {"idempotency_key": key} if key else {}
        return (client or self.client).v1.transfers.create(given, options)

    def available(self):
        return self.client.v1.balance.retrieve().available[0].amount

    def executed(self):
        return self.look("transfers")["count"]


class Sandbox(Rig):
    """Stripe's own test mode in place of the simulator. A test ends, skipped, where it would tell
    or ask the simulator something that Stripe has no call for.
    """

    def __init__(self):
        assert TEST_KEY.startswith(TEST_PREFIXES), f"{KEY_NAME} must be a key of the test mode"
        self.transport = stripe.RequestsClient(timeout=(3.05, 20))
        self.client = self.client_with(TEST_KEY)

    def __getattr__(self, name):
        pytest.skip(f"Stripe has no {name} to reach for")

    def close(self):
        self.transport.close()

    def client_with(self, key="", retries=0):
        return stripe.StripeClient(
            key or TEST_KEY, max_network_retries=retries, http_client=self.transport
        )

    def only_simulated(self, why):
        pytest.skip(why)

    def control(self, path, /, **_body):
        pytest.skip(f"Stripe has no switch for {path}")

    def look(self, path):
        pytest.skip(f"Stripe does not show {path}")

    def press(self, _url, **_form):
        pytest.skip("Stripe's pages are for people")


class Receiver:
    """A webhook endpoint: keeps what arrives, answers what it is told."""

    def __init__(self):
        self.got = []
        self.answers = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((body, self.headers["Stripe-Signature"]))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/stripe"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join(DEADLINE_SECONDS)
        self.server.server_close()


@pytest.fixture(autouse=True)
def _no_telemetry():
    stripe.enable_telemetry = False


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path / "stripe", webhook_retry_first_seconds=0.02)


@pytest.fixture
def rig(settings):
    rig = Sandbox() if TEST_KEY else Rig(settings)
    yield rig
    rig.close()


@pytest.fixture
def slow_rig(settings):
    """Funds become available after two days, payouts arrive after three."""
    rig = Rig(replace(settings, settle_seconds=2 * 86_400, payout_seconds=3 * 86_400))
    yield rig
    rig.close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def eventually():
    return wait_for
