"""Decisions on the review page can be undone for ten seconds; rules show what they hit first."""

import re
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from task_service.bootstrap import Application


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester, redundancy=3)


@pytest.fixture
def ids(requester: Any, batch: Any, hand_out: Any) -> list[str]:
    """Two workers say yes to the first task, one says no."""
    said = ["yes", "yes", "no"]
    return [
        hand_out(requester, batch, task=0, assignment=number)
        .submit([["answer", word]])
        .json["submission_id"]
        for number, word in enumerate(said)
    ]


@pytest.fixture
def review(batch: Any) -> str:
    return f"/requester/batches/{batch['batch_id']}/review"


def status(requester: Any, submission_id: str) -> str:
    return str(requester.get(f"/submissions/{submission_id}").json["status"])


def decided(outbox: Any) -> list[str]:
    names = ("accepted", "rejected", "returned")
    return [name for name, _ in outbox() if name.split(".")[2] in names]


def test_an_undone_decision_leaves_no_trace_but_in_the_log(
    browser: Any, review: str, ids: list[str], requester: Any, outbox: Any, state: Any
) -> None:
    before = state()
    del before["deeds"]
    page = browser.follow(f"{review}/{ids[0]}", decision="accept")
    assert "1 answer accepted." in page
    assert f'name="held" value="{ids[0]}"' in page
    page = browser.follow(f"{review}/undo", held=[ids[0]])
    assert "1 answer waits for you again." in page
    assert f'id="{ids[0]}"' in page
    after = state()
    assert [deed["action"] for deed in after.pop("deeds")[-2:]] == ["accepted", "decision_undone"]
    assert after == before
    assert decided(outbox) == []
    assert "quicker to undo it" in browser.follow(f"{review}/undo", held=[ids[0]])


def test_after_ten_seconds_the_decision_is_taken_and_cannot_be_undone(
    browser: Any,
    review: str,
    ids: list[str],
    requester: Any,
    application: Application,
    clock: FrozenClock,
    outbox: Any,
) -> None:
    browser.send(f"{review}/{ids[0]}", decision="accept")
    browser.send(f"{review}/{ids[1]}", decision="return", reason="Say why.")
    clock.advance(seconds=9)
    assert application.hold_decisions() == 0
    clock.advance(seconds=1)
    assert "Too late" in browser.follow(f"{review}/undo", held=[ids[0]])
    assert application.hold_decisions() == 2
    assert application.hold_decisions() == 0
    assert [status(requester, one) for one in ids] == ["accepted", "returned", "submitted"]
    assert sorted(decided(outbox)) == ["task.submission.accepted.v1", "task.submission.returned.v1"]
    assert "2 of them were decided in the meantime" in browser.follow(review, ticked=ids)


def test_a_held_decision_stands_before_the_announced_time(
    browser: Any, review: str, ids: list[str], application: Application, clock: FrozenClock
) -> None:
    clock.advance(seconds=3 * 86_400 - 5)
    browser.send(f"{review}/{ids[0]}", decision="reject", reason="No.")
    clock.advance(seconds=10)
    assert application.review.accept_what_is_due() == 2
    application.hold_decisions()
    row = application.database["submissions"].find_one({"_id": ids[0]})
    assert row["status"] == "rejected"
    assert "held" not in row


def test_what_a_script_decides_meanwhile_stands(
    browser: Any,
    review: str,
    ids: list[str],
    requester: Any,
    application: Application,
    clock: FrozenClock,
) -> None:
    browser.send(f"{review}/{ids[0]}", decision="reject", reason="No.")
    assert requester.post(f"/submissions/{ids[0]}/accept").status_code == 200
    clock.advance(seconds=10)
    assert application.hold_decisions() == 0
    assert status(requester, ids[0]) == "accepted"


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("test=agrees&field=answer", [0, 1]),
        ("test=differs&field=answer", [2]),
        ("test=equals&field=answer&value=NO", [2]),
        ("test=contains&field=answer&value=e", [0, 1]),
        ("test=empty&field=answer", []),
        ("test=empty&field=other", [0, 1, 2]),
        ("test=faster&value=1", [0, 1, 2]),
        ("test=worker&value=nobody", []),
    ],
)
def test_a_rule_shows_what_it_hits(
    browser: Any, review: str, ids: list[str], query: str, hits: list[int], words: Any
) -> None:
    page = browser.read(f"{review}/rule?{query}")
    noun = "answer" if len(hits) == 1 else "answers"
    assert f"{len(hits)} {noun} of 3 that wait" in words(page)
    last = re.search(r'name="up_to" value="(\w+)"', page)
    assert (last[1] if last else None) == (ids[hits[-1]] if hits else None)


@pytest.mark.parametrize(
    "query", ["test=nothing", "test=agrees", "test=equals&field=answer", "test=faster&value=soon"]
)
def test_an_incomplete_rule_says_what_is_missing(
    browser: Any, review: str, ids: list[str], query: str
) -> None:
    assert "Not complete" in browser.read(f"{review}/rule?{query}")


def test_a_rule_decides_what_was_shown_and_nothing_else(
    browser: Any,
    review: str,
    ids: list[str],
    requester: Any,
    application: Application,
    clock: FrozenClock,
) -> None:
    rule = {"test": "differs", "field": "answer", "value": "", "up_to": ids[2]}
    refusal = browser.sent(f"{review}/rule", 422, **rule, count="1", decision="reject")
    assert "Give a reason" in refusal
    changed = browser.sent(f"{review}/rule", 409, **rule, count="2", decision="accept")
    assert "Look at them again" in changed
    page = browser.follow(f"{review}/rule", **rule, count="1", decision="reject", reason="No.")
    assert "1 answer rejected." in page
    clock.advance(seconds=10)
    application.hold_decisions()
    assert [status(requester, one) for one in ids] == ["submitted", "submitted", "rejected"]


@pytest.mark.parametrize(("view", "count"), [("list", 3), ("one", 1), ("grid", 3)])
def test_answers_are_looked_at_in_three_views(
    browser: Any, review: str, ids: list[str], view: str, count: int
) -> None:
    page = browser.read(f"{review}?view={view}")
    assert page.count('<article class="answer"') == count
    assert page.count("accepted by itself <time") == count
