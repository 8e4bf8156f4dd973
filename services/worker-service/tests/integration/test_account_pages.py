import html
import io
import json
import re
import zipfile
from http.cookies import SimpleCookie
from typing import Any

import pytest
from crowdloom.contracts.task import TalkAnswered
from crowdloom.testkit.ports import BEGINNING
from flask import Flask
from flask.testing import FlaskClient
from worker_service.bootstrap import Application
from worker_service.domain.recovery import RecoveryCodeUnknown

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def browser(web: Flask) -> FlaskClient:
    client = web.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def started(browser: FlaskClient, **form: Any) -> str:
    """Start without e-mail; returns the recovery code as the page shows it."""
    answer = browser.post("/work/start", data=form)
    assert answer.status_code == 303
    assert answer.location.startswith("/work/recovery-code")
    page = browser.get(answer.location)
    found = re.search(r'value="([0-9A-Z]{4}(?:-[0-9A-Z]{4}){6})"', page.text)
    assert found, page.text
    return found.group(1)


def test_starting_takes_one_press_and_no_email(browser: FlaskClient) -> None:
    page = browser.get("/work/start")
    assert page.status_code == 200
    assert 'type="email"' not in page.text
    code = started(browser)
    assert browser.get("/work/queue").status_code == 200
    assert started(browser) == code, "pressed in a second tab it makes no second account"
    assert browser.post("/work/start/passkey").location == "/work/recovery-code"


def test_the_queue_begins_with_the_pay_that_was_wished_for(browser: FlaskClient) -> None:
    assert "any pay" in browser.get("/work/start").text
    browser.post("/work/start", data={"min": "8"})
    assert browser.get("/work/queue").location == "/work/queue?min=8"


def test_the_code_is_shown_until_it_is_kept_and_not_after(browser: FlaskClient) -> None:
    code = started(browser)
    assert code in browser.get("/work/recovery-code").text
    assert code in browser.get("/work/recovery-code/file").text
    kept = browser.post("/work/recovery-code")
    assert (kept.status_code, kept.location) == (303, "/work/queue")
    again = browser.get("/work/recovery-code")
    assert (again.status_code, again.location) == (302, "/work/queue")


def test_the_session_reaches_only_what_a_worker_needs(browser: FlaskClient) -> None:
    answer = browser.post("/work/start")
    paths = set()
    for header in answer.headers.getlist("Set-Cookie"):
        cookie = SimpleCookie(header)
        assert all(morsel["httponly"] for morsel in cookie.values())
        if "cl_worker" in cookie:
            paths.add(cookie["cl_worker"]["path"])
    assert "/" not in paths
    assert not any(path.startswith(("/api/tasks", "/frame", "/requester")) for path in paths)


def test_the_code_brings_back_into_the_account(browser: FlaskClient, web: Flask) -> None:
    code = started(browser, languages=["fa"])
    other = web.test_client()
    answer = other.post("/work/sign-in", data={"recovery_code": code.lower()}, headers=BROWSER)
    assert (answer.status_code, answer.location) == (303, "/work/queue")
    page = other.get("/work/settings", headers=BROWSER).text
    assert re.search(r'value="fa" checked', page)


@pytest.mark.parametrize(("typed", "status"), [("", 422), ("nonsense", 422), ("0" * 28, 422)])
def test_a_wrong_code_is_told_in_the_form(browser: FlaskClient, typed: str, status: int) -> None:
    answer = browser.post("/work/sign-in", data={"recovery_code": typed})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert not any("cl_worker" in header for header in answer.headers.getlist("Set-Cookie"))


def test_signing_in_leads_back_to_where_one_wanted_to_go(browser: FlaskClient) -> None:
    asked = browser.get("/work/my-work?status=rejected")
    assert asked.status_code == 302
    assert asked.location.startswith("/work/start?next=/work/my-work")
    page = browser.get(asked.location)
    assert 'name="next" value="/work/my-work?status=rejected"' in page.text


def test_the_page_of_the_code_leads_to_the_whole_of_the_address(browser: FlaskClient) -> None:
    wanted = "/work/my-work?status=rejected&q=cars+%26+trees"
    shown = browser.post("/work/start", data={"next": wanted, "languages": ["en"]})
    kept = html.unescape(browser.get(shown.location).text)
    assert f'name="next" value="{wanted}"' in kept


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/requester", "x"])
def test_next_leads_nowhere_else(browser: FlaskClient, target: str) -> None:
    started(browser)
    answer = browser.post("/work/recovery-code", data={"next": target})
    assert answer.location == "/work/queue"


def test_a_form_from_another_site_is_refused(browser: FlaskClient) -> None:
    started(browser)
    answer = browser.post("/work/settings/recovery-code", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_settings_save_languages_and_make_a_new_code(
    browser: FlaskClient, application: Application
) -> None:
    first = started(browser)
    saved = browser.post("/work/settings", data={"languages": ["fa", "fi"]})
    assert saved.status_code == 303
    answer = browser.post("/work/settings/recovery-code")
    second = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){6}", browser.get(answer.location).text)
    assert second
    assert second.group(0) != first
    worker = application.sign_in(second.group(0))
    assert worker.languages == ("fa", "fi")


def test_signing_out_forgets_the_session(browser: FlaskClient) -> None:
    started(browser)
    browser.post("/work/sign-out")
    assert browser.get("/work/queue").status_code == 302


def test_too_many_accounts_are_told_in_the_form(web: Flask) -> None:
    for _ in range(5):
        assert web.test_client().post("/work/start", headers=BROWSER).status_code == 303
    answer = web.test_client().post("/work/start", headers=BROWSER)
    assert answer.status_code == 429
    assert 'role="alert"' in answer.text


def test_pages_run_under_the_page_policy(browser: FlaskClient) -> None:
    for path in ("/work/start", "/work/sign-in"):
        policy = browser.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_an_export_holds_what_is_known_and_no_key(browser: FlaskClient) -> None:
    code = started(browser, languages=["fa"])
    answer = browser.get("/work/settings/export")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    assert sorted(texts) == [
        "account.json",
        "appeals.json",
        "qualifications.json",
        "queue.json",
        "talk.json",
        "work.csv",
    ]
    account = json.loads(texts["account.json"])
    assert account["languages"] == ["fa"]
    assert (len(account["sessions"]), account["passkeys"]) == (1, [])
    assert texts["work.csv"].startswith("assignment_id,")
    assert code not in "".join(texts.values())


EXPORTED = {
    "workers": "account.json",
    "sessions": "account.json",
    "appeals": "appeals.json",
    "held_qualifications": "qualifications.json",
    "qualification_tries": "qualifications.json",
    "records": "qualifications.json",
    "queue_choices": "queue.json",
    "talk_answers": "talk.json",
    "work_items": "work.csv",
    # Each decision of a requester with whose work it was about: the same decisions as in work.csv.
    "requesters": "work.csv",
}
KEPT_FOR_THE_BOOKS = {"work_items", "requesters", "appeals"}
TOLD_TO_OTHERS = "outbox"


def test_an_export_covers_every_collection_that_names_a_worker_and_closing_leaves_the_books(
    browser: FlaskClient, application: Application, deliver: Any, make: Any
) -> None:
    started(browser, languages=["fa"])
    [worker_id] = [row["_id"] for row in application.database["workers"].find()]
    deliver(make.defined(), make.opened(), make.released())
    for number in range(1, 8):
        deliver(make.claimed(number, worker_id=worker_id), make.submitted(number))
        deliver(make.accepted(number) if number > 1 else make.rejected(number))
    application.measure_requesters()
    application.keep_qualifications()
    application.appeal_rejection.open(worker_id, "asg_001", "It follows rule two.")
    application.qualify.take_test(worker_id, "qlf_1", [("q1", "fir")])
    browser.post("/work/alerts", data={"q": "whales"})
    deliver(
        TalkAnswered(
            message_id="msg_1",
            assignment_id="asg_001",  # type: ignore[arg-type]
            batch_id="bat_1",  # type: ignore[arg-type]
            question="Does a bot count?",
            answer="No.",
            answered_at=BEGINNING,
        )
    )

    def naming() -> set[str]:
        database = application.database
        names = set(database.list_collection_names()) - {TOLD_TO_OTHERS}
        return {name for name in names if worker_id in repr(list(database[name].find()))}

    assert naming() == set(EXPORTED)
    with zipfile.ZipFile(io.BytesIO(browser.get("/work/settings/export").data)) as archive:
        assert set(archive.namelist()) == set(EXPORTED.values())
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    found = {
        "account.json": worker_id,
        "appeals.json": "It follows rule two.",
        "qualifications.json": '"accepted": 6',
        "queue.json": "whales",
        "talk.json": "Does a bot count?",
        "work.csv": "asg_007",
    }
    assert [name for name, words in found.items() if words not in texts[name]] == []
    browser.post("/work/settings/close")
    assert naming() == KEPT_FOR_THE_BOOKS


def test_a_closed_account_is_told_once_and_its_code_opens_nothing(
    browser: FlaskClient, application: Application, outbox: Any
) -> None:
    code = started(browser)
    closed = browser.post("/work/settings/close")
    assert (closed.status_code, closed.location) == (303, "/")
    assert "Account closed" in browser.get("/").text
    assert browser.get("/work/queue").status_code == 302
    with pytest.raises(RecoveryCodeUnknown):
        application.sign_in(code)
    name, body = outbox()[-1]
    assert name == "worker.account.closed.v1"
    application.close_account(body["worker_id"])
    assert [name for name, _ in outbox()].count("worker.account.closed.v1") == 1
