"""The forms of a worker's browser: they work without script and keep tickets out of its reach."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from http.cookies import SimpleCookie
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from crowdloom.contracts.task import Condition, Requirements
from crowdloom.testkit.ports import FrozenClock
from flask.testing import FlaskClient

Deliver = Callable[..., None]
Headers = Callable[..., dict[str, str]]


@pytest.fixture
def browser(api: FlaskClient, worker_headers: Headers) -> FlaskClient:
    token = worker_headers("wrk_1")["Authorization"].removeprefix("Bearer ")
    api.environ_base["HTTP_ACCEPT"] = "text/html"
    api.set_cookie("cl_worker", token, path="/match")
    return api


def cookies(answer: Any) -> list[Any]:
    found = [SimpleCookie(header) for header in answer.headers.getlist("Set-Cookie")]
    return [morsel for cookie in found for morsel in cookie.values()]


def tickets(answer: Any) -> list[Any]:
    return [morsel for morsel in cookies(answer) if morsel.key.startswith("cl_ticket_")]


def claimed(browser: FlaskClient) -> str:
    answer = browser.post("/match/claim", data={"idempotency_key": "k", "batch_id": "bat_1"})
    assert answer.status_code == 303
    assert answer.location.startswith("/work/assignments/asg_")
    return named_in(answer)


def named_in(answer: Any) -> str:
    """The assignment that an answer leads to."""
    return urlsplit(answer.location).path.rpartition("/")[2]


def test_a_claim_leads_to_the_workspace_with_a_ticket_no_script_can_read(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    answer = browser.post("/match/claim", data={"idempotency_key": "k", "batch_id": "bat_1"})
    assert answer.status_code == 303
    given = tickets(answer)
    assignment_id = named_in(answer)
    assert answer.location.endswith("?batch=bat_1"), "so that its page says at once what it is"
    # No broader: the tickets of a day's work together are more than a request may carry.
    assert sorted(morsel["path"] for morsel in given) == [
        f"/api/tasks/v1/assignments/{assignment_id}",
        f"/frame/assignments/{assignment_id}",
    ]
    assert all(morsel["httponly"] and morsel["samesite"] == "Lax" for morsel in given)
    assert all(int(morsel["max-age"]) == 600 + 86_400 for morsel in given)
    again = browser.post("/match/claim", data={"idempotency_key": "k", "batch_id": "bat_1"})
    assert again.location == answer.location
    # The workspace's script asks with the key of the form that stands in where it gets nothing.
    ahead = browser.post("/match/claim-ahead", data={"idempotency_key": "k", "batch_id": "bat_1"})
    assert f"{ahead.json['location']}?batch=bat_1" == answer.location
    assert ahead.json["facts"]["title"] == "Does the second sentence follow?"
    assert "ticket" not in ahead.json["facts"]
    assert [one.key for one in tickets(ahead)] == [one.key for one in given]
    nothing = browser.post("/match/claim-ahead", data={"idempotency_key": "x", "batch_id": "bat_0"})
    assert (nothing.status_code, cookies(nothing)) == (204, [])


def test_several_at_once_come_one_after_the_other_each_with_its_own_ticket(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(task_count=6, redundancy=1), make.released(count=6, redundancy=1))
    form = {"idempotency_key": "k", "batch_id": "bat_1", "count": "3"}
    answer = browser.post("/match/claim", data=form)
    names = sorted({one.key.removeprefix("cl_ticket_") for one in tickets(answer)})
    places = [f"/work/assignments/{name}?several=1" for name in names]
    first = f"{places[0]}&batch=bat_1"
    assert (len(names), answer.location) == (3, first)
    assert "cl_said" in {one.key for one in cookies(answer)}
    assert browser.post("/match/claim", data=form).location == first, "the same three"
    told = browser.get("/match/held").text
    assert "3 items are in your hands" in told
    assert f'action="/match/assignments/{names[0]}/open"' in told

    following = {"idempotency_key": "n", "batch_id": "bat_1", "after": names[0]}
    ahead = browser.post("/match/claim-ahead", data=following)
    assert ahead.json["location"] == places[1]
    assert {one.key for one in tickets(ahead)} == {f"cl_ticket_{names[1]}"}
    skipped = {**following, "then": "next", "reason": "skipped", "after": names[1]}
    assert browser.post(f"/match/assignments/{names[1]}/return", data=skipped).location == places[2]
    again = browser.post(f"/match/assignments/{names[0]}/open")
    assert again.location == places[0], "what is undone goes on with the rest"
    returned = browser.post(f"/match/assignments/{names[0]}/return", data={"then": "my-work"})
    assert returned.location == "/work/my-work"
    fresh = browser.post("/match/claim", data={**following, "after": names[2]})
    assert named_in(fresh) not in names, "then another one"
    export = browser.get("/match/export").json
    assert export["profile"]["languages"] == []
    assert (export["profile"]["answers_as_newcomer"], export["profile"]["is_newcomer"]) == (0, True)
    by_name = {one["assignment_id"]: one for one in export["assignments"]}
    assert set(names) < set(by_name)
    assert by_name[names[0]]["status"] == "returned"
    assert by_name[names[0]]["ended_at"]
    assert by_name[names[2]]["your_name_to_its_requester"].startswith("A")
    odd = browser.post("/match/claim", data={"idempotency_key": "o", "count": "99"})
    assert "several" not in odd.location


def test_of_several_at_once_what_ran_out_meanwhile_is_passed_over(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, clock: FrozenClock
) -> None:
    deliver(make.opened(task_count=6, redundancy=1), make.released(count=6, redundancy=1))
    form = {"idempotency_key": "k", "batch_id": "bat_1", "count": "3"}
    answer = browser.post("/match/claim", data=form)
    names = sorted({one.key.removeprefix("cl_ticket_") for one in tickets(answer)})
    for name in (names[0], names[2]):
        browser.post(f"/match/assignments/{name}/extend", data={"idempotency_key": f"x{name}"})
    clock.advance(seconds=make.LEASE_SECONDS + 1)
    following = {"idempotency_key": "n", "batch_id": "bat_1", "after": names[0]}
    ahead = browser.post("/match/claim-ahead", data=following)
    assert ahead.json["location"] == f"/work/assignments/{names[2]}?several=1"


def test_work_that_is_not_for_a_worker_is_refused_with_every_reason(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    asked = Requirements(all_of=(Condition("trees"),), devices=("computer",))
    deliver(make.opened(requirements=asked), make.released())
    answer = browser.post(
        "/match/claim",
        data={"idempotency_key": "k", "batch_id": "bat_1"},
        headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile"},
    )
    assert answer.location == "/work/queue"
    [said] = [one.value for one in cookies(answer) if one.key == "cl_said"]
    [[tone, word, sentence]] = json.loads(urlsafe_b64decode(said))
    assert (tone, word) == ("wait", "Not for you")
    assert sentence.startswith("It cannot be done on this device. It asks for a qualification")
    assert "trees" in sentence


def test_no_work_leads_back_to_the_queue_with_a_word(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    assert browser.get("/match/held").text == "", "and nothing is held"
    deliver(make.opened())
    answer = browser.post("/match/claim", data={"idempotency_key": "k"})
    assert (answer.status_code, answer.location) == (303, "/work/queue")
    assert [(one.key, one["path"]) for one in cookies(answer)] == [("cl_said", "/work")]


def test_who_asks_in_another_tab_is_led_to_the_item_that_is_in_his_hands(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(task_count=1, redundancy=1), make.released(count=1, redundancy=1))
    held = claimed(browser)
    form = {"idempotency_key": "other tab", "batch_id": "bat_1"}
    answer = browser.post("/match/claim", data=form)
    assert (answer.location, len(tickets(answer))) == (f"/work/assignments/{held}", 2)
    [said] = [one.value for one in cookies(answer) if one.key == "cl_said"]
    assert json.loads(urlsafe_b64decode(said))[0][1] == "This item is in your hands already"
    # An answer that can still be undone is held here: who goes on from it is not led back to it.
    goes_on = browser.post("/match/claim", data={**form, "then": "next"})
    assert goes_on.location == "/work/queue"


@pytest.mark.parametrize("form", [{}, {"idempotency_key": "k", "batch_id": "bat_none"}])
def test_a_bad_claim_leads_back_to_the_queue(browser: FlaskClient, form: dict[str, str]) -> None:
    answer = browser.post("/match/claim", data=form)
    assert (answer.status_code, answer.location) == (303, "/work/queue")
    assert tickets(answer) == []


def test_an_item_can_be_opened_again_prolonged_and_given_back(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, clock: FrozenClock
) -> None:
    deliver(make.opened(), make.released())
    path = f"/match/assignments/{claimed(browser)}"
    opened = browser.post(f"{path}/open")
    longer = browser.post(f"{path}/extend", data={"idempotency_key": "m1"})
    assert tickets(opened)[0].value != tickets(longer)[0].value
    twice = browser.post(f"{path}/extend", data={"idempotency_key": "m1"})
    assert tickets(twice)[0]["max-age"] == tickets(longer)[0]["max-age"]
    back = browser.post(f"{path}/return")
    assert (back.status_code, back.location) == (303, "/work/queue")
    clock.advance(seconds=20 * 86_400)
    looked_at = tickets(browser.post(f"{path}/open"))
    assert {one["max-age"] for one in looked_at} == {"3600"}, "to see what an appeal is about"


def test_an_item_is_skipped_for_the_next_with_a_reason_that_the_requester_may_read(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, outbox: Any
) -> None:
    deliver(make.opened(), make.released())
    path = f"/match/assignments/{claimed(browser)}/return"
    wish = {"reason": "skipped", "then": "next", "batch_id": "bat_1", "idempotency_key": "skip"}
    following = browser.post(path, data=wish)
    assert following.location.startswith("/work/assignments/")
    assert browser.post(path, data=wish).location == following.location
    words = {"reason": "broken", "note": "  No picture. " + "x" * 600}
    browser.post(f"/match/assignments/{named_in(following)}/return", data=words)
    [skipped, broken] = outbox("matching.ticket.revoked.v1")
    assert (skipped["reason"], broken["reason"]) == ("skipped", "broken")
    assert broken["note"].startswith("No picture. xx")
    assert len(broken["note"]) == 500
    assert "worker_id" not in broken
    third = named_in(browser.post("/match/claim", data={"idempotency_key": "k3"}))
    browser.post(f"/match/assignments/{third}/return", data={"reason": "made up"})
    assert outbox("matching.assignment.returned.v1")[2].get("reason") is None


def test_a_third_wish_for_time_leads_back_to_the_item_with_a_word(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    path = f"/match/assignments/{claimed(browser)}"
    answers = [
        browser.post(f"{path}/extend", data={"idempotency_key": f"m{number}"})
        for number in range(3)
    ]
    said = ["cl_said" in [morsel.key for morsel in cookies(answer)] for answer in answers]
    assert said == [False, False, True]
    assert answers[2].location.startswith("/work/assignments/")


def test_what_was_submitted_is_not_returned_and_the_worker_is_told(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, application: Any
) -> None:
    deliver(make.opened(), make.released())
    path = f"/match/assignments/{claimed(browser)}"
    [held] = application.hold_assignment.held("wrk_1")
    deliver(make.submitted(held))
    answer = browser.post(f"{path}/return")
    assert (answer.status_code, answer.location) == (303, "/work/queue")


def test_somebody_elses_item_is_a_page_that_says_not_found(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, application: Any
) -> None:
    deliver(make.opened(), make.released())
    foreign = application.claim_task("wrk_2", "k").assignment.assignment_id
    for action in ("open", "extend", "return"):
        answer = browser.post(
            f"/match/assignments/{foreign}/{action}", data={"idempotency_key": "k"}
        )
        assert answer.status_code == 404
        assert 'href="/work/queue"' in answer.text, "a worker's page, with a worker's bar"
        assert 'href="/operator' not in answer.text


def test_a_form_from_another_site_is_refused(browser: FlaskClient) -> None:
    answer = browser.post("/match/claim", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_who_is_not_signed_in_claims_nothing(api: FlaskClient) -> None:
    assert api.post("/match/claim", data={"idempotency_key": "k"}).status_code == 401


def test_whom_a_project_is_for_may_look_at_it_by_a_permission_that_names_nobody(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    asked = Requirements(all_of=(Condition("trees"),))
    deliver(make.opened("bat_2", requirements=asked), make.released("bat_2"))
    answer = browser.get("/match/batches/bat_1/preview?item=2")
    path, _, query = answer.location.partition("?item=2&pass=")
    assert (answer.status_code, path) == (303, "/frame/batches/bat_1/preview")
    body = query.split(".")[1]
    assert set(json.loads(urlsafe_b64decode(body + "=="))) == {"aud", "bat", "exp", "iat", "iss"}
    refused = browser.get("/match/batches/bat_2/preview")
    assert refused.location == "/frame/batches/bat_2/preview?item=1"
    assert tickets(answer) == []
