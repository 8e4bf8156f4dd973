"""Whom a batch is for: chosen on a page, said in words, and told to matching when it opens."""

import json
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from task_service.domain.requirements import SKILL
from task_service.entrypoints.pages.audience_words import market

CATALOGUE = "worker-service/worker_service/adapters/catalogue/qualifications.json"
ANYBODY = {"rule": "all_of.has", "qualification": "", "score": "", "circle": "everybody"}
WORKER = "A7F3K9Q2MC41TM08D"


@pytest.fixture
def draft(requester: Any) -> Any:
    return requester.batch_with_tasks()


@pytest.fixture
def address(draft: Any) -> str:
    return f"/requester/batches/{draft['batch_id']}"


def asked(requester: Any, draft: Any) -> Any:
    return requester.get(f"/batches/{draft['batch_id']}").json["requirements"]


def test_the_market_s_qualifications_are_those_that_workers_can_get(web: Any) -> None:
    listed = json.loads((Path(__file__).parents[3] / CATALOGUE).read_text())
    with web.test_request_context("/requester/projects"):
        # Skill is nobody's to get: matching-service counts it.
        assert sorted(set(market()) - {SKILL}) == sorted(one["code"] for one in listed)


def test_an_audience_is_chosen_shown_in_words_and_told_when_the_batch_opens(
    browser: Any, requester: Any, draft: Any, address: str, words: Any
) -> None:
    first = browser.read(address)
    assert "Anybody: no condition, any language, any device." in words(first)
    assert 'hx-get="/match/reach?circle=everybody&amp;project_language=&amp;task_type=' in first
    own = requester.post("/qualifications", {"name": "<i>Trees", "description": "Firs."}).json
    page = browser.read(f"{address}/audience")
    assert "&lt;i&gt;Trees" in page
    form = {
        "rule": ["all_of.at_least", "none_of.has", "any_of.has"],
        "qualification": ["reliable", own["qualification_id"], ""],
        "score": ["۸۰", "", "7"],
        "language": ["fa", "fi"],
        "device": "phone",
        "circle": "everybody",
        "answers_per_worker_max": "5",
        "answers_per_worker_a_day_max": "",
    }
    page = browser.follow(f"{address}/audience", **form)
    reach = parse_qs(unescape(page.partition("/match/reach?")[2].partition('"')[0]))
    assert reach["qualification"] == ["reliable", own["qualification_id"]]
    page = words(page)
    for sentence in (
        "Speaks: Persian, Finnish.",
        "Works on: Phone.",
        "Must have: Reliable: most of what they did was accepted, score at least 80.",
        "Must not have: &lt;i&gt;Trees.",
        "At most 5 answers from one worker.",
    ):
        assert sentence in page
    found = asked(requester, draft)
    condition = {"qualification": "reliable", "comparator": "at_least", "score": 80}
    assert (found["all_of"], found["any_of"]) == ([condition], [])
    assert (found["languages"], found["answers_per_worker_max"]) == (["fa", "fi"], 5)
    again = browser.read(f"{address}/audience")
    assert '<option value="all_of.at_least" selected>' in again
    browser.follow(f"{address}/audience", **ANYBODY)
    assert asked(requester, draft) is None


def test_what_cannot_be_is_said_in_its_place_and_more_lines_lose_nothing(
    browser: Any, requester: Any, draft: Any, address: str
) -> None:
    odd = {**ANYBODY, "rule": "all_of.at_least", "qualification": "reliable", "score": "many"}
    page = browser.sent(f"{address}/audience", 422, **odd, answers_per_worker_max="0")
    assert "Write the score as a whole number from 0 to 100." in page
    assert "Write a whole number from 1 on, or nothing." in page
    assert "Nobody is on your list yet" in browser.sent(
        f"{address}/audience", 422, **{**ANYBODY, "circle": "listed"}
    )
    page = browser.sent(f"{address}/audience", 200, **{**odd, "score": "7"}, more="1")
    assert page.count('name="qualification"') == 3
    assert 'value="7"' in page
    assert asked(requester, draft) is None


def test_the_api_says_the_same_of_a_draft_and_of_nothing_else(
    requester: Any, draft: Any, browser: Any, address: str
) -> None:
    path = f"/api/tasks/v1/batches/{draft['batch_id']}/requirements"
    body = {"only": [WORKER], "devices": ["tablet"]}
    put = requester.api.put(path, json=body, headers=requester.headers)
    assert (put.status_code, put.json["requirements"]["only"]) == (200, [WORKER])
    assert "names fewer workers than answers for each row" in browser.read(address)
    unscored = {"qualification": "reliable", "score": 2**80}
    for odd in (
        {"only": [WORKER], "excluded": [WORKER]},
        {"answers_per_worker_max": 2**80},
        {"all_of": [unscored]},
    ):
        assert requester.api.put(path, json=odd, headers=requester.headers).status_code == 422
    requester.post(f"/batches/{draft['batch_id']}/publish")
    late = requester.api.put(path, json={}, headers=requester.headers)
    assert (late.status_code, late.json["code"]) == (409, "wrong_batch_status")
    assert "workers were told whom it is for" in browser.follow(f"{address}/audience", **ANYBODY)


def test_workers_excluded_for_good_are_excluded_from_what_opens(
    requester: Any, open_batch: Any, hand_out: Any, outbox: Any
) -> None:
    held = hand_out(requester, open_batch(requester))
    held.submit()
    note = {"pseudonym": held.ticket.pseudonym, "standing": "excluded", "note": "Slips."}
    assert requester.post("/workers/standings", note).status_code == 200
    batch = open_batch(requester, requirements={"devices": ["phone"]})
    opened = [body for name, body in outbox() if name == "task.batch.opened.v1"][-1]
    assert opened["requirements"]["excluded"] == [held.ticket.pseudonym]
    assert opened["requirements"]["devices"] == ["phone"]
    assert asked(requester, batch)["excluded"] == [held.ticket.pseudonym]
