from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import BatchPaused
from flask.testing import FlaskClient
from matching_service.bootstrap import Application

Deliver = Callable[..., None]
Headers = Callable[..., dict[str, str]]
API = "/api/matching/v1"


@pytest.fixture
def opened(make: ModuleType, deliver: Deliver) -> None:
    deliver(make.opened(), make.released())


def code(answer: Any) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json", answer.text
    return answer.status_code, answer.get_json()["code"]


@pytest.mark.usefixtures("opened")
def test_a_claim_answers_with_assignment_ticket_and_reward(
    api: FlaskClient, worker_headers: Headers
) -> None:
    answer = api.post(f"{API}/claims", json={}, headers=worker_headers("wrk_1", "k"))
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["reward"] == {"amount_minor": 5, "currency": "USD"}
    assert body["deadline"] == "2026-11-01T12:10:00.000Z"
    again = api.post(f"{API}/claims", json={}, headers=worker_headers("wrk_1", "k"))
    assert (again.status_code, again.get_json()) == (201, body)
    held = api.get(f"{API}/assignments", headers=worker_headers("wrk_1")).get_json()
    assert [item["assignment_id"] for item in held["items"]] == [body["assignment_id"]]
    assert "ticket" not in held["items"][0]


def test_nothing_to_give_is_an_empty_answer(api: FlaskClient, worker_headers: Headers) -> None:
    answer = api.post(f"{API}/claims", json={}, headers=worker_headers("wrk_1", "k"))
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("body", "key", "refusal"),
    [
        ({}, "", (400, "idempotency_key_missing")),
        ({}, "k" * 200, (400, "idempotency_key_missing")),
        ({"batch_id": "bat_none"}, "k", (404, "not_found")),
        ({"batch_id": 7}, "k", (422, "invalid_input")),
        ({"batch_id": ""}, "k", (422, "invalid_input")),
        ({"batch_id": "b" * 500}, "k", (422, "invalid_input")),
        ({"unknown": "x"}, "k", (422, "invalid_input")),
        (["list"], "k", (422, "invalid_input")),
    ],
)
def test_a_bad_claim_is_refused_with_a_stable_code(
    api: FlaskClient, worker_headers: Headers, body: Any, key: str, refusal: tuple[int, str]
) -> None:
    answer = api.post(f"{API}/claims", json=body, headers=worker_headers("wrk_1", key))
    assert code(answer) == refusal
    held = api.get(f"{API}/assignments", headers=worker_headers("wrk_1")).get_json()
    assert held["items"] == []


def test_what_is_no_json_is_refused(api: FlaskClient, worker_headers: Headers) -> None:
    headers = worker_headers("wrk_1", "k")
    answer = api.post(f"{API}/claims", data=b"{", headers=headers, content_type="application/json")
    assert code(answer) == (400, "bad_request")


@pytest.mark.usefixtures("opened")
def test_a_key_reused_for_another_batch_is_refused(
    api: FlaskClient, worker_headers: Headers, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened("bat_2"), make.released("bat_2"))
    headers = worker_headers("wrk_1", "k")
    assert api.post(f"{API}/claims", json={"batch_id": "bat_1"}, headers=headers).status_code == 201
    answer = api.post(f"{API}/claims", json={"batch_id": "bat_2"}, headers=headers)
    assert code(answer) == (422, "idempotency_key_reused")


def test_the_eleventh_lease_is_refused(
    api: FlaskClient, worker_headers: Headers, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(task_count=12), make.released(count=12))
    answers = [
        api.post(f"{API}/claims", json={}, headers=worker_headers("wrk_1", f"k{number}"))
        for number in range(11)
    ]
    assert [answer.status_code for answer in answers[:10]] == [201] * 10
    assert code(answers[10]) == (409, "too_many_leases")


@pytest.mark.usefixtures("opened")
def test_a_foreign_assignment_is_not_found_in_every_call(
    api: FlaskClient, worker_headers: Headers
) -> None:
    made = api.post(f"{API}/claims", json={}, headers=worker_headers("wrk_1", "k")).get_json()
    path = f"{API}/assignments/{made['assignment_id']}"
    other = worker_headers("wrk_2", "k")
    assert code(api.get(path, headers=other)) == (404, "not_found")
    assert code(api.post(f"{path}/extend", headers=other)) == (404, "not_found")
    assert code(api.post(f"{path}/return", headers=other)) == (404, "not_found")
    assert api.get(path, headers=worker_headers("wrk_1")).get_json()["status"] == "leased"


@pytest.mark.usefixtures("opened")
def test_an_item_is_given_back_and_then_cannot_be_prolonged(
    api: FlaskClient, worker_headers: Headers
) -> None:
    mine = worker_headers("wrk_1", "k")
    made = api.post(f"{API}/claims", json={}, headers=mine).get_json()
    path = f"{API}/assignments/{made['assignment_id']}"
    assert api.post(f"{path}/return", headers=mine).status_code == 204
    assert api.post(f"{path}/return", headers=mine).status_code == 204
    assert code(api.post(f"{path}/extend", headers=mine)) == (409, "lease_over")


@pytest.mark.usefixtures("opened")
def test_more_time_gives_a_new_ticket_and_needs_a_key(
    api: FlaskClient, worker_headers: Headers
) -> None:
    made = api.post(f"{API}/claims", json={}, headers=worker_headers("wrk_1", "k")).get_json()
    path = f"{API}/assignments/{made['assignment_id']}/extend"
    longer = api.post(path, headers=worker_headers("wrk_1", "more")).get_json()
    assert longer["deadline"] == "2026-11-01T12:20:00.000Z"
    assert longer["ticket"] != made["ticket"]
    again = api.post(path, headers=worker_headers("wrk_1", "more")).get_json()
    assert again["deadline"] == longer["deadline"]
    without_key = api.post(path, headers=worker_headers("wrk_1"))
    assert code(without_key) == (400, "idempotency_key_missing")


def test_the_queue_is_paged_and_says_unknown_for_pay_nobody_measured(
    api: FlaskClient, worker_headers: Headers, make: ModuleType, deliver: Deliver
) -> None:
    for number in range(5):
        deliver(make.opened(f"bat_{number}"), make.released(f"bat_{number}"))
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = api.get(f"{API}/queue", query_string=query, headers=worker_headers("wrk_1"))
        body = page.get_json()
        seen += [item["batch_id"] for item in body["items"]]
        assert all(item["pay_per_hour"] == {"kind": "unknown"} for item in body["items"])
        cursor = body["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"bat_{number}" for number in range(5)]


@pytest.mark.parametrize("query", ["cursor=bat_1", "limit=0", "limit=1000", "limit=x"])
def test_a_bad_page_of_the_queue_is_refused(
    api: FlaskClient, worker_headers: Headers, query: str
) -> None:
    answer = api.get(f"{API}/queue?{query}", headers=worker_headers("wrk_1"))
    assert code(answer) == (422, "invalid_input")


def test_work_is_for_workers_and_counts_are_for_operators(
    api: FlaskClient, worker_headers: Headers, staff_headers: Headers, application: Application
) -> None:
    assert code(api.get(f"{API}/queue")) == (401, "not_signed_in")
    assert code(api.get(f"{API}/queue", headers=staff_headers("operator"))) == (403, "not_allowed")
    forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    assert code(api.get(f"{API}/queue", headers=forged)) == (401, "invalid_token")
    counts = f"{API}/batches/bat_none/counts"
    assert code(api.get(counts, headers=worker_headers("wrk_1"))) == (403, "not_allowed")
    assert code(api.get(counts, headers=staff_headers("finance"))) == (403, "not_allowed")
    assert code(api.get(counts, headers=staff_headers("operator"))) == (404, "not_found")


@pytest.mark.usefixtures("opened")
def test_counts_add_up_to_what_was_claimed(
    api: FlaskClient, worker_headers: Headers, staff_headers: Headers
) -> None:
    for number in range(3):
        api.post(f"{API}/claims", json={}, headers=worker_headers(f"wrk_{number}", "k"))
    counts = api.get(f"{API}/batches/bat_1/counts", headers=staff_headers("operator")).get_json()
    assert (counts["claimed_total"], counts["leased"], counts["submitted"]) == (3, 3, 0)


def test_a_worker_is_told_why_a_batch_gives_him_nothing(
    api: FlaskClient, worker_headers: Headers, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(task_count=1), make.released(count=1))
    deliver(make.opened("bat_fa", language="fa"), make.released("bat_fa"))
    deliver(make.registered("wrk_1", "en"))

    def why(batch_id: str) -> Any:
        answer = api.get(f"{API}/queue/{batch_id}/why", headers=worker_headers("wrk_1"))
        return answer.get_json()["why_not"] if answer.status_code == 200 else answer.status_code

    assert [why("bat_1"), why("bat_fa"), why("bat_none")] == [None, "other_language", 404]
    wanted = {"batch_id": "bat_1"}
    api.post(f"{API}/claims", json=wanted, headers=worker_headers("wrk_1", "k"))
    assert why("bat_1") == "nothing_left"
    deliver(BatchPaused("bat_1"))
    assert why("bat_1") == "batch_paused"


@pytest.mark.usefixtures("opened")
def test_the_queue_says_what_an_hour_pays_once_that_is_measured(
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    api: FlaskClient,
    worker_headers: Headers,
) -> None:
    for number in range(5):
        deliver(make.submitted(application.claim_task(f"wrk_{number}", "k").assignment))
    application.count_progress()
    answer = api.get(f"{API}/queue", headers=worker_headers("wrk_9"))
    assert answer.status_code == 200
    nine_dollars = {"amount_minor": 900, "currency": "USD"}
    pay = answer.get_json()["items"][0]["pay_per_hour"]
    assert pay == {"kind": "measured", "p25": nine_dollars, "p75": nine_dollars, "n": 5}
