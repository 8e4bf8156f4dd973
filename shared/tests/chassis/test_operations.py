"""What an operator sees of a service, and /metrics, over a small service of the chassis' own."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from crowdloom import ui
from crowdloom.chassis.bus import BusMessage
from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.http import health
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.operations import Operations
from crowdloom.chassis.store import OUTBOX
from crowdloom.chassis.tokens import (
    SESSION_AUDIENCE,
    Principal,
    Sessions,
    TokenSigner,
    TokenVerifier,
    new_signing_key,
)
from crowdloom.chassis.worker import PROCESS_STATUS
from crowdloom.testkit.ports import FrozenClock
from flask.testing import FlaskClient
from pymongo.database import Database

PRIVATE_KEY, PUBLIC_KEY = new_signing_key()
OPERATIONS = "/api/payments/operations"


@dataclass
class Service:
    """One service's web side and its database."""

    client: FlaskClient
    database: Database[dict[str, Any]]
    clock: FrozenClock
    sessions: Sessions

    def headers(self, *grants: str, role: str = "staff") -> dict[str, str]:
        person = Principal(role, "stf_1", frozenset(grants), "Niko")
        token = self.sessions.issue(person, lifetime=timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}

    def report(self) -> dict[str, Any]:
        answer = self.client.get(OPERATIONS, headers=self.headers("operator"))
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def bury(self, text: str = "{", reason: str = "the body is not an object") -> str:
        message = BusMessage("task.lifecycle", "bat_1", text.encode(), (), 2, 17)
        return DeadLetters(self.database, self.clock).bury(message, reason)

    def write_status(self, **fields: Any) -> None:
        status = {"seen_at": self.clock.now(), "handled_count": 7, "lag_age_seconds": 1.5}
        places = {"task.lifecycle/0": 0, "task.lifecycle/2": 3}
        row = {**status, "lag": 3, "lag_by_partition": places, **fields}
        self.database[PROCESS_STATUS].replace_one({"_id": "payment-events"}, row, upsert=True)


@pytest.fixture
def service(mongo_client: Any) -> Iterator[Service]:
    clock = FrozenClock()
    database = mongo_client[f"operations-{uuid.uuid4().hex[:12]}"]
    keys = {"payment-service": PUBLIC_KEY}
    sessions = Sessions(
        signer=TokenSigner(
            issuer="payment-service",
            private_key=PRIVATE_KEY,
            audience=SESSION_AUDIENCE,
            clock=clock,
        ),
        verifier=TokenVerifier(public_keys=keys, audience=SESSION_AUDIENCE, clock=clock),
        clock=clock,
    )
    app, _ = create_app(
        __name__,
        area="payments",
        title="Payments",
        sessions=sessions,
        idempotency=IdempotencyStore(database, clock),
        checks={"mongodb": lambda: None, "events": lambda: "not heard of"},
        secure_cookies=False,
        operations=Operations(database, clock),
    )
    ui.register(app, service="payment-service", prefix="/finance", clock=clock)
    app.testing = True
    yield Service(app.test_client(), database, clock, sessions)
    mongo_client.drop_database(database.name)


def test_a_service_nobody_has_heard_of_yet_reports_unknown_and_not_zero(service: Service) -> None:
    report = service.report()
    assert report["consumer"] == {"lag": None, "lag_by_partition": {}, "age_seconds": None}
    assert report["events_process"]["seen_at"] is None
    assert report["outbox"] == {"unpublished_count": 0, "oldest_seconds": None}


def test_the_age_of_the_oldest_unpublished_row_is_told(service: Service) -> None:
    for number in (1, 2, 3):
        row = {"_id": f"evt_{number}", "pending": number > 1, "created_at": service.clock.now()}
        service.database[OUTBOX].insert_one(row)
        service.clock.advance(seconds=10)
    assert service.report()["outbox"] == {"unpublished_count": 2, "oldest_seconds": 20.0}


def test_lag_comes_by_partition_with_the_age_of_the_figure(service: Service) -> None:
    service.write_status()
    service.clock.advance(seconds=4)
    report = service.report()
    assert report["consumer"] == {
        "lag": 3,
        "lag_by_partition": {"task.lifecycle/0": 0, "task.lifecycle/2": 3},
        "age_seconds": 5.5,
    }
    assert report["events_process"]["seen_seconds_ago"] == 4.0


def test_a_consumer_that_has_not_looked_yet_has_no_lag(service: Service) -> None:
    service.write_status(lag=0, lag_by_partition={}, lag_age_seconds=None)
    assert service.report()["consumer"]["lag"] is None


def test_each_check_is_told_with_what_is_wrong(service: Service) -> None:
    checks = {"mongodb": None, "events": "not heard of"}
    assert service.report()["ready"] == {"status": "not_ready", "checks": checks}


def test_dead_letters_are_listed_with_topic_reason_and_time(service: Service) -> None:
    letter_id = service.bury()
    letters = service.report()["dead_letters"]
    assert letters["open_count"] == 1
    [letter] = letters["items"]
    assert letter["dead_letter_id"] == letter_id
    assert (letter["topic"], letter["partition"], letter["offset"]) == ("task.lifecycle", 2, 17)
    assert letter["reason"] == "the body is not an object"
    assert letter["buried_at"] == "2026-11-01T12:00:00.000Z"


def test_a_replay_is_asked_for_once_however_often_it_is_sent(service: Service) -> None:
    letter_id = service.bury()
    path = f"{OPERATIONS}/dead-letters/{letter_id}/replay"
    letters = DeadLetters(service.database, service.clock)
    for _ in range(2):
        assert service.client.post(path, headers=service.headers("operator")).status_code == 204
    [(asked_id, message)] = letters.requested()
    assert (asked_id, message.value) == (letter_id, b"{")
    letters.settle(letter_id, reason=None)
    assert service.client.post(path, headers=service.headers("operator")).status_code == 204
    assert list(letters.requested()) == []


def test_an_unknown_dead_letter_cannot_be_replayed(service: Service) -> None:
    path = f"{OPERATIONS}/dead-letters/nothing/replay"
    answer = service.client.post(path, headers=service.headers("operator"))
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_a_form_leads_back_to_the_operators_page(service: Service) -> None:
    path = f"{OPERATIONS}/dead-letters/{service.bury()}/replay"
    answer = service.client.post(path, data={"x": "1"}, headers=service.headers("operator"))
    assert (answer.status_code, answer.location) == (303, "/operator")


@pytest.mark.parametrize("path", [OPERATIONS, f"{OPERATIONS}/panel"])
def test_only_operators_may_look(service: Service, path: str) -> None:
    assert service.client.get(path).status_code == 401
    assert service.client.get(path, headers=service.headers("finance")).status_code == 403
    assert service.client.get(path, headers=service.headers("operator")).status_code == 200


def test_the_panel_is_a_fragment_for_htmx_and_a_page_by_itself(service: Service) -> None:
    letter_id = service.bury(reason="<b>not</b> an object")
    headers = service.headers("operator")
    page = service.client.get(f"{OPERATIONS}/panel", headers=headers)
    part = service.client.get(f"{OPERATIONS}/panel", headers={**headers, "HX-Request": "true"})
    assert "<html" in page.text
    assert "<html" not in part.text
    for text in (page.text, part.text):
        assert f'action="{OPERATIONS}/dead-letters/{letter_id}/replay"' in text
        assert "&lt;b&gt;not&lt;/b&gt; an object" in text


def test_metrics_answer_without_a_folder_shared_by_processes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    service.write_status()
    service.bury()
    text = service.client.get("/api/payments/metrics").text
    assert 'crowdloom_dead_letters_open{area="payments"} 1.0' in text
    assert 'crowdloom_consumer_lag{area="payments"} 3.0' in text
    assert "process_cpu_seconds_total" in text
    text = service.client.get("/api/payments/metrics").text
    assert 'crowdloom_request_seconds_count{area="payments",endpoint="health_payments.me' in text


def test_metrics_answer_with_a_folder_shared_by_processes(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    answer = service.client.get("/api/payments/metrics")
    assert answer.status_code == 200
    assert 'crowdloom_outbox_unpublished{area="payments"} 0.0' in answer.text
    assert health._registry() is not health.REGISTRY
