"""Staff: added by command, enrolled once, signed in with a second factor; grants are checked."""

from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from crowdloom.kernel.errors import InvalidInput, NotFound
from payment_service import __main__ as command_line
from payment_service.application.staff import FAILURES_MAX
from payment_service.bootstrap import Application
from payment_service.domain.people import WeakPassword, WrongCredentials

EMAIL, PASSWORD = "maker@example.org", "a long enough password"
SECRET = pyotp.random_base32()


@pytest.fixture
def nobody(calling: Callable[..., Any]) -> Any:
    return calling("staff", "stf_nobody")


@pytest.fixture
def member(application: Application) -> Any:
    added, _ = application.add_staff(
        email=EMAIL, grants=["finance.view"], password=PASSWORD, secret=SECRET
    )
    return added


def code(clock: Any) -> str:
    return pyotp.TOTP(SECRET).at(clock.now())


def sign_in(caller: Any, totp: str, *, email: str = EMAIL, password: str = PASSWORD) -> Any:
    return caller.post("/sessions", {"email": email, "password": password, "totp": totp})


def test_signing_in_gives_a_session_with_the_members_grants(
    nobody: Any, member: Any, clock: Any, application: Application
) -> None:
    answer = sign_in(nobody, code(clock))
    assert answer.status_code == 200
    assert answer.json["grants"] == ["finance.view"]
    principal = application.sessions.read(answer.json["token"])
    assert (principal.role, principal.subject) == ("staff", member.staff_id)
    assert principal.grants == {"finance.view"}


def test_a_code_is_good_once(nobody: Any, member: Any, clock: Any) -> None:
    assert member
    assert sign_in(nobody, code(clock)).status_code == 200
    again = sign_in(nobody, code(clock))
    assert (again.status_code, again.json["code"]) == (401, "wrong_credentials")
    clock.advance(seconds=30)
    assert sign_in(nobody, code(clock)).status_code == 200


def test_a_code_is_taken_as_it_is_shown_and_as_other_keyboards_type_it(
    nobody: Any, member: Any, clock: Any
) -> None:
    assert member
    persian = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    for written in (lambda c: f" {c[:3]} {c[3:]}", lambda c: f"\u200f{c.translate(persian)}"):
        clock.advance(seconds=30)
        assert sign_in(nobody, written(code(clock))).status_code == 200
    assert sign_in(nobody, "сто 😀").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [{"email": "other@example.org"}, {"password": "another password"}, {"totp": "000000"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_whatever_is_wrong_the_answer_is_the_same(
    nobody: Any, member: Any, clock: Any, wrong: dict[str, str]
) -> None:
    assert member
    answer = sign_in(nobody, wrong.pop("totp", code(clock)), **wrong)
    assert (answer.status_code, answer.json["code"]) == (401, "wrong_credentials")
    assert answer.json["detail"] == "E-mail, password or code is wrong"


def test_too_many_wrong_sign_ins_lock_the_right_one_out_for_a_minute(
    nobody: Any, member: Any, clock: Any
) -> None:
    assert member
    for _ in range(FAILURES_MAX):
        assert sign_in(nobody, code(clock), password="wrong").status_code == 401
    locked = sign_in(nobody, code(clock))
    assert (locked.status_code, locked.json["code"]) == (429, "too_many_sign_ins")
    clock.advance(seconds=61)
    assert sign_in(nobody, code(clock)).status_code == 200


def test_whoever_is_not_enrolled_yet_cannot_sign_in_and_enrols_once(
    application: Application, nobody: Any, clock: Any
) -> None:
    added, _ = application.add_staff(
        email=EMAIL, grants=["finance.view"], password=None, secret=None
    )
    assert sign_in(nobody, "000000").status_code == 401
    secret = application.enrol.show(added.staff_id).secret
    now = pyotp.TOTP(secret).at(clock.now())
    with pytest.raises(WeakPassword):
        application.enrol(added.staff_id, password="short", code=now)
    with pytest.raises(WrongCredentials):
        application.enrol(added.staff_id, password=PASSWORD, code="000000")
    application.enrol(added.staff_id, password=PASSWORD, code=now)
    with pytest.raises(NotFound):
        application.enrol.show(added.staff_id)
    clock.advance(seconds=30)
    assert sign_in(nobody, pyotp.TOTP(secret).at(clock.now())).status_code == 200


def test_a_grant_that_does_not_exist_is_refused(application: Application) -> None:
    with pytest.raises(InvalidInput):
        application.add_staff(email=EMAIL, grants=["finance.all"], password=None, secret=None)


def test_the_command_adds_a_person_once_and_prints_a_link_where_there_is_no_password(
    application: Application,
    capsys: pytest.CaptureFixture[str],
    clock: Any,
    nobody: Any,
) -> None:
    given = ["add", "--email", EMAIL, "--grants", "finance.view,finance.maker"]
    enrolled = [*given, "--password", PASSWORD, "--totp-secret", SECRET]
    assert command_line.staff(application, enrolled) == 0
    assert command_line.staff(application, enrolled) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{EMAIL} added",
        f"{EMAIL} is there already",
    ]
    assert sign_in(nobody, code(clock)).status_code == 200
    command_line.staff(application, ["add", "--email", "new@example.org", "--grants", "operator"])
    link = capsys.readouterr().out.splitlines()[-1].rpartition(" ")[2]
    staff_id = application.enrolment_links.loads(link.rpartition("/")[2], max_age=60)
    assert application.enrol.show(staff_id).member.email == "new@example.org"
    with pytest.raises(SystemExit, match="at least"):
        command_line.staff(application, [*given, "--password", "short"])
    with pytest.raises(SystemExit) as asked:
        command_line.main(["staff", "add", "--help"])
    assert (asked.value.code, command_line.main(["--help"])) == (0, 0), "without any settings"
    assert "--email" in capsys.readouterr().out


READ = [
    "/ledger/trial-balance",
    "/ledger/entries",
    "/ledger/entries/jrn_1",
    "/ledger/accounts/liability:worker:wrk_1:payable:USD",
    "/payout-runs",
    "/payout-runs/run_1",
    "/reconciliations",
    "/reconciliations/rec_1",
    "/exceptions",
]


@pytest.mark.parametrize("path", READ)
def test_the_books_are_for_finance_alone(calling: Callable[..., Any], path: str) -> None:
    for outsider in (
        calling("staff", "stf_1", "operator"),
        calling("requester", "req_1"),
        calling("worker", "wrk_1"),
    ):
        assert outsider.get(path).status_code == 403
    assert calling("staff", "stf_1", "finance.view").get(path).status_code in (200, 404)


ACTS = {
    "/payout-runs": "finance.maker",
    "/payout-runs/run_1/freeze": "finance.maker",
    "/payout-runs/run_1/approve": "finance.checker",
    "/payout-runs/run_1/items/pay_1/retry": "finance.maker",
    "/payout-runs/run_1/items/pay_1/cancel": "finance.maker",
    "/payout-runs/run_1/items/pay_1/remove": "finance.maker",
}
FINANCE = {"finance.view", "finance.maker", "finance.checker", "operator"}


@pytest.mark.parametrize(("path", "grant"), ACTS.items())
def test_each_act_needs_its_own_grant(
    application: Application, calling: Callable[..., Any], path: str, grant: str
) -> None:
    others = calling("staff", "stf_1", *(FINANCE - {grant}))
    answer = others.post(path, {"content_hash": "0" * 64})
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")
    assert application.database["audit_log"].count_documents({}) == 0
