"""Submissions are decided once: by the requester, or by the announced time."""

from collections.abc import Callable
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from task_service.application.review_submissions import Decision
from task_service.bootstrap import Application
from task_service.domain.errors import AlreadyDecided

Outbox = Callable[[], list[tuple[str, Any]]]
THREE_DAYS = 3 * 86_400


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester)


@pytest.fixture
def submissions(requester: Any, batch: Any, hand_out: Any) -> list[str]:
    """Three ids, in the order they came."""
    return [
        hand_out(requester, batch, task=number % 2, assignment=number)
        .submit()
        .json["submission_id"]
        for number in (1, 2, 3)
    ]


def decided(outbox: Outbox) -> list[tuple[str, str, str]]:
    return [
        (
            body["submission_id"],
            name.split(".")[2],
            body.get("decided_by", body.get("reason", "")),
        )
        for name, body in outbox()
        if name in ("task.submission.accepted.v1", "task.submission.rejected.v1")
    ]


def decide(requester: Any, submission_id: str, how: str, **body: Any) -> Any:
    return requester.post(f"/submissions/{submission_id}/{how}", body)


def test_accepting_says_so_once(requester: Any, submissions: list[str], outbox: Outbox) -> None:
    first = decide(requester, submissions[0], "accept")
    assert first.json["status"] == "accepted"
    assert first.json["decided_by"] == "requester"
    assert decide(requester, submissions[0], "accept").status_code == 200
    assert decided(outbox) == [(submissions[0], "accepted", "requester")]


def test_rejecting_needs_a_reason_and_passes_it_on(
    requester: Any, submissions: list[str], outbox: Outbox, state: Any
) -> None:
    before = state()
    for body in ({}, {"reason": " "}, {"reason": "x" * 1_025}):
        refusal = decide(requester, submissions[0], "reject", **body)
        assert (refusal.status_code, refusal.json["code"]) == (422, "invalid_input")
        assert "reason" in str(refusal.json["errors"])
    assert state() == before
    answer = decide(requester, submissions[0], "reject", reason=" About another sentence. ")
    assert answer.json["reason"] == "About another sentence."
    assert answer.json["slot_reopened"] is True
    assert decided(outbox) == [(submissions[0], "rejected", "About another sentence.")]


def test_a_decision_is_not_reversed(requester: Any, submissions: list[str], state: Any) -> None:
    decide(requester, submissions[0], "accept")
    decide(requester, submissions[1], "reject", reason="Empty.")
    before = state()
    refusal = decide(requester, submissions[0], "reject", reason="Changed my mind.")
    assert (refusal.status_code, refusal.json["code"]) == (409, "already_decided")
    assert decide(requester, submissions[1], "accept").json["code"] == "already_decided"
    assert state() == before


def test_many_are_decided_at_once(
    requester: Any, batch: Any, submissions: list[str], outbox: Outbox
) -> None:
    path = f"/batches/{batch['batch_id']}/reviews"
    first, second, third = submissions
    decisions = [
        {"submission_id": first, "decision": "accept"},
        {"submission_id": second, "decision": "reject", "reason": "Empty.", "reopen": False},
    ]
    assert requester.post(path, {"decisions": decisions}).json == {"decided": 2, "unchanged": 0}
    decisions.append({"submission_id": third, "decision": "accept"})
    assert requester.post(path, {"decisions": decisions}).json == {"decided": 1, "unchanged": 2}
    assert [one[:2] for one in decided(outbox)] == [
        (first, "accepted"),
        (second, "rejected"),
        (third, "accepted"),
    ]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({"submission_id": "sub_unknown", "decision": "accept"}, (404, "not_found")),
        ({"submission_id": "THIRD", "decision": "reject"}, (422, "invalid_input")),
        ({"submission_id": "THIRD", "decision": "maybe"}, (422, "invalid_input")),
        (
            {"submission_id": "FIRST", "decision": "reject", "reason": "Both ways."},
            (422, "invalid_input"),
        ),
    ],
)
def test_one_faulty_decision_among_many_and_none_is_taken(
    requester: Any,
    batch: Any,
    submissions: list[str],
    state: Any,
    last: Any,
    expected: tuple[int, str],
) -> None:
    before = state()
    ids = {"FIRST": submissions[0], "THIRD": submissions[2]}
    last = {**last, "submission_id": ids.get(last["submission_id"], last["submission_id"])}
    decisions = [{"submission_id": submissions[0], "decision": "accept"}, last]
    refusal = requester.post(f"/batches/{batch['batch_id']}/reviews", {"decisions": decisions})
    assert (refusal.status_code, refusal.json["code"]) == expected
    assert state() == before


def test_submissions_of_another_batch_are_not_decided_with_it(
    requester: Any, submissions: list[str], open_batch: Any, state: Any
) -> None:
    other = open_batch(requester)
    before = state()
    decisions = [{"submission_id": submissions[0], "decision": "accept"}]
    refusal = requester.post(f"/batches/{other['batch_id']}/reviews", {"decisions": decisions})
    assert (refusal.status_code, refusal.json["code"]) == (404, "not_found")
    assert state() == before


def test_the_announced_time_accepts_what_nobody_decided(
    requester: Any,
    submissions: list[str],
    application: Application,
    clock: FrozenClock,
    outbox: Outbox,
) -> None:
    decide(requester, submissions[1], "reject", reason="Empty.")
    clock.advance(seconds=THREE_DAYS - 1)
    assert application.review.accept_what_is_due() == 0
    clock.advance(seconds=1)
    assert application.review.accept_what_is_due() == 2
    assert application.review.accept_what_is_due() == 0
    assert decided(outbox)[1:] == [
        (submissions[0], "accepted", "auto"),
        (submissions[2], "accepted", "auto"),
    ]
    shown = requester.get(f"/submissions/{submissions[0]}").json
    assert (shown["status"], shown["decided_by"]) == ("accepted", "auto")


def test_of_the_announced_time_and_the_requester_only_the_first_decides(
    requester: Any,
    submissions: list[str],
    application: Application,
    clock: FrozenClock,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The requester rejects after the job has found the submission and before it writes."""
    clock.advance(seconds=THREE_DAYS)
    look = application.reader.submissions.due_for_acceptance

    def look_then_lose(*asked: Any) -> Any:
        found = look(*asked)
        decide(requester, submissions[0], "reject", reason="Just in time.")
        return found

    monkeypatch.setattr(application.reader.submissions, "due_for_acceptance", look_then_lose)
    assert application.review.accept_what_is_due() == 2
    assert [one[:2] for one in decided(outbox)] == [
        (submissions[0], "rejected"),
        (submissions[1], "accepted"),
        (submissions[2], "accepted"),
    ]


def test_a_rejection_that_comes_second_is_told_so(
    requester: Any,
    submissions: list[str],
    application: Application,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The submission is accepted between the look at it and the writing of the rejection."""
    look = application.reader.submissions.of_ids

    def look_then_lose(ids: Any) -> Any:
        found = look(ids)
        monkeypatch.undo()
        decide(requester, submissions[0], "accept")
        return found

    monkeypatch.setattr(application.reader.submissions, "of_ids", look_then_lose)
    late = Decision(submissions[0], accept=False, reason="Too late.")  # type: ignore[arg-type]
    with pytest.raises(AlreadyDecided):
        application.review.decide(requester.requester_id, late)
    assert [one[:2] for one in decided(outbox)] == [(submissions[0], "accepted")]


def test_submissions_are_listed_by_status_and_paged(
    requester: Any, batch: Any, submissions: list[str]
) -> None:
    path = f"/batches/{batch['batch_id']}/submissions"
    decide(requester, submissions[1], "accept")
    waiting = requester.get(f"{path}?status=submitted").json["items"]
    assert [one["submission_id"] for one in waiting] == [submissions[0], submissions[2]]
    first = requester.get(f"{path}?limit=2").json
    rest = requester.get(f"{path}?limit=2&cursor={first['next_cursor']}").json
    found = [one["submission_id"] for one in first["items"] + rest["items"]]
    assert found == submissions
    assert rest["next_cursor"] is None
    assert first["items"][0]["pseudonym"] == "A7F3K9Q2MC41TM08D"
