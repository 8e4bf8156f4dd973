"""A requester's qualifications: made, given and taken by pseudonym, and told to worker-service."""

from typing import Any

import pytest

KEYED = {
    "name": " Tree names ",
    "description": "You tell firs from spruces.",
    "questions": [{"name": "q1", "text": "Flat needles?", "choices": ["fir", "spruce"]}],
    "answer_key": {"q1": "fir"},
    "pass_percent": 100,
    "tries_max": 2,
    "valid_days": 30,
}
PAGE = "/requester/qualifications"
WRITTEN = "Flat needles?\n* fir\nspruce\n\nWhich are evergreen?\n*fir\n*spruce\nlarch\n"


@pytest.fixture
def made(requester: Any) -> Any:
    return requester.post("/qualifications", KEYED).json


@pytest.fixture
def said(outbox: Any) -> Any:
    def read() -> list[Any]:
        return [row for row in outbox() if row[0].startswith("task.qualification.")]

    return read


def test_a_test_is_kept_with_its_key_and_told(requester: Any, made: Any, said: Any) -> None:
    assert made["name"] == "Tree names"
    assert made["answer_key"] == {"q1": ["fir"]}
    assert requester.get("/qualifications").json["items"] == [made]
    [(name, body)] = said()
    assert (name, body["requester_name"]) == ("task.qualification.defined.v1", "Fir Research Group")
    assert (body["answer_key"], body["closed"]) == ({"q1": ["fir"]}, False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"pass_percent": 0}, "pass_percent"),
        ({"tries_max": 21}, "tries_max"),
        ({"valid_days": 0}, "valid_days"),
        ({"answer_key": {"q1": "larch"}}, "questions"),
        ({"answer_key": {"q2": "fir"}}, "questions"),
        ({"answer_key": {"q1": 3}}, "answer_key.q1"),
        ({"questions": []}, "questions"),
        ({"questions": [{"name": "q1", "text": "?", "choices": ["fir"]}]}, "questions"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_name(
    requester: Any, said: Any, change: Any, field: str
) -> None:
    refusal = requester.post("/qualifications", {**KEYED, **change})
    assert (refusal.status_code, list(refusal.json["errors"])) == (422, [field])
    assert said() == []


def test_it_is_given_and_taken_once_by_a_pseudonym_that_answered(
    requester: Any, made: Any, said: Any, open_batch: Any, hand_out: Any
) -> None:
    held = hand_out(requester, open_batch(requester))
    address = f"/qualifications/{made['qualification_id']}"
    worker = {"pseudonym": held.ticket.pseudonym}
    assert requester.post(f"{address}/grants", worker).status_code == 404
    held.submit()
    for _ in range(2):
        assert requester.post(f"{address}/grants", worker).status_code == 201
    assert requester.post(f"{address}/revocations", {**worker, "reason": " "}).status_code == 422
    for _ in range(2):
        taken = requester.post(f"{address}/revocations", {**worker, "reason": "Too many slips."})
        assert taken.json["reason"] == "Too many slips."
    given, revoked = said()[1:]
    assert given[0] == "task.qualification.granted.v1"
    assert (given[1]["assignment_id"], given[1]["pseudonym"]) == (
        held.assignment_id,
        held.ticket.pseudonym,
    )
    assert (revoked[0], revoked[1]["reason"]) == (
        "task.qualification.revoked.v1",
        "Too many slips.",
    )


def test_a_closed_one_stays_closed_and_somebody_elses_is_not_found(
    requester: Any, stranger: Any, made: Any, said: Any
) -> None:
    address = f"/qualifications/{made['qualification_id']}"
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/close").status_code == 404
    for _ in range(2):
        assert requester.post(f"{address}/close").json["closed"] is True
    assert [body["closed"] for _, body in said()] == [False, True]


def test_the_pages_make_give_take_and_close(
    browser: Any, requester: Any, open_batch: Any, hand_out: Any, said: Any, words: Any
) -> None:
    assert "None yet" in browser.read(PAGE)
    sent = browser.sent(PAGE, 422, name="Trees", description="Trees.", questions="No choices")
    assert "with a * before each right one" in sent
    assert "No choices" in sent
    fields = {"name": "Trees", "description": "Trees.", "pass_percent": "50", "wait_hours": "2"}
    page = browser.follow(PAGE, questions=WRITTEN, **fields)
    assert "larch" in words(page)
    [one] = requester.get("/qualifications").json["items"]
    assert one["answer_key"] == {"q1": ["fir"], "q2": ["fir", "spruce"]}
    assert one["wait_seconds"] == 7_200
    held = hand_out(requester, open_batch(requester))
    held.submit()
    address = f"{PAGE}/{one['qualification_id']}"
    assert "holds it" in browser.follow(f"{address}/grants", pseudonym=held.ticket.pseudonym)
    assert "Choose a worker" in browser.follow(f"{address}/grants", pseudonym="nobody")
    fields = {"pseudonym": held.ticket.pseudonym}
    assert "Say why" in browser.follow(f"{address}/revocations", reason="", **fields)
    assert "Slips." in browser.follow(f"{address}/revocations", reason="Slips.", **fields)
    assert "Give it" not in words(browser.follow(f"{address}/close"))
    assert [name.split(".")[2] for name, _ in said()] == [
        "defined",
        "granted",
        "revoked",
        "defined",
    ]
