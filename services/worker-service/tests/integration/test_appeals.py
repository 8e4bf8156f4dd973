from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from flask import Flask
from flask.testing import FlaskClient
from worker_service.bootstrap import Application
from worker_service.domain.appeals import AppealStatus

ASSIGNMENT = "asg_00000000000000000000000001"
ITEM = f"/work/assignments/{ASSIGNMENT}"
PAGE = f"{ITEM}/appeal"


def of_it(event: Any) -> Any:
    return replace(event, assignment_id=ASSIGNMENT)


@pytest.fixture
def worker(api: FlaskClient, deliver: Any, make: Any) -> dict[str, str]:
    """Headers of a worker whose only answer was rejected."""
    made = api.post("/api/workers/v1/workers", json={}).json
    claimed = make.claimed(worker_id=made["worker_id"])
    own = (of_it(event) for event in (claimed, make.submitted(), make.rejected()))
    deliver(make.opened(), *own)
    return {"Authorization": f"Bearer {made['token']}", "Idempotency-Key": "one"}


@pytest.fixture
def browser(web: Flask, worker: dict[str, str]) -> FlaskClient:
    client = web.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = worker["Authorization"]
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def opened(api: FlaskClient, worker: dict[str, str]) -> Any:
    body = {"assignment_id": ASSIGNMENT, "statement": "It follows rule two."}
    return api.post("/api/workers/v1/appeals", json=body, headers=worker)


def metrics(api: FlaskClient) -> str:
    return api.get("/api/workers/metrics").text


def test_an_appeal_names_the_assignment_and_no_worker_and_is_told_when_it_is_overdue(
    api: FlaskClient, worker: dict[str, str], outbox: Any, clock: FrozenClock
) -> None:
    answer = opened(api, worker)
    assert (answer.status_code, answer.json["status"]) == (201, "open")
    assert 'crowdloom_appeal_overdue_seconds{area="workers"} 0.0' in metrics(api)
    clock.advance(seconds=3 * 86_400 + 60)
    assert 'crowdloom_appeal_overdue_seconds{area="workers"} 60.0' in metrics(api)
    assert "worker_id" not in answer.json
    name, body = outbox()[-1]
    assert name == "worker.appeal.opened.v1"
    assert set(body) == {"assignment_id", "batch_id", "opened_at", "decide_by"}


def test_there_is_one_appeal_an_assignment(
    api: FlaskClient, worker: dict[str, str], outbox: Any
) -> None:
    opened(api, worker)
    again = opened(api, {**worker, "Idempotency-Key": "two"})
    assert len(again.json["messages"]) == 1
    assert [name for name, _ in outbox()].count("worker.appeal.opened.v1") == 1


def test_an_upheld_appeal_says_so_once_and_is_final(
    application: Application, api: FlaskClient, worker: dict[str, str], outbox: Any
) -> None:
    opened(api, worker)
    review = application.review_appeals
    review.decide(ASSIGNMENT, upheld=True, reason="Rule two allows it.", reviewer="stf_1")
    assert outbox()[-1][1]["upheld"] is True
    answer = api.post(
        f"/api/workers/v1/appeals/{ASSIGNMENT}/messages",
        json={"text": "Thank you."},
        headers={**worker, "Idempotency-Key": "two"},
    )
    assert (answer.status_code, answer.json["code"]) == (409, "appeal_over")
    assert review.waiting() == []


def test_an_overturned_rejection_is_accepted_in_my_work_and_its_page_keeps_what_happened(
    application: Application,
    api: FlaskClient,
    worker: dict[str, str],
    browser: FlaskClient,
    reviewer: FlaskClient,
    deliver: Any,
    make: Any,
) -> None:
    opened(api, worker)
    application.review_appeals.decide(ASSIGNMENT, upheld=True, reason="So it is.", reviewer="s")
    deliver(of_it(make.accepted()))
    page = api.get("/api/workers/v1/work", headers=worker).json
    assert page["items"][0]["status"] == "accepted"
    events = browser.get(ITEM).text.partition('class="events"')[2]
    told = ["Taken", "Submitted", "Rejected", "Appealed", "Appeal decided", "Accepted", "at first"]
    assert sorted(told, key=events.index) == told
    assert browser.get(f"/operator/items/{ASSIGNMENT}").status_code == 403
    traced = reviewer.get(f"/operator/items/{ASSIGNMENT}").text
    told = ["In review until", "Rejected", "Appealed", "Appeal decided", "Accepted"]
    assert sorted(told, key=traced.index) == told
    assert "wrk_" not in traced


def test_somebody_elses_appeal_is_not_found(
    api: FlaskClient, worker: dict[str, str], web: Flask
) -> None:
    opened(api, worker)
    other = api.post("/api/workers/v1/workers", json={}).json
    headers = {"Authorization": f"Bearer {other['token']}", "Idempotency-Key": "x"}
    assert api.get(f"/api/workers/v1/appeals/{ASSIGNMENT}", headers=headers).status_code == 404
    assert opened(api, headers).status_code == 404
    assert api.get(PAGE, headers=headers).status_code == 404
    waiting = api.get("/api/workers/v1/appeals", headers=headers)
    assert waiting.status_code == 403


def test_a_rejection_can_be_contested_for_seven_days_and_every_page_says_until_when(
    api: FlaskClient, worker: dict[str, str], browser: FlaskClient, clock: FrozenClock, make: Any
) -> None:
    last_day = (make.SUBMITTED + timedelta(hours=1, days=7)).isoformat(timespec="seconds")
    for page in ("/work/my-work", ITEM, PAGE):
        assert last_day[:16] in browser.get(page).text, page
    clock.advance(seconds=8 * 86_400)
    answer = opened(api, worker)
    assert (answer.status_code, answer.json["code"]) == (409, "too_late_to_appeal")
    for page in ("/work/my-work", PAGE):
        assert "could be appealed are over" in browser.get(page).text, page
    assert PAGE not in browser.get("/work/my-work").text + browser.get(ITEM).text
    assert 'name="text"' not in browser.get(PAGE).text


def test_accepted_work_cannot_be_contested(
    api: FlaskClient, worker: dict[str, str], deliver: Any, make: Any
) -> None:
    deliver(of_it(make.accepted()))
    assert opened(api, worker).json["code"] == "not_rejected"


def test_the_page_takes_an_appeal_and_shows_its_thread(
    browser: FlaskClient, application: Application
) -> None:
    assert "It is about another sentence." in browser.get(PAGE).text
    nothing, much = (browser.post(PAGE, data={"text": text}) for text in ("  ", "x" * 1_025))
    assert (nothing.status_code, "Say why, in a sentence" in nothing.text) == (422, True)
    assert (much.status_code, "This is too long" in much.text) == (422, True)
    assert browser.post(PAGE, data={"text": "It follows rule two."}).status_code == 303
    application.review_appeals.say(ASSIGNMENT, "Which sentence of it?")
    page = browser.get(PAGE).text
    assert "It follows rule two." in page
    assert "Which sentence of it?" in page
    assert "The reviewer asks you something." in browser.get("/work/my-work").text
    assert "asks you something" in browser.get("/work/queue").text
    lines = "The second one.\r\n" + "x\r\n" * 500  # a field sends its 1,016 characters so
    assert browser.post(PAGE, data={"text": lines}).status_code == 303
    assert "asks you something" not in browser.get("/work/queue").text
    assert "Appealed; decided by" in browser.get("/work/my-work").text
    assert "Appeal decided by" in browser.get(ITEM).text
    case = application.review_appeals.show(ASSIGNMENT)
    assert case.appeal.status is AppealStatus.OPEN


def test_the_reviewers_pages_are_for_operators(browser: FlaskClient) -> None:
    assert browser.get("/operator/appeals").status_code == 403


def test_a_reviewer_asks_and_decides_on_the_page(
    reviewer: FlaskClient, api: FlaskClient, worker: dict[str, str], outbox: Any
) -> None:
    opened(api, worker)
    case = f"/operator/appeals/{ASSIGNMENT}"
    assert case in reviewer.get("/operator/appeals").text
    page = reviewer.get(case).text
    assert "It follows rule two." in page
    assert "wrk_" not in page
    assert reviewer.post(case, data={"act": "uphold", "text": ""}).status_code == 422
    assert reviewer.post(case, data={"act": "ask", "text": "Which rule?"}).status_code == 303
    decided = reviewer.post(case, data={"act": "dismiss", "text": "There is no rule two."})
    assert decided.location == "/operator/appeals"
    assert outbox()[-1][1]["upheld"] is False
    assert case not in reviewer.get("/operator/appeals").text
    again = reviewer.post(case, data={"act": "uphold", "text": "Changed my mind."})
    assert again.location == case
    assert outbox()[-1][1]["upheld"] is False
