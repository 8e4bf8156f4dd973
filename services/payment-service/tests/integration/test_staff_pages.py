import re
from collections.abc import Callable

import pyotp
import pytest
from crowdloom.testkit.ports import FrozenClock
from flask.testing import FlaskClient
from payment_service.bootstrap import Application
from payment_service.domain.people import StaffMember

PASSWORD = "a long password"
Browsing = Callable[..., FlaskClient]


def added(application: Application, *grants: str, secret: str | None = None) -> StaffMember:
    """Somebody who is staff; enrolled where a secret is given."""
    password = PASSWORD if secret else None
    member, _ = application.add_staff(
        email="ada@example.org", grants=list(grants), password=password, secret=secret
    )
    return member


def signing_in(browser: FlaskClient, code: str, **more: str) -> tuple[int, str]:
    form = {"email": "ada@example.org", "password": PASSWORD, "code": code, **more}
    answer = browser.post("/finance/sign-in", data=form)
    return answer.status_code, answer.location or answer.text


@pytest.mark.parametrize(
    ("grants", "wanted", "reached"),
    [
        (["finance.view"], "", "/finance"),
        (["finance.view"], "/finance/ledger?side=asset", "/finance/ledger?side=asset"),
        (["finance.view"], "https://evil.example/finance", "/finance"),
        (["finance.view"], "/financed", "/finance"),
        (["operator"], "", "/operator"),
        (["operator"], "/finance", "/operator"),
    ],
)
def test_signing_in_leads_where_the_person_may_go(
    application: Application,
    browsing: Browsing,
    clock: FrozenClock,
    grants: list[str],
    wanted: str,
    reached: str,
) -> None:
    secret = pyotp.random_base32()
    added(application, *grants, secret=secret)
    code = pyotp.TOTP(secret).at(clock.now())
    assert signing_in(browsing(), code, next=wanted) == (303, reached)


def test_a_wrong_code_is_told_without_saying_what_was_wrong(
    application: Application, browsing: Browsing
) -> None:
    added(application, "finance.view", secret=pyotp.random_base32())
    browser = browsing()
    status, page = signing_in(browser, "000000")
    assert status == 401
    assert "E-mail, password or code is wrong." in page
    assert PASSWORD not in page
    assert browser.get("/finance").status_code == 302


def test_too_many_wrong_sign_ins_have_to_wait(application: Application, browsing: Browsing) -> None:
    added(application, "finance.view", secret=pyotp.random_base32())
    browser = browsing()
    statuses = [signing_in(browser, "000000")[0] for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_a_signed_in_person_may_sign_out(
    application: Application, browsing: Browsing, clock: FrozenClock
) -> None:
    secret = pyotp.random_base32()
    added(application, "finance.view", secret=secret)
    browser = browsing()
    signing_in(browser, pyotp.TOTP(secret).at(clock.now()))
    assert browser.get("/finance").status_code == 200
    assert browser.get("/finance/sign-in").location == "/finance"
    browser.post("/finance/sign-out")
    assert browser.get("/finance").location == "/finance/sign-in?next=/finance"


def test_a_newcomer_enrols_once(
    application: Application, browsing: Browsing, clock: FrozenClock
) -> None:
    member = added(application, "finance.view")
    link = f"/finance/enrol/{application.enrolment_links.dumps(member.staff_id)}"
    browser = browsing()
    page = browser.get(link).text
    found = re.search(r'value="([A-Z2-7]{32})"', page)
    assert found
    assert "data:image/svg+xml" in page
    code = pyotp.TOTP(found[1]).at(clock.now())

    weak = browser.post(link, data={"password": "short", "code": code})
    assert (weak.status_code, "At least 12 characters" in weak.text) == (422, True)
    wrong = browser.post(link, data={"password": PASSWORD, "code": "000000"})
    assert (wrong.status_code, "The code does not fit" in wrong.text) == (422, True)
    right = browser.post(link, data={"password": PASSWORD, "code": code})
    assert (right.status_code, right.location) == (303, "/finance/sign-in")
    assert browser.get(link).status_code == 404

    clock.advance(seconds=60)
    assert signing_in(browser, pyotp.TOTP(found[1]).at(clock.now()))[0] == 303


def test_a_forged_enrolment_link_opens_nothing(browsing: Browsing) -> None:
    assert browsing().get("/finance/enrol/nonsense").status_code == 404


@pytest.mark.parametrize(
    "path", ["/finance", "/finance/payout-runs", "/finance/ledger.csv", "/finance/exceptions"]
)
def test_finance_is_for_staff_with_a_grant(browsing: Browsing, path: str) -> None:
    assert browsing().get(path).location == f"/finance/sign-in?next={path}"
    assert browsing("worker", "wrk_1").get(path).status_code == 302
    assert browsing("staff", "stf_1", "operator").get(path).status_code == 403


def test_a_form_from_another_site_is_refused(browsing: Browsing) -> None:
    browser = browsing("staff", "stf_1", "finance.maker")
    answer = browser.post(
        "/finance/payout-runs",
        data={"idempotency_key": "1"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
