"""Webhooks: signed, tried again, logged, sent again; and never to where they must not go."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3
from crowdloom.contracts.task import BatchCompleted
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from standardwebhooks.webhooks import Webhook as Verifier
from task_service.adapters.http_webhooks import HttpWebhooks
from task_service.application.webhooks import DeliverWebhooks
from task_service.bootstrap import Application
from task_service.domain.webhooks import RETRY_AFTER, is_public


class Receiver(ThreadingHTTPServer):
    """A requester's server: answers with `status`, keeps what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.came: list[tuple[dict[str, str], str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.came.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def deliver_due(application: Application, receiver: Receiver, clock: FrozenClock) -> Any:
    """Deliver to the receiver whatever is due, as if it were at a public address."""

    def pool(_address: str, _host: str, _port: int) -> urllib3.HTTPConnectionPool:
        return urllib3.HTTPConnectionPool("127.0.0.1", receiver.server_port, timeout=5)

    post = HttpWebhooks(resolve=lambda *_: ["93.184.215.14"], pool=pool)
    return DeliverWebhooks(
        store=application.store,
        reader=application.reader,
        clock=clock,
        post=post,
        spawn=lambda work: work(),
    )


@pytest.fixture
def webhook(requester: Any) -> Any:
    return requester.post("/webhooks", {"url": "https://hooks.example.org/in?x=1"}).json


@pytest.fixture
def completed(requester: Any) -> BatchCompleted:
    return BatchCompleted("bat_1", requester.requester_id, BEGINNING)  # type: ignore[arg-type]


def log(requester: Any, webhook: Any) -> list[Any]:
    found = requester.get(f"/webhooks/{webhook['webhook_id']}/deliveries")
    return list(found.json["items"])


def test_a_message_is_signed_and_says_what_happened(
    requester: Any, webhook: Any, tell: Any, completed: Any, deliver_due: Any, receiver: Receiver
) -> None:
    tell(completed)
    assert deliver_due() == 1
    assert deliver_due() == 0
    [(headers, body)] = receiver.came
    # The library's own check, but for its clock: the test's stands still.
    signed = Verifier(webhook["secret"]).sign(headers["webhook-id"], BEGINNING, body)
    assert headers["webhook-signature"] == signed
    assert headers["Host"] == "hooks.example.org"
    assert '"type": "task.batch.completed.v1"' in body
    assert "bat_1" in body
    [line] = log(requester, webhook)
    assert (line["status"], line["last_answer"]) == ("delivered", "200 done")
    assert line["delivery_id"] == headers["webhook-id"]


def test_it_is_tried_again_with_the_same_id_until_it_is_taken(
    requester: Any,
    webhook: Any,
    tell: Any,
    completed: Any,
    deliver_due: Any,
    receiver: Receiver,
    clock: FrozenClock,
) -> None:
    receiver.status = 503
    tell(completed)
    deliver_due()
    assert deliver_due() == 0
    clock.advance(seconds=RETRY_AFTER[0].total_seconds())
    receiver.status = 200
    assert deliver_due() == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
    [line] = log(requester, webhook)
    assert (line["status"], line["tries"]) == ("delivered", 2)


def test_it_is_given_up_in_the_end_and_can_be_sent_again_by_hand(
    requester: Any,
    webhook: Any,
    tell: Any,
    completed: Any,
    deliver_due: Any,
    receiver: Receiver,
    clock: FrozenClock,
) -> None:
    receiver.status = 500
    tell(completed)
    for pause in (*RETRY_AFTER, RETRY_AFTER[-1]):
        assert deliver_due() == 1
        clock.advance(seconds=pause.total_seconds())
    [line] = log(requester, webhook)
    assert (line["status"], line["tries"]) == ("failed", len(RETRY_AFTER) + 1)
    receiver.status = 204
    path = f"/webhooks/{webhook['webhook_id']}/deliveries/{line['delivery_id']}/replay"
    assert requester.post(path).status_code == 200
    deliver_due()
    assert log(requester, webhook)[0]["status"] == "delivered"


def test_a_server_that_is_gone_is_asked_once_and_told_nothing_until_it_is_back(
    requester: Any,
    browser: Any,
    webhook: Any,
    tell: Any,
    completed: Any,
    deliver_due: Any,
    receiver: Receiver,
    clock: FrozenClock,
) -> None:
    receiver.status = 503
    tell(completed)
    deliver_due()
    receiver.status = 410
    tell(completed)
    deliver_due()
    for pause in RETRY_AFTER:
        clock.advance(seconds=pause.total_seconds())
        tell(completed)
        assert deliver_due() == 0
    assert [line["status"] for line in log(requester, webhook)] == ["failed", "failed"]
    [paused] = requester.get("/webhooks").json["items"]
    assert paused["paused_at"]
    page = f"/requester/developers/webhooks/{webhook['webhook_id']}"
    assert "Your server answered 410 Gone" in browser.read(page)
    assert "Paused" in browser.read("/requester/developers/webhooks")
    receiver.status = 200
    assert "Your server answered 410 Gone" not in browser.follow(f"{page}/resume")
    tell(completed)
    assert deliver_due() == 1
    assert log(requester, webhook)[0]["status"] == "delivered"


def test_a_redirect_is_not_followed(
    requester: Any, webhook: Any, tell: Any, completed: Any, deliver_due: Any, receiver: Receiver
) -> None:
    receiver.status = 302
    tell(completed)
    deliver_due()
    assert len(receiver.came) == 1
    assert log(requester, webhook)[0]["status"] == "pending"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  # never bound: one of those that must be refused
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::7f00:1",
        "fec0::1",
    ],
)
def test_no_message_goes_to_an_address_that_is_not_public(
    requester: Any, webhook: Any, application: Application, address: str
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("called")

    made = application.webhooks.get(requester.requester_id, webhook["webhook_id"])
    post = HttpWebhooks(resolve=lambda *_: ["93.184.215.14", address], pool=never)
    answer = post(made, None, BEGINNING)  # type: ignore[arg-type]
    assert (answer.taken, "public address" in answer.line) == (False, True)


def test_public_addresses_are_called() -> None:
    assert is_public("93.184.215.14")
    assert is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_a_host_is_called_by_its_name_in_ascii_and_one_that_cannot_be_is_told_of(
    requester: Any,
    webhook: Any,
    tell: Any,
    completed: Any,
    deliver_due: Any,
    receiver: Receiver,
    application: Application,
) -> None:
    requester.post("/webhooks", {"url": "https://пример.рф:8443/h"})
    tell(completed)
    deliver_due()
    hosts = {headers["Host"] for headers, _ in receiver.came}
    assert hosts == {"hooks.example.org", "xn--e1afmkfd.xn--p1ai:8443"}
    kept = application.webhooks.get(requester.requester_id, webhook["webhook_id"])
    made = replace(kept, url=f"https://{'a' * 64}.org/")
    answer = HttpWebhooks()(made, None, BEGINNING)  # type: ignore[arg-type]
    assert (answer.taken, answer.line) == (False, "The host's name is not known")


_PRIVATE_HOSTS = (
    "10.0.0.1",
    "169.254.169.254",
    "[::1]",
    "[fd00::1]:8443",
    "[::ffff:10.0.0.1]",
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "192.168.1.1.",
    "LOCALHOST.:8000",
    "db.internal",
)


def test_a_host_that_says_itself_that_it_is_private_is_not_taken(
    requester: Any, browser: Any
) -> None:
    for host in _PRIVATE_HOSTS:
        refusal = requester.post("/webhooks", {"url": f"https://{host}/in"})
        assert (refusal.status_code, refusal.json["code"]) == (422, "host_is_not_public"), host
    page = browser.sent("/requester/developers/webhooks", 422, url="https://10.0.0.1/")
    assert "a private network" in page
    assert requester.get("/webhooks").json["items"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org",
        "https://",
        "https://me@example.org/",
        "",
        "https://[::1",
        "https://example.org:99999/",
        "https://ex ample.org/",
        f"https://{'a' * 64}.org/",
    ],
)
def test_only_addresses_of_https_are_taken(requester: Any, url: str, state: Any) -> None:
    before = state()
    refusal = requester.post("/webhooks", {"url": url})
    assert (refusal.status_code, "url" in refusal.json["errors"]) == (422, True)
    assert state() == before


def test_a_webhook_is_told_of_its_own_events_and_its_owners_alone(
    requester: Any, stranger: Any, tell: Any, completed: Any
) -> None:
    chosen = {"url": "https://a.example.org", "events": ["task.submission.received.v1"]}
    mine = requester.post("/webhooks", chosen).json
    theirs = stranger.post("/webhooks", {"url": "https://b.example.org"}).json
    tell(completed)
    assert log(requester, mine) == []
    assert log(stranger, theirs) == []


def test_on_the_page_a_webhook_is_made_and_its_secret_shown_once(
    browser: Any, requester: Any, tell: Any, completed: Any
) -> None:
    address = "/requester/developers/webhooks"
    assert "begins with https://" in browser.sent(address, 422, url="http://example.org")
    page = browser.follow(address, url="https://example.org/hook")
    assert "whsec_" in page
    assert "whsec_" not in browser.read(address)
    [made] = requester.get("/webhooks").json["items"]
    tell(completed)
    assert "task.batch.completed.v1" in browser.read(f"{address}/{made['webhook_id']}")
    assert "Removed" in browser.follow(f"{address}/{made['webhook_id']}/remove")
    assert requester.get("/webhooks").json["items"] == []
