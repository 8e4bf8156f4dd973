"""An answer sent back to its worker is done again in the same slot, and counts once."""

from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from task_service.bootstrap import Application

NOTE = "The last word is missing."


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester, redundancy=1)


@pytest.fixture
def sent_back(requester: Any, batch: Any, hand_out: Any) -> Any:
    receipt = hand_out(requester, batch).submit([["answer", "first try"]]).json
    return send_back(requester, receipt["submission_id"]).json


def send_back(requester: Any, submission_id: str, note: str = NOTE) -> Any:
    return requester.post(f"/submissions/{submission_id}/return", {"note": note})


@pytest.fixture
def again(make: Any, web: Any, signer: Any, clock: FrozenClock, sent_back: Any, batch: Any) -> Any:
    """The same worker with the ticket that matching-service signs for the rework."""
    ticket = make.ticket(
        sent_back["rework_assignment_id"],
        sent_back["task_id"],
        batch["batch_id"],
        now=clock.now(),
        lease_seconds=86_400,
    )
    return make.Holder(web, ticket, signer.sign(ticket))


def test_sending_back_says_so_once_and_keeps_the_answer_as_the_draft_of_the_rework(
    requester: Any, sent_back: Any, again: Any, outbox: Any
) -> None:
    assert (sent_back["status"], sent_back["reason"]) == ("returned", NOTE)
    same = send_back(requester, sent_back["submission_id"])
    assert (same.status_code, same.json) == (200, sent_back)
    said = [body for name, body in outbox() if name == "task.submission.returned.v1"]
    assert [(one["note"], one["rework_assignment_id"]) for one in said] == [
        (NOTE, sent_back["rework_assignment_id"])
    ]
    assert again.load().json["note"] == NOTE
    assert again.draft().json["answer"] == [["answer", "first try"]]


def test_what_is_done_again_is_the_answer_that_counts(
    requester: Any, batch: Any, sent_back: Any, again: Any, application: Application
) -> None:
    assert application.complete_batches() == 0
    second = again.submit([["answer", "second try"]]).json["submission_id"]
    assert requester.post(f"/submissions/{second}/accept").status_code == 200
    counts = requester.get(f"/batches/{batch['batch_id']}").json["counts"]
    assert (counts["submitted"], counts["accepted"]) == (0, 1)
    rows = requester.get(f"/batches/{batch['batch_id']}/results?format=consensus").text
    assert "second try" in rows
    assert "first try" not in rows


def test_what_was_sent_back_is_never_accepted_by_time_or_by_hand(
    requester: Any, sent_back: Any, application: Application, clock: FrozenClock, outbox: Any
) -> None:
    clock.advance(seconds=13 * 86_400)
    assert application.review.accept_what_is_due() == 0
    for step, body in (("accept", {}), ("reject", {"reason": "No."})):
        refusal = requester.post(f"/submissions/{sent_back['submission_id']}/{step}", body)
        assert (refusal.status_code, refusal.json["code"]) == (409, "already_decided")
    assert not [name for name, _ in outbox() if name == "task.submission.accepted.v1"]


def test_a_decided_answer_is_not_sent_back(requester: Any, batch: Any, hand_out: Any) -> None:
    submission_id = hand_out(requester, batch).submit().json["submission_id"]
    requester.post(f"/submissions/{submission_id}/accept")
    refusal = send_back(requester, submission_id)
    assert (refusal.status_code, refusal.json["code"]) == (409, "already_decided")


def test_the_worker_is_told_what_to_do_again(
    requester: Any, batch: Any, hand_out: Any, state: Any
) -> None:
    submission_id = hand_out(requester, batch).submit().json["submission_id"]
    before = state()
    for note in ("  ", "x" * 1_025):
        assert send_back(requester, submission_id, note).status_code == 422
    assert state() == before


def test_an_answer_is_sent_back_twice_at_most(
    requester: Any, batch: Any, sent_back: Any, again: Any, make: Any, web: Any, signer: Any
) -> None:
    second = again.submit([["answer", "second try"]]).json["submission_id"]
    returned = send_back(requester, second).json
    ticket = make.ticket(
        returned["rework_assignment_id"],
        returned["task_id"],
        batch["batch_id"],
        now=again.ticket.claimed_at,
    )
    third = make.Holder(web, ticket, signer.sign(ticket)).submit().json["submission_id"]
    refusal = send_back(requester, third)
    assert (refusal.status_code, refusal.json["code"]) == (409, "returned_too_often")
