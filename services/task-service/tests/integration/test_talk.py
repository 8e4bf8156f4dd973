"""Project talk: asked with a ticket, answered by the requester, moderated by an operator."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from crowdloom.chassis.tokens import SESSION_AUDIENCE, TokenSigner, new_signing_key
from crowdloom.contracts.worker import LetterReported
from crowdloom.kernel import PoisonMessage
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from flask import Flask
from flask.testing import FlaskClient
from task_service.bootstrap import Application, build
from task_service.config import read_settings
from task_service.domain.talk import QUESTIONS_PER_WORKER_MAX
from task_service.entrypoints.wsgi import create_web


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester)


@pytest.fixture
def worker(requester: Any, batch: Any, hand_out: Any) -> Any:
    return hand_out(requester, batch)


@pytest.fixture
def at_work(web: Flask, worker: Any) -> Any:
    """The browser of the worker, with the cookie that the claim has set, and the page's address."""
    client = web.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    page = f"/frame/assignments/{worker.assignment_id}"
    client.set_cookie(f"cl_ticket_{worker.assignment_id}", worker.token, path=page)
    return client, f"{page}/talk"


def ask(worker: Any, text: str = "Does a bot count?", **more: Any) -> Any:
    return worker.call("POST", "talk", json={"text": text, **more})


def thread_of(worker: Any) -> Any:
    return worker.call("GET", "talk").json["items"]


def test_a_question_is_read_by_all_and_its_answer_told_to_whoever_asked(
    requester: Any, batch: Any, worker: Any, hand_out: Any, outbox: Any
) -> None:
    asked = ask(worker, " Does a bot\x00 \u202ecount? ", about_item=True).json
    assert (asked["text"], asked["number"], asked["is_yours"]) == ("Does a bot count?", 1, True)
    assert ask(worker, "می\u200cشود؟").json["text"] == "می\u200cشود؟"
    address = f"/batches/{batch['batch_id']}/talk"
    seen, _ = requester.get(address).json["items"]
    assert seen["worker"] == worker.ticket.pseudonym
    body = {"text": "No.", "answers": asked["message_id"], "pinned": True}
    answer = requester.post(address, body).json
    assert answer["pinned"] is True
    assert [one["text"] for one in thread_of(worker)][::2] == ["Does a bot count?", "No."]
    assert all("worker" not in one for one in thread_of(worker))
    name, told = outbox()[-1]
    assert name == "task.talk.answered.v1"
    assert (told["assignment_id"], told["answer"]) == (worker.assignment_id, "No.")
    assert "pseudonym" not in told
    requester.post(f"{address}/{answer['message_id']}/pin", {"pinned": False})
    assert not any(one["pinned"] for one in thread_of(worker))
    refused = requester.post(f"{address}/{asked['message_id']}/pin", {"pinned": True})
    assert refused.status_code == 404


def test_questions_are_bounded_in_length_and_number(worker: Any, clock: FrozenClock) -> None:
    assert ask(worker, "  ").status_code == 422
    assert ask(worker, "x" * 1_025).status_code == 422
    for _ in range(QUESTIONS_PER_WORKER_MAX):
        assert ask(worker).status_code == 201
    refused = ask(worker)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_messages")


def test_only_a_ticket_of_the_batch_opens_its_talk(
    requester: Any, stranger: Any, batch: Any, worker: Any, open_batch: Any, hand_out: Any
) -> None:
    asked = ask(worker).json
    elsewhere = hand_out(stranger, open_batch(stranger), assignment=7)
    assert thread_of(elsewhere) == []
    path = f"talk/{asked['message_id']}/report"
    assert elsewhere.call("POST", path, json={"reason": "Rude."}).status_code == 404
    foreign = worker.call("GET", "talk", assignment_id=elsewhere.assignment_id)
    assert foreign.status_code == 404
    assert stranger.get(f"/batches/{batch['batch_id']}/talk").status_code == 404


def test_a_worker_asks_and_reports_on_a_page_without_script(
    at_work: Any, requester: Any, batch: Any, application: Application
) -> None:
    client, page = at_work
    assert "No questions yet" in client.get(page).text
    assert client.post(page, data={"text": " "}).status_code == 422
    assert client.post(page, data={"text": "<b>Bots?</b>"}).location == page
    shown = client.get(page).text
    assert "&lt;b&gt;Bots?&lt;/b&gt;" in shown
    assert "default-src 'none'" in client.get(page).headers["Content-Security-Policy"]
    address = f"/batches/{batch['batch_id']}/talk"
    said = requester.post(address, {"text": "Bots do not count.", "pinned": True}).json
    assert "Bots do not count." in client.get(f"{page}/pinned").text
    sent = client.post(f"{page}/{said['message_id']}/report", data={"reason": "Unkind."})
    assert sent.location == page
    for _ in range(QUESTIONS_PER_WORKER_MAX - 1):
        client.post(page, data={"text": "And dogs?"})
    refused = client.post(page, data={"text": "And what of cats?"})
    assert refused.status_code == 429
    assert "And what of cats?" in refused.text, "what was written is kept"
    [reported], hidden = application.talk.to_moderate()
    assert (reported.reports[0].reason, list(hidden)) == ("Unkind.", [])


def test_without_its_ticket_the_page_says_so(web: Flask) -> None:
    client = web.test_client()
    answer = client.get("/frame/assignments/asg_001/talk", headers={"Accept": "text/html"})
    assert (answer.status_code, "not open in this browser" in answer.text) == (401, True)


def test_the_requesters_page_answers_pins_and_reports(
    browser: Any, batch: Any, worker: Any, words: Any
) -> None:
    asked = ask(worker).json
    page = f"/requester/batches/{batch['batch_id']}/talk"
    assert "Does a bot count?" in browser.read(page)
    sent = browser.sent(page, 422, text=" ", answers=asked["message_id"])
    assert "Write 1 to 1,024 characters." in sent
    answered = browser.follow(page, text="No.", answers=asked["message_id"], pinned="1")
    assert "in the instructions" in words(answered)
    answer = thread_of(worker)[-1]["message_id"]
    assert "in the instructions" not in words(
        browser.follow(f"{page}/{answer}/pin", pinned="")
    ).replace("Pin to the instructions", "")
    assert "Reported" in browser.follow(f"{page}/{asked['message_id']}/report", reason="Rude.")


@pytest.fixture
def operator(mongo_client: Any, application: Application, clock: FrozenClock) -> Any:
    """An operator's browser on the same data, which staff are vouched for by payment-service."""
    private, public = new_signing_key()
    common = {
        "CROWDLOOM_MONGODB_URI": "mongodb://unused",
        "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
        "CROWDLOOM_TASK_SERVICE_SIGNING_KEY": private,
        "CROWDLOOM_PUBLIC_KEYS": json.dumps(
            dict.fromkeys(("task-service", "matching-service", "payment-service"), public)
        ),
        "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    }
    made = build(
        read_settings(common),
        client=mongo_client,
        database=application.database.name,
        clock=clock,
        ids=application.ids,
    )
    signer = TokenSigner(
        issuer="payment-service", private_key=private, audience=SESSION_AUDIENCE, clock=clock
    )

    def browser(*grants: str) -> FlaskClient:
        claims = {"sub": "stf_1", "role": "staff", "grants": list(grants), "name": "Rae"}
        token = signer.sign(claims, expires_at=clock.now() + timedelta(days=1))
        client = create_web(made).test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        return client

    return browser


def test_an_operator_hides_with_a_reason_and_shows_again(worker: Any, operator: Any) -> None:
    asked = ask(worker, "You are all fools.").json
    worker.call("POST", f"talk/{asked['message_id']}/report", json={"reason": "Rude."})
    assert operator("finance").get("/operator/talk").status_code == 403
    page = operator("operator")
    shown = page.get("/operator/talk").text
    assert "Rude." in shown
    assert worker.ticket.pseudonym not in shown
    address = f"/operator/talk/{asked['message_id']}"

    def act(key: str, **fields: str) -> str:
        page.post(address, data={**fields, "idempotency_key": key})
        return str(page.get("/operator/talk").text)

    assert "Give a reason" in act("a", reason=" ")
    assert "Hidden lately" in act("b", reason="Insults nobody needs.")
    [hidden] = thread_of(worker)
    assert (hidden["text"], hidden["hidden_reason"]) == (None, "Insults nobody needs.")
    assert "Still hidden" in act("c", act="clear"), "as another operator's page still offers"
    assert thread_of(worker)[0]["text"] is None
    assert "Hidden lately" not in act("d", act="show")
    assert thread_of(worker)[0]["text"] == "You are all fools."
    worker.call("POST", f"talk/{asked['message_id']}/report", json={"reason": "Again."})
    assert "Again." not in act("e", act="clear")
    assert operator("finance").get("/operator/answers").status_code == 403
    assert "None." in page.get("/operator/answers").text


def test_a_letter_that_a_worker_reported_waits_for_an_operator(
    requester: Any, open_batch: Any, hand_out: Any, deliver: Any, operator: Any
) -> None:
    mine = hand_out(requester, open_batch(requester))
    mine.submit()
    letter = {"pseudonym": mine.ticket.pseudonym, "text": "<b>Write to me outside."}
    letter_id = requester.post("/workers/messages", letter).json["letter_id"]
    page = operator("operator")
    assert "No letter is reported" in page.get("/operator/talk").text
    told = LetterReported(letter_id, mine.assignment_id, "It asks for my address.", BEGINNING)
    deliver(told, replace(told, reason="Again."))
    shown = page.get("/operator/talk").text
    assert "&lt;b&gt;Write to me outside." in shown
    assert "It asks for my address." in shown
    assert mine.ticket.pseudonym not in shown
    address = f"/operator/talk/letters/{letter_id}"
    assert operator("finance").post(address).status_code == 403
    for number, fields in enumerate(({}, {"act": "stop"})):
        sent = {"idempotency_key": str(number), **fields}
        assert page.post(address, data=sent).status_code == 303
    assert "No letter is reported" in page.get("/operator/talk").text
    refused = requester.post("/workers/messages", letter)
    assert (refused.status_code, refused.json["code"]) == (409, "letters_stopped")
    again = f"/operator/talk/writers/{requester.requester_id}"
    assert again in page.get("/operator/talk").text
    assert page.post(again, data={"idempotency_key": "b"}).status_code == 303
    assert requester.post("/workers/messages", letter).status_code == 201
    assert page.post(f"{address}x", data={"idempotency_key": "c"}).status_code == 404
    with pytest.raises(PoisonMessage):
        deliver(replace(told, message_id="msg_x"))


def test_a_reviewer_reads_the_item_the_answer_and_what_others_said(
    requester: Any, open_batch: Any, hand_out: Any, signer: Any, operator: Any, words: Any
) -> None:
    batch = open_batch(requester, table=b"sentence,gold:answer\nIt rained.,no\n", redundancy=3)
    mine = hand_out(requester, batch)
    submission_id = mine.submit([["answer", "<b>yes"]]).json["submission_id"]
    for number, said in ((2, "no"), (3, "no")):
        other = hand_out(requester, batch, assignment=number)
        ticket = replace(other.ticket, pseudonym=f"B{number}")
        replace(other, ticket=ticket, token=signer.sign(ticket)).submit([["answer", said]])
    address = f"/operator/answers/{mine.assignment_id}"
    assert operator("finance").get(address).status_code == 403
    page = operator("operator")
    assert page.get(address).status_code == 404, "nobody rejected it"
    requester.post(f"/submissions/{submission_id}/reject", {"reason": "Wrong."})
    text = words(page.get(address).text)
    assert "It rained." in text
    assert "&lt;b&gt;yes no 2 of 2 no" in text, "the answer, the others, what is known"
    assert mine.ticket.pseudonym not in text
    part = page.get(address, headers={"HX-Request": "true"}).text
    assert ("<html" in part, "It rained." in part) == (False, True)
    assert page.get("/operator/answers/asg_009").status_code == 404
