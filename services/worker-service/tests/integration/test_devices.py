"""How a worker signs in, and where: sessions that can be ended, and passkeys."""

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from crowdloom.chassis.session_records import device_of
from crowdloom.testkit.authenticator import SoftAuthenticator
from flask import Flask
from flask.testing import FlaskClient
from worker_service.bootstrap import PASS_LIFETIME, Application
from worker_service.domain.effort import is_solved

PHONE = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
ORIGIN = "https://market.example"


@pytest.fixture
def browse(web: Flask) -> Any:
    def opened(user_agent: str = PHONE) -> FlaskClient:
        client = web.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        client.environ_base["HTTP_USER_AGENT"] = user_agent
        return client

    return opened


def code_of(browser: FlaskClient) -> str:
    browser.post("/work/start")
    found = re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){6}", browser.get("/work/recovery-code").text)
    assert found
    return found.group(0)


def passes_in(answer: Any) -> set[str]:
    """The paths for which the answer gives a cookie of the worker's."""
    cookies = (SimpleCookie(header) for header in answer.headers.getlist("Set-Cookie"))
    return {each["cl_worker"]["path"] for each in cookies if "cl_worker" in each}


def test_each_device_is_listed_and_one_that_was_ended_is_out_at_once(browse: Any) -> None:
    here = browse()
    code = code_of(here)
    there = browse("Mozilla/5.0 (Windows NT 10.0) AppleWebKit Chrome/129.0 Safari/537.36")
    there.post("/work/sign-in", data={"recovery_code": code})
    page = here.get("/work/account").text
    assert "Firefox · Android" in page
    (other,) = re.findall(r"/work/account/sessions/(ses_\w+)/end", page)
    assert here.post(f"/work/account/sessions/{other}/end").status_code == 303
    assert there.get("/work/queue").status_code == 302
    assert here.get("/work/queue").status_code == 200
    there.post("/work/sign-in", data={"recovery_code": code})
    there.post("/work/account/sessions/end-others")
    assert here.get("/work/queue").status_code == 302
    there.post("/work/sign-out")
    assert there.get("/work/queue").status_code == 302


def test_nobody_ends_anothers_session(browse: Any, web: Flask) -> None:
    here, stranger = browse(), browse()
    for browser in (here, stranger):
        browser.post("/work/start")
    stranger_page = stranger.get("/work/account").text
    assert "/end" not in stranger_page, "the only one is this one"
    api = web.test_client()
    made = api.post("/api/workers/v1/workers", json={"languages": []}).json
    headers = {"Authorization": f"Bearer {made['token']}"}
    (session,) = api.get("/api/workers/v1/sessions", headers=headers).json["items"]
    assert (session["device"], session["this_one"]) == ("API", True)
    here.post(f"/work/account/sessions/{session['session_id']}/end")
    path = f"/api/workers/v1/sessions/{session['session_id']}"
    assert api.delete(path, headers=headers).status_code == 204, "it was still open"
    assert api.get("/api/workers/v1/me", headers=headers).status_code == 401


def test_other_services_get_passes_that_are_short_and_renewed_while_one_is_here(
    browse: Any, application: Application, clock: Any
) -> None:
    browser = browse()
    answer = browser.post("/work/start")
    cookies = [SimpleCookie(header) for header in answer.headers.getlist("Set-Cookie")]
    lives = {c["cl_worker"]["path"]: c["cl_worker"]["max-age"] for c in cookies if "cl_worker" in c}
    seconds = str(int(PASS_LIFETIME.total_seconds()))
    assert lives["/work"] != seconds
    assert lives["/match"] == lives["/pay"] == lives["/api/matching"] == seconds
    assert passes_in(browser.get("/work/queue")) == set(), "not with each request"
    clock.advance(seconds=601)
    assert passes_in(browser.get("/work/queue")) == {
        "/match",
        "/pay",
        "/api/matching",
        "/api/payments",
    }
    # Whoever comes from another service, where the pass had expired, goes back with a fresh one.
    back = browser.get("/work/start?next=/pay/earnings")
    assert (back.status_code, back.location) == (302, "/pay/earnings")
    assert "/pay" in passes_in(back)
    assert browser.get("/work/start?next=/pay/earnings").status_code == 200, "and not for ever"


def test_a_passkey_is_an_account_in_one_step_and_the_last_way_in_stays(
    browse: Any, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.passkeys, "_host", "market.example")
    monkeypatch.setattr(application.passkeys, "_origin", ORIGIN)
    device, browser = SoftAuthenticator(ORIGIN), browse()
    made = device.add(browser.post("/work/passkeys/start").json)
    started = browser.post("/work/start/passkey", data={"credential": made, "languages": ["fa"]})
    assert (started.status_code, started.location) == (303, "/work/queue")
    again = browse().post("/work/start/passkey", data={"credential": made})
    assert again.status_code == 422, "each challenge once"
    assert "You come back with a passkey" in browser.get("/work/settings").text
    page = browser.get("/work/account").text
    assert "No code yet" in page
    (key_id,) = re.findall(r"/work/account/passkeys/([\w-]+)/remove", page)
    browser.post(f"/work/account/passkeys/{key_id}/remove")
    assert "only way in" in browser.get("/work/account").text
    other = browse()
    used = device.use(other.post("/work/passkeys/use").json)
    came = other.post("/work/sign-in/passkey", data={"credential": used})
    assert came.status_code == 303
    assert re.search(r'value="fa" checked', other.get("/work/settings").text)
    spare = SoftAuthenticator(ORIGIN).add(other.post("/work/passkeys/add").json)
    other.post("/work/account/passkeys", data={"credential": spare, "name": "my phone"})
    assert "my phone" in other.get("/work/account").text
    browser.post(f"/work/account/passkeys/{key_id}/remove")
    gone = device.use(other.post("/work/passkeys/use").json)
    assert browse().post("/work/sign-in/passkey", data={"credential": gone}).status_code == 401


def test_at_the_bare_address_of_ones_own_machine_passkeys_are_offered_at_its_name(
    browse: Any,
) -> None:
    browser, here = browse(), {"base_url": "http://127.0.0.1:8000"}
    browser.post("/work/start", **here)
    page = browser.get("/work/account", **here).text
    assert 'href="http://localhost:8000/work/account"' in page
    assert "data-passkey-button" not in page
    assert "data-passkey-button" not in browse().get("/work/sign-in", **here).text
    device, there = SoftAuthenticator("http://localhost:8000"), browse()
    assert "data-passkey-button" in there.get("/work/start", base_url=device.origin).text
    made = device.add(there.post("/work/passkeys/start").json)
    assert there.post("/work/start/passkey", data={"credential": made}).status_code == 303


def test_a_copied_key_and_another_sites_answer_are_refused(
    browse: Any, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.passkeys, "_host", "market.example")
    monkeypatch.setattr(application.passkeys, "_origin", ORIGIN)
    browser, device = browse(), SoftAuthenticator(ORIGIN)
    made = device.add(browser.post("/work/passkeys/start").json)
    browser.post("/work/start/passkey", data={"credential": made})
    device.count = 7
    options = browser.post("/work/passkeys/use").json
    assert browse().post("/work/sign-in/passkey", data={"credential": device.use(options)}).location
    device.count = 3
    options = browser.post("/work/passkeys/use").json
    copied = browse().post("/work/sign-in/passkey", data={"credential": device.use(options)})
    assert copied.status_code == 401
    device.origin, device.count = "https://evil.example", 20
    options = browser.post("/work/passkeys/use").json
    lured = browse().post("/work/sign-in/passkey", data={"credential": device.use(options)})
    assert lured.status_code == 401
    for nonsense in ("", "[]", "{}", '{"response": {"clientDataJSON": "e30"}}'):
        answer = browse().post("/work/sign-in/passkey", data={"credential": nonsense})
        assert answer.status_code == 401


def test_after_many_accounts_the_next_come_slowly_or_with_an_effort(
    browse: Any, web: Flask, application: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application.register_worker._limit, "_free_per_hour", 1)
    monkeypatch.setattr(application.register_worker._limit, "_per_hour_max", 100)
    assert browse().post("/work/start").status_code == 303
    assert browse().post("/work/start").status_code == 303, "one a minute"
    page = browse().post("/work/start")
    assert page.status_code == 428
    challenge = re.search(r'data-challenge="([\w.]+)" data-bits="16"', page.text)
    assert challenge
    answers = (str(number) for number in range(10_000_000))
    proof = f"{challenge[1]}:{next(a for a in answers if is_solved(challenge[1], a))}"
    wrong = browse().post("/work/start", data={"proof": f"{challenge[1]}:wrong"})
    assert wrong.status_code == 428
    assert browse().post("/work/start", data={"proof": proof}).status_code == 303
    again = browse().post("/work/start", data={"proof": proof})
    assert again.status_code == 428, "each challenge once"
    api = web.test_client()
    refused = api.post("/api/workers/v1/workers", json={"languages": []}).json
    assert (refused["code"], refused["bits"]) == ("effort_needed", 16)
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    for _ in range(2):
        assert browse().post("/work/start", environ_base=elsewhere).status_code == 303
    stolen = browse().post(
        "/work/start", data={"proof": f"{refused['challenge']}:1"}, environ_base=elsewhere
    )
    assert stolen.status_code == 428
    clock.advance(seconds=61)
    assert browse().post("/work/start").status_code == 303, "or a minute later"


def test_an_operator_sees_how_many_accounts_came_from_one_address_and_no_address(
    application: Application, api: FlaskClient, reviewer: FlaskClient
) -> None:
    for source in ("203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8"):
        application.register_worker(languages=[], source=source)
    assert api.get("/operator/accounts").status_code == 401
    page = reviewer.get("/operator/accounts").text
    assert "4 accounts" in page
    assert page.count('<td class="num">3</td>') == 1
    assert "203.0.113" not in page


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (PHONE, "Firefox · Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) AppleWebKit Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/129.0 Safari/537 Edg/129.0", "Edge · Windows"),
        ("python-requests/2.32", "API"),
    ],
)
def test_a_device_is_named_by_no_more_than_its_kind(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
