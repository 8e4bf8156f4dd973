import csv
import io
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from task_service.bootstrap import Application

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def answered(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    """A running batch with three answers to two tasks."""
    batch = open_batch(requester)
    hand_out(requester, batch, task=0, assignment=1).submit([["answer", "yes"]])
    hand_out(requester, batch, task=0, assignment=2).submit([["answer", HOSTILE]])
    hand_out(requester, batch, task=1, assignment=3).submit([["answer", "=1+1"], ["tag", "a"]])
    return batch


@pytest.fixture
def address(answered: Any) -> str:
    return f"/requester/batches/{answered['batch_id']}"


@pytest.fixture
def submissions(requester: Any, answered: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = requester.get(
        f"/batches/{answered['batch_id']}/submissions"
    ).json["items"]
    return items


@pytest.fixture
def settle(application: Application, clock: FrozenClock) -> Any:
    """Let the ten seconds pass in which a decision can be undone."""

    def over() -> None:
        clock.advance(seconds=10)
        application.hold_decisions()

    return over


def statuses(requester: Any, answered: Any) -> list[str]:
    items = requester.get(f"/batches/{answered['batch_id']}/submissions").json["items"]
    return [item["status"] for item in items]


def test_answers_stand_beside_their_inputs_with_the_time_of_acceptance(
    browser: Any, address: str, submissions: list[dict[str, Any]]
) -> None:
    page = browser.read(f"{address}/review")
    assert "3 answers wait for you" in page
    assert "It rained." in page
    assert "&lt;script&gt;alert(1)" in page
    assert HOSTILE not in page
    assert page.count("accepted by itself <time") == 3
    for submission in submissions:
        assert f'id="{submission["submission_id"]}"' in page


def test_a_long_answer_is_shown_shortened_and_whole(
    browser: Any, requester: Any, open_batch: Any, hand_out: Any
) -> None:
    batch = open_batch(requester)
    long = "word " * 1_000 + "the end"
    hand_out(requester, batch).submit([["answer", long]])
    page = browser.read(f"/requester/batches/{batch['batch_id']}/review")
    assert page.count("the end") == 1
    assert "<summary>Show all</summary>" in page


def test_an_accepted_answer_leaves_the_list_and_the_next_one_follows(
    browser: Any,
    address: str,
    requester: Any,
    answered: Any,
    submissions: list[dict[str, Any]],
    settle: Any,
) -> None:
    first, second = (one["submission_id"] for one in submissions[:2])
    answer = browser.send(f"{address}/review/{first}", decision="accept", following=second)
    assert answer.location == f"{address}/review#{second}"
    assert f'id="{first}"' not in browser.read(f"{address}/review")
    settle()
    assert statuses(requester, answered) == ["accepted", "submitted", "submitted"]


def test_a_rejection_needs_a_reason_and_says_so_at_the_answer(
    browser: Any, address: str, requester: Any, answered: Any, submissions: list[dict[str, Any]]
) -> None:
    first = submissions[0]["submission_id"]
    page = browser.sent(f"{address}/review/{first}", 422, decision="reject", reason="  ")
    assert "Give a reason of 1 to 1,024 characters" in page
    assert f'id="reason-{first}-error"' in page
    assert '<details class="reject" open>' in page
    assert statuses(requester, answered) == ["submitted"] * 3


@pytest.mark.parametrize("reopen", [True, False])
def test_a_rejection_opens_the_slot_again_where_that_is_ticked(
    browser: Any,
    application: Application,
    address: str,
    submissions: list[dict[str, Any]],
    reopen: bool,
    settle: Any,
) -> None:
    first = submissions[0]["submission_id"]
    ticked = {"reopen": "1"} if reopen else {}
    browser.follow(f"{address}/review/{first}", decision="reject", reason="No.", **ticked)
    settle()
    row = application.database["submissions"].find_one({"_id": first})
    assert (row["status"], row["reason"], row["slot_reopened"]) == ("rejected", "No.", reopen)


def test_only_what_is_ticked_is_accepted(
    browser: Any,
    address: str,
    requester: Any,
    answered: Any,
    submissions: list[dict[str, Any]],
    settle: Any,
) -> None:
    shown = [one["submission_id"] for one in submissions]
    page = browser.follow(f"{address}/review", ticked=shown[1:], shown=shown)
    assert "2 answers accepted." in page
    settle()
    assert statuses(requester, answered) == ["submitted", "accepted", "accepted"]


def test_all_that_is_shown_is_accepted_but_for_what_was_decided_meanwhile(
    browser: Any,
    address: str,
    requester: Any,
    answered: Any,
    submissions: list[dict[str, Any]],
    settle: Any,
) -> None:
    shown = [one["submission_id"] for one in submissions]
    browser.send(f"{address}/review/{shown[0]}", decision="reject", reason="No.")
    page = browser.follow(f"{address}/review", shown=shown, all="1")
    assert "2 answers accepted." in page
    assert "Nothing waits for review" in page
    settle()
    assert statuses(requester, answered) == ["rejected", "accepted", "accepted"]


def test_nothing_ticked_is_said(browser: Any, address: str) -> None:
    assert "Tick the answers to accept first." in browser.follow(f"{address}/review")


def test_an_answer_that_time_accepted_meanwhile_stays_so_and_is_said(
    browser: Any,
    address: str,
    clock: FrozenClock,
    application: Application,
    submissions: list[dict[str, Any]],
) -> None:
    first = submissions[0]["submission_id"]
    clock.advance(seconds=4 * 86_400)
    application.review.accept_what_is_due()
    page = browser.follow(f"{address}/review/{first}", decision="reject", reason="Late.")
    assert "decided in the meantime" in page
    row = application.database["submissions"].find_one({"_id": first})
    assert row["status"] == "accepted"


def test_another_batchs_answer_cannot_be_decided_here(
    browser: Any, requester: Any, open_batch: Any, submissions: list[dict[str, Any]], answered: Any
) -> None:
    other = f"/requester/batches/{open_batch(requester)['batch_id']}"
    first = submissions[0]["submission_id"]
    assert browser.send(f"{other}/review/{first}", decision="accept").status_code == 404
    assert browser.send(f"{other}/review", ticked=[first]).status_code == 404
    assert statuses(requester, answered) == ["submitted"] * 3


def test_results_name_the_majority_its_votes_and_ties(
    browser: Any, address: str, words: Any
) -> None:
    page = browser.read(f"{address}/results")
    assert HOSTILE not in page
    text = words(page)
    assert "answer yes tie 1 of 2" in text
    assert "answer =1+1 1 of 1" in text


def test_a_rejected_answer_has_no_vote_and_stands_among_all_answers(
    browser: Any, address: str, submissions: list[dict[str, Any]], words: Any, settle: Any
) -> None:
    second = submissions[1]["submission_id"]
    browser.send(f"{address}/review/{second}", decision="reject", reason="Not <b>this</b>.")
    settle()
    assert "tie" not in words(browser.read(f"{address}/results")).split("answer yes")[1][:20]
    page = browser.read(f"{address}/answers")
    assert "Not &lt;b&gt;this&lt;/b&gt;." in page


def test_the_files_are_downloads_safe_in_a_spreadsheet(browser: Any, address: str) -> None:
    for kind, column in (("tidy", "answer.answer"), ("consensus", "consensus.answer")):
        answer = browser.client.get(f"{address}/results/{kind}")
        assert "attachment" in answer.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert "'=1+1" in [row[column] for row in rows]
    assert browser.client.get(f"{address}/results/jsonl").text.count("\n") == 3
    browser.read(f"{address}/results/secret", 404)


def test_a_batch_without_answers_says_so(browser: Any, requester: Any, open_batch: Any) -> None:
    address = f"/requester/batches/{open_batch(requester)['batch_id']}"
    assert "Nothing waits for review" in browser.read(f"{address}/review")
    assert "no answer yet" in browser.read(f"{address}/results")
    assert "No answers yet" in browser.read(f"{address}/answers")


def test_a_bonus_is_given_beside_the_review_and_its_outcome_shown(
    browser: Any, address: str, submissions: Any, application: Application, words: Any
) -> None:
    one = submissions[0]["submission_id"]
    there = f"{address}/review/{one}/bonus?view=one"
    refused = browser.sent(there, 422, amount="1,50", reason="Well <done>")
    assert "No bonus given" in words(refused)
    assert 'value="1,50"' in refused
    assert "Well &lt;done&gt;</textarea>" in refused, "what was typed is kept"
    assert "1 to 1,024 characters" in words(browser.sent(there, 422, amount="0.05", reason=" "))
    assert "absurdly much" in words(browser.sent(there, 422, amount="0", reason="x"))
    assert browser.send(there, amount="0.25", reason="Very careful.").location.endswith(f"#{one}")
    page = words(browser.read(f"{address}/review"))
    assert "Bonus is being paid $0.25" in page
    (bonus,) = application.database["bonuses"].find()
    assert (bonus["reason"], bonus["submission_id"]) == ("Very careful.", one)
