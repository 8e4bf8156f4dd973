"""Work with a ticket: loading, drafts, submitting, once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.chassis.tickets import TicketSigner
from crowdloom.testkit.ports import FrozenClock
from flask import Flask
from task_service.bootstrap import Application

Deliver = Callable[..., None]
Outbox = Callable[[], list[tuple[str, Any]]]
V1 = "/api/tasks/v1"


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester)


@pytest.fixture
def holder(requester: Any, batch: Any, hand_out: Any) -> Any:
    return hand_out(requester, batch)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def received(outbox: Outbox) -> list[Any]:
    return [body for name, body in outbox() if name == "task.submission.received.v1"]


def test_a_ticket_loads_its_task(holder: Any, batch: Any) -> None:
    loaded = holder.load().json
    assert loaded["input"] == {"sentence": "It rained."}
    assert loaded["reward"] == {"amount_minor": 5, "currency": "USD"}
    assert loaded["batch_id"] == batch["batch_id"]
    assert loaded["answer_fields"] == ["answer"]
    assert loaded["deadline"] == "2026-11-01T12:10:00.000Z"
    assert loaded["frame_url"] == f"/frame/assignments/{holder.assignment_id}"


def test_a_submission_gets_a_receipt_and_an_event(
    holder: Any, outbox: Outbox, clock: FrozenClock
) -> None:
    clock.advance(seconds=30)
    answer = holder.submit([["answer", "yes"], ["answer", "no"], ["note", ""]])
    assert answer.status_code == 201
    receipt = answer.json
    assert receipt["status"] == "submitted"
    assert receipt["submitted_at"] == "2026-11-01T12:00:30.000Z"
    assert receipt["auto_accept_at"] == "2026-11-04T12:00:30.000Z"
    [event] = received(outbox)
    assert event["submission_id"] == receipt["submission_id"]
    assert event["assignment_id"] == holder.assignment_id
    assert "answer" not in event
    assert holder.receipt().json == receipt


def test_the_same_answer_again_gets_the_same_receipt(holder: Any, outbox: Outbox) -> None:
    first, again = holder.submit(), holder.submit()
    assert again.status_code == 201
    assert again.json == first.json
    assert len(received(outbox)) == 1


def test_the_same_answer_again_after_the_deadline_gets_the_same_receipt(
    holder: Any, clock: FrozenClock
) -> None:
    first = holder.submit()
    clock.advance(seconds=3_600)
    assert holder.submit().json == first.json


def test_a_second_different_answer_is_refused_and_the_first_one_counts(
    holder: Any, state: Any
) -> None:
    receipt = holder.submit().json
    before = state()
    refusal = holder.submit([["answer", "no"]])
    assert code(refusal) == (409, "already_submitted")
    assert refusal.json["submission_id"] == receipt["submission_id"]
    assert state() == before


def test_the_order_and_repetition_of_fields_are_part_of_the_answer(holder: Any) -> None:
    holder.submit([["a", "1"], ["b", "2"]])
    assert code(holder.submit([["b", "2"], ["a", "1"]])) == (409, "already_submitted")


def test_an_answer_within_the_grace_still_counts(holder: Any, clock: FrozenClock) -> None:
    clock.advance(seconds=602)
    assert holder.submit().status_code == 201


def test_an_answer_after_the_deadline_is_kept_as_a_draft_and_changes_nothing_else(
    holder: Any, clock: FrozenClock, outbox: Outbox, application: Application
) -> None:
    published = outbox()
    clock.advance(seconds=603)
    assert code(holder.submit()) == (409, "lease_expired")
    assert outbox() == published
    assert application.database["submissions"].count_documents({}) == 0
    assert holder.draft().json["answer"] == [["answer", "yes"]]


def test_on_two_devices_the_draft_goes_along_and_a_replaced_ticket_changes_nothing(
    holder: Any, signer: TicketSigner, clock: FrozenClock
) -> None:
    holder.save([["answer", "ye"]])
    longer = replace(holder.ticket, deadline=holder.ticket.deadline + timedelta(minutes=10))
    other_device = replace(holder, ticket=longer, token=signer.sign(longer))
    assert other_device.draft().json["answer"] == [["answer", "ye"]]
    clock.advance(seconds=700)
    assert code(holder.submit()) == (409, "lease_expired")
    assert other_device.draft().json["answer"] == [["answer", "yes"]]
    assert other_device.submit([["answer", "no"]]).status_code == 201
    assert code(holder.submit()) == (409, "already_submitted")


def test_a_draft_is_kept_and_shown(holder: Any, clock: FrozenClock) -> None:
    assert code(holder.draft()) == (404, "not_found")
    assert holder.save([]).status_code == 200
    clock.advance(seconds=2)
    holder.save([["answer", "ye"]])
    assert holder.draft().json == {
        "answer": [["answer", "ye"]],
        "saved_at": "2026-11-01T12:00:02.000Z",
    }


def test_an_assignment_given_back_takes_no_answer_and_keeps_it_as_a_draft(
    holder: Any, deliver: Deliver, make: ModuleType, outbox: Outbox
) -> None:
    deliver(make.revoked(holder.ticket))
    assert code(holder.load()) == (409, "assignment_over")
    assert code(holder.submit()) == (409, "assignment_over")
    assert code(holder.receipt()) == (404, "not_found")
    assert holder.draft().json["answer"] == [["answer", "yes"]]
    assert received(outbox) == []
    assert outbox()[-1][0] == "task.assignment.closed.v1"


def test_an_assignment_closed_because_its_time_ran_out_says_so(
    holder: Any, deliver: Deliver, make: ModuleType, clock: FrozenClock, outbox: Outbox
) -> None:
    clock.advance(seconds=603)
    deliver(make.revoked(holder.ticket))
    assert code(holder.load()) == (409, "lease_expired")
    assert code(holder.submit()) == (409, "lease_expired")
    assert holder.draft().json["answer"] == [["answer", "yes"]]
    assert received(outbox) == []


def test_a_submission_before_the_revocation_counts(
    holder: Any, deliver: Deliver, make: ModuleType, outbox: Outbox
) -> None:
    receipt = holder.submit().json
    deliver(make.revoked(holder.ticket))
    assert holder.receipt().json == receipt
    assert "task.assignment.closed.v1" not in [name for name, _ in outbox()]


def test_an_assignment_given_back_is_no_submission_to_the_requester(
    requester: Any, batch: Any, holder: Any, deliver: Deliver, make: ModuleType
) -> None:
    deliver(make.revoked(holder.ticket))
    path = f"/batches/{batch['batch_id']}"
    assert requester.get(f"{path}/submissions").json["items"] == []
    assert requester.get(path).json["counts"]["submitted"] == 0
    assert requester.get(f"{path}/results?format=jsonl").data == b""


def test_a_ticket_is_good_for_its_own_assignment_alone(
    requester: Any, batch: Any, holder: Any, hand_out: Any, state: Any
) -> None:
    other = hand_out(requester, batch, task=1, assignment=2)
    other.save([["answer", "secret"]])
    before = state()
    for method, part in (
        ("GET", "task"),
        ("GET", "draft"),
        ("PUT", "draft"),
        ("POST", "submission"),
        ("GET", "submission"),
    ):
        body = {"json": {"answer": [["answer", "forged"]]}} if method != "GET" else {}
        refusal = holder.call(method, part, assignment_id=other.assignment_id, **body)
        assert code(refusal) == (404, "not_found"), (method, part)
    assert state() == before


def test_without_a_ticket_nothing_is_shown_or_changed(web: Flask, holder: Any, state: Any) -> None:
    before = state()
    path = f"{V1}/assignments/{holder.assignment_id}/submission"
    refusal = web.test_client().post(path, json={"answer": [["answer", "yes"]]})
    assert code(refusal) == (401, "ticket_missing")
    assert state() == before


def test_a_ticket_that_matching_service_did_not_sign_is_refused(
    holder: Any, application: Application, state: Any
) -> None:
    before = state()
    forged = TicketSigner(application.sessions._signer)
    holder.token = forged.sign(holder.ticket)
    assert code(holder.submit()) == (401, "invalid_token")
    holder.token = "not a token"
    assert code(holder.submit()) == (401, "invalid_token")
    assert state() == before


def test_a_requesters_session_is_no_ticket(requester: Any, holder: Any) -> None:
    holder.token = requester.token
    assert code(holder.load()) == (401, "invalid_token")


def test_a_ticket_is_no_session(requester: Any, holder: Any, batch: Any) -> None:
    requester.headers = {"Authorization": f"Bearer {holder.token}"}
    assert code(requester.get(f"/batches/{batch['batch_id']}")) == (401, "invalid_token")


def test_our_own_pages_send_the_ticket_as_a_cookie(web: Flask, holder: Any) -> None:
    client = web.test_client()
    name = f"cl_ticket_{holder.assignment_id}"
    client.set_cookie(name, holder.token, path="/api/tasks")
    path = f"{V1}/assignments/{holder.assignment_id}/submission"
    body = {"answer": [["answer", "yes"]]}
    foreign = client.post(path, json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert code(foreign) == (403, "cross_site_request")
    foreign = client.post(path, json=body, headers={"Origin": "https://elsewhere.example"})
    assert code(foreign) == (403, "cross_site_request")
    assert (
        client.post(path, json=body, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 201
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"answer": []}, (422, "invalid_input")),
        ({}, (422, "invalid_input")),
        ({"answer": "yes"}, (422, "invalid_input")),
        ({"answer": [["answer"]]}, (422, "invalid_input")),
        ({"answer": [["answer", 1]]}, (422, "invalid_input")),
        ({"answer": [["answer", "\ud800"]]}, (400, "bad_request")),
        ({"answer": [["answer", "x" * 256_001]]}, (413, "answer_too_large")),
        ({"answer": [["answer", "x" * 2_000_000]]}, (413, "answer_too_large")),
        ({"answer": [["answer", "yes"]], "held_ms": 10_001}, (422, "invalid_input")),
        ({"answer": [["answer", "yes"]], "reward": 1}, (422, "invalid_input")),
    ],
)
def test_what_is_no_answer_is_refused(
    holder: Any, state: Any, body: Any, expected: tuple[int, str]
) -> None:
    before = state()
    assert code(holder.call("POST", "submission", json=body)) == expected
    assert state() == before


def test_an_answer_of_any_script_comes_back_byte_for_byte(
    requester: Any, batch: Any, holder: Any
) -> None:
    answer = [["پاسخ", "بله 🌧\r\n\t\u0000 <b>&amp;"], ["", " "], ["پاسخ", "e\u0301"]]
    holder.submit(answer)
    [submission] = requester.get(f"/batches/{batch['batch_id']}/submissions").json["items"]
    assert submission["answer"] == answer
