"""Workers as their requester knows them: by pseudonym, on a page, in a file and by the API."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from task_service.domain.workers import figures_of

PAGE = "/requester/workers"


@pytest.fixture
def worker(requester: Any, open_batch: Any, hand_out: Any) -> str:
    """The pseudonym of somebody who answered twice: once accepted, once rejected."""
    batch = open_batch(requester)
    for number in (1, 2):
        held = hand_out(requester, batch, task=number - 1, assignment=number)
        submission = held.submit().json["submission_id"]
        if number == 1:
            requester.post(f"/submissions/{submission}/accept")
        else:
            requester.post(f"/submissions/{submission}/reject", {"reason": "Blank."})
    name: str = held.ticket.pseudonym
    return name


def test_a_worker_is_known_by_figures_and_excluded_and_allowed_again(
    browser: Any, requester: Any, stranger: Any, worker: str, words: Any, outbox: Any
) -> None:
    page = browser.read(PAGE)
    assert "50% 1 of 2" in words(page)
    assert "nobody to compare" in words(page)
    assert browser.read("/requester/workers?order=agreement")
    note = {"pseudonym": worker, "standing": "excluded", "note": "=Slips <b>"}
    page = words(browser.follow(f"{PAGE}/standing", **note))
    assert "Nothing new is given to them from now on" in page
    assert "=Slips &lt;b&gt;" in page
    [row] = csv.DictReader(io.StringIO(browser.read(f"{PAGE}.csv")))
    assert (row["worker"], row["standing"], row["note"]) == (worker, "excluded", "'=Slips <b>")
    [told] = requester.get("/workers").json["items"]
    assert (told["accepted"], told["rejected"], told["standing"]) == (1, 1, "excluded")
    assert [one["standing"] for one in requester.get("/workers/standings").json["items"]] == [
        "excluded"
    ]
    assert "Put on my list" in words(
        browser.follow(f"{PAGE}/standing", pseudonym=worker, standing="")
    )
    assert requester.get("/workers/standings").json["items"] == []
    told = [body for name, body in outbox() if name == "task.batch.audience_changed.v1"]
    assert [(one["pseudonym"], one["excluded"]) for one in told] == [
        (worker, True),
        (worker, False),
    ], "the batch that is open hears of it, once each"
    unknown = stranger.post("/workers/standings", note)
    assert (unknown.status_code, unknown.json["code"]) == (404, "not_found")
    assert stranger.get("/workers").json["items"] == []


def test_a_worker_is_written_to_alone_a_few_times_a_day(
    browser: Any, requester: Any, stranger: Any, worker: str, words: Any, outbox: Any, clock: Any
) -> None:
    letter = {"pseudonym": worker, "text": "<i>Thank you.</i>"}
    assert stranger.post("/workers/messages", letter).status_code == 404
    sent = requester.post("/workers/messages", letter)
    assert (sent.status_code, sent.json["text"]) == (201, letter["text"])
    assert "You wrote just now ." in words(browser.follow(f"{PAGE}/message", **letter))
    assert "Write 1 to 1,024 characters." in browser.follow(
        f"{PAGE}/message", pseudonym=worker, text=" "
    )
    told = [body for name, body in outbox() if name == "task.talk.answered.v1"]
    assert [(one["question"], one["answer"]) for one in told] == [("", letter["text"])] * 2
    assert requester.post("/workers/messages", letter).status_code == 201
    often = requester.post("/workers/messages", letter)
    assert (often.status_code, often.json["code"]) == (429, "too_many_messages")
    assert "that is enough" in browser.follow(f"{PAGE}/message", **letter)
    clock.advance(seconds=86_401)
    assert requester.post("/workers/messages", letter).status_code == 201


def test_a_batch_is_kept_for_one_s_own_list(
    browser: Any, requester: Any, worker: str, words: Any
) -> None:
    browser.follow(f"{PAGE}/standing", pseudonym=worker, standing="listed")
    draft = requester.batch_with_tasks()
    address = f"/requester/batches/{draft['batch_id']}"
    page = words(browser.follow(f"{address}/audience", circle="listed"))
    assert "Only 1 worker whom you named." in page
    found = requester.get(f"/batches/{draft['batch_id']}").json["requirements"]
    assert found["only"] == [worker]


def test_agreement_is_with_the_others_and_never_with_oneself(
    application: Any, requester: Any, worker: str
) -> None:
    one = application.reader.submissions.newest_of(requester.requester_id, worker)
    said = {"a": "yes", "b": "yes", "c": "no"}
    answers = [
        replace(one, status="submitted", pseudonym=name, answer=(("answer", value),))
        for name, value in said.items()
    ]
    found = {each.pseudonym: (each.agreement, each.compared) for each in figures_of(answers)}
    # Of the two others of "a" one says yes and one says no: neither outvotes it.
    assert found == {"a": (1.0, 1), "b": (1.0, 1), "c": (0.0, 1)}
    assert figures_of(answers[:1])[0].agreement is None
