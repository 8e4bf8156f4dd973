"""Staff: invited and changed by two people, signed in with a code or a passkey."""

import re
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from crowdloom.testkit.authenticator import SoftAuthenticator
from flask.testing import FlaskClient
from payment_service.bootstrap import Application

Browsing = Callable[..., FlaskClient]
EMAIL, PASSWORD = "ada@example.org", "a long enough password"
SECRET = pyotp.random_base32()
ORIGIN = "https://market.example"
STAFF = "/finance/staff"


@pytest.fixture
def controller(browsing: Browsing) -> FlaskClient:
    return browsing("staff", "stf_controller", "finance.controller", "finance.checker")


@pytest.fixture
def checker(browsing: Browsing) -> FlaskClient:
    return browsing("staff", "stf_checker", "finance.view", "finance.checker")


@pytest.fixture
def ada(application: Application) -> str:
    grants = ["finance.view", "finance.checker", "finance.controller"]
    member, _ = application.add_staff(email=EMAIL, grants=grants, password=PASSWORD, secret=SECRET)
    return str(member.staff_id)


def signed_in(browsing: Browsing, clock: Any, **more: str) -> FlaskClient:
    """A fresh browser; each code is good once."""
    clock.advance(seconds=30)
    browser = browsing()
    form = {
        "email": EMAIL,
        "password": PASSWORD,
        "code": pyotp.TOTP(SECRET).at(clock.now()),
        **more,
    }
    answer = browser.post("/finance/sign-in", data=form)
    assert answer.status_code == 303, answer.text
    return browser


def approved(who: FlaskClient, proposal: str) -> str:
    digest = re.search(r'name="content_hash" value="(\w{64})"', who.get(proposal).text)
    assert digest, who.get(proposal).text
    who.post(f"{proposal}/approve", data={"content_hash": digest[1]})
    return str(who.get(proposal).text)


def test_an_invitation_takes_two_people_and_its_link_works_once(
    application: Application,
    browsing: Browsing,
    controller: FlaskClient,
    checker: FlaskClient,
    clock: Any,
) -> None:
    form = {"email": "new@example.org", "grants": ["finance.maker"], "reason": "hired"}
    assert (
        "Write an e-mail"
        in controller.post(STAFF, data={**form, "email": "new", "idempotency_key": "a"}).text
    )
    endless = {**form, "reason": "x" * 2_001, "idempotency_key": "r"}
    assert "at most 2,000 characters" in controller.post(STAFF, data=endless).text
    assert (
        "at least one role"
        in controller.post(STAFF, data={**form, "grants": [], "idempotency_key": "b"}).text
    )
    proposal = controller.post(STAFF, data={**form, "idempotency_key": "c"}).location
    assert application.readers.staff.by_email("new@example.org") is None
    assert "It has been done." in approved(checker, proposal)
    invited = application.readers.staff.by_email("new@example.org")
    assert invited is not None
    page = controller.post(f"{STAFF}/{invited.staff_id}/link").text
    path = re.search(r"/finance/enrol/[\w.-]+", page)
    assert path
    assert checker.post(f"{STAFF}/{invited.staff_id}/link").status_code == 403
    secret = application.enrol.show(invited.staff_id).secret
    chosen = {"password": PASSWORD, "code": pyotp.TOTP(secret).at(clock.now())}
    visitor = browsing()
    assert visitor.post(path[0], data=chosen).status_code == 303
    assert visitor.get(path[0]).status_code == 404
    assert controller.post(f"{STAFF}/{invited.staff_id}/link").status_code == 404
    again = controller.post(STAFF, data={**form, "idempotency_key": "d"})
    assert "staff already" in again.text


def test_nobody_decides_about_themselves_and_a_change_signs_out_everywhere(
    application: Application,
    browsing: Browsing,
    controller: FlaskClient,
    checker: FlaskClient,
    ada: str,
    clock: Any,
) -> None:
    herself = signed_in(browsing, clock)
    change = {"grants": ["finance.maker"], "reason": "moved"}
    herself.post(f"{STAFF}/{ada}/roles", data={**change, "idempotency_key": "a"})
    assert application.readers.approvals.listed(5) == []
    proposal = controller.post(
        f"{STAFF}/{ada}/roles", data={**change, "idempotency_key": "b"}
    ).location
    assert "for others" in approved(herself, proposal) or "own" in herself.get(proposal).text
    assert application.readers.approvals.listed(5)[0].status == "proposed"
    assert "nobody" in approved(checker, proposal).lower(), "the only controller stays one"
    application.add_staff(
        email="other@example.org",
        grants=["finance.controller"],
        password=PASSWORD,
        secret=pyotp.random_base32(),
    )
    approved(checker, proposal)
    member = application.readers.staff.by_email(EMAIL)
    assert member is not None
    assert member.grants == {"finance.maker"}
    assert herself.get("/finance").status_code == 302, "her sessions were ended"
    gone = controller.post(
        f"{STAFF}/{ada}/remove", data={"reason": "left", "idempotency_key": "c"}
    ).location
    approved(checker, gone)
    clock.advance(seconds=30)
    form = {"email": EMAIL, "password": PASSWORD, "code": pyotp.TOTP(SECRET).at(clock.now())}
    assert browsing().post("/finance/sign-in", data=form).status_code == 401
    assert EMAIL not in controller.get(STAFF).text
    acts = {act["what"] for act in application.readers.audit.listed(50)}
    assert {"approval.propose", "approval.approved", "staff.sign_in"} <= acts


def test_sessions_are_listed_and_one_that_was_ended_is_out_at_once(
    browsing: Browsing, clock: Any, ada: str, web: Any
) -> None:
    assert ada
    here, there = signed_in(browsing, clock), signed_in(browsing, clock)
    (other,) = re.findall(r"sessions/(ses_\w+)/end", here.get("/finance/account").text)
    here.post(f"/finance/account/sessions/{other}/end")
    assert there.get("/finance/account").status_code == 302
    third = signed_in(browsing, clock)
    third.post("/finance/account/sessions/end-others")
    assert here.get("/finance/account").status_code == 302
    clock.advance(seconds=30)
    body = {"email": EMAIL, "password": PASSWORD, "totp": pyotp.TOTP(SECRET).at(clock.now())}
    api = web.test_client()
    token = api.post("/api/payments/v1/sessions", json=body).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    listed = api.get("/api/payments/v1/sessions", headers=headers).json["items"]
    assert [session["this_one"] for session in listed] == [True, False]
    path = f"/api/payments/v1/sessions/{listed[0]['session_id']}"
    assert api.delete(path, headers=headers).status_code == 204
    assert api.get("/api/payments/v1/sessions", headers=headers).status_code == 401
    third.post("/finance/sign-out")
    assert third.get("/finance/account").status_code == 302


def test_a_passkey_does_instead_of_the_code_and_only_beside_its_owners_password(
    application: Application,
    browsing: Browsing,
    clock: Any,
    ada: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(application.passkeys, "_host", "market.example")
    monkeypatch.setattr(application.passkeys, "_origin", ORIGIN)
    browser, device = signed_in(browsing, clock), SoftAuthenticator(ORIGIN)
    made = device.add(browser.post("/finance/passkeys/add").json)
    browser.post("/finance/account/passkeys", data={"credential": made, "name": "ring"})
    assert "ring" in browser.get("/finance/account").text

    def come_in(password: str = PASSWORD, email: str = EMAIL) -> int:
        visitor = browsing()
        used = device.use(visitor.post("/finance/passkeys/use").json)
        form = {"email": email, "password": password, "credential": used}
        return int(visitor.post("/finance/sign-in", data=form).status_code)

    assert come_in() == 303
    deep = {"email": EMAIL, "password": PASSWORD, "credential": "[" * 50_000}
    assert browsing().post("/finance/sign-in", data=deep).status_code == 401
    assert come_in("another password") == 401
    application.add_staff(
        email="bob@example.org", grants=["finance.view"], password=PASSWORD, secret=SECRET
    )
    assert come_in(email="bob@example.org") == 401, "it is not his key"
    (key,) = application.passkeys.of(ada)
    browser.post(f"/finance/account/passkeys/{key.passkey_id}/remove")
    assert come_in() == 401
    assert signed_in(browsing, clock), "the code always works"
