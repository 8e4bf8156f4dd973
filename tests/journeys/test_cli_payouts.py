"""Finance in the terminal: a maker's run, a checker's approval, the books against the processor;
and, with the same sessions by the API, a payout that a bank sends back.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner, Result
from crowdloom.client import HttpApi, Problem, Requester, Staff, Worker
from crowdloom.client.cli.app import main
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import complete_onboarding, pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD, make_staff

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

DOLLAR = {"amount_minor": 100, "currency": "USD"}
PAYMENTS = "/api/payments/v1"
MAKER, CHECKER = "cli-maker@example.org", "cli-checker@example.org"
OWN_BANK = {
    "account_id": "main",
    "name": "Main",
    "number": "GB33BUKB20201555555555",
    "currency": "USD",
    "mapping": {"date": "Day", "amount": "Amount", "balance": "Balance", "text": "Text"},
}
PAYEE = {"holder": "Leila Ahmadi", "iban": "GB82 WEST 1234 5698 7654 32"}
Run = Callable[..., Result]


def staff_of(market: Market, folder: Path, email: str, *grants: str) -> Run:
    """Somebody of finance who signed in with `crowdloom login --finance`; returns how he types."""
    secret = pyotp.random_base32()
    make_staff(market, email, grants, secret)
    environment = {"CROWDLOOM_URL": market.url, "XDG_CONFIG_HOME": str(folder / email)}

    def typed(*words: str, keys: str = "", code: int | None = 0) -> Result:
        result = CliRunner().invoke(main, list(words), input=keys, env=environment)
        assert code in {None, result.exit_code}, (words, result.output, result.exception)
        return result

    code = pyotp.TOTP(secret).now()
    typed("login", "--finance", "--email", email, "--password", PASSWORD, "--code", code)
    return typed


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sessions of finance are kept."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def maker(market: Market, desk: Path) -> Run:
    return staff_of(market, desk, MAKER, "finance.view", "finance.maker")


@pytest.fixture(scope="module")
def checker(market: Market, desk: Path) -> Run:
    return staff_of(market, desk, CHECKER, "finance.view", "finance.checker")


def session_of(desk: Path, email: str) -> Staff:
    """Whoever signed in in the terminal, by the API."""
    [kept] = (desk / email).rglob("sessions.json")
    found = json.loads(kept.read_text())
    return Staff(HttpApi(found["url"], next(iter(found["tokens"].values()))))


def answered(worker: Worker, batch_id: str) -> str:
    assignment: Any = until(lambda: worker.claim(batch_id))
    return str(worker.submit(assignment, [("label", "x")])["submission_id"])


@pytest.fixture(scope="module")
def earners(market: Market) -> tuple[Worker, Worker]:
    """One has earned two dollars, the other one; neither has asked for them."""
    requester = Requester.sign_up(
        market.url, email="cli-payouts@example.org", password=PASSWORD, name="Payer"
    )
    pay_checkout(requester.top_up({"amount_minor": 1_000, "currency": "USD"})["checkout_url"])
    until(lambda: requester.wallet()["free"]["amount_minor"] == 1_000)
    project = requester.create_project(
        title="Paid", description="Paid work.", template_html='${text} <input name="label">'
    )
    batch_id = requester.create_batch(project["project_id"], reward=DOLLAR)["batch_id"]
    requester.add_csv(batch_id, b"text\none\ntwo\nthree\n")
    requester.publish(batch_id)
    first, second = Worker.sign_up(market.url), Worker.sign_up(market.url)
    until(lambda: any(one["batch_id"] == batch_id for one in first.queue()))
    for worker in (first, first, second):
        requester.accept(answered(worker, batch_id))
    until(lambda: first.earnings()["settled_count"] == 2)
    until(lambda: second.earnings()["settled_count"] == 1)
    return first, second


@pytest.fixture
def earner(earners: tuple[Worker, Worker]) -> Worker:
    """Has asked for two dollars, by the processor."""
    worker = earners[0]
    complete_onboarding(worker.open_payout_account()["onboarding_url"])
    until(lambda: worker.payout_account()["status"] == "active")
    worker.ask_for_payout()
    return worker


def test_a_run_is_made_approved_and_reconciled_from_the_terminal(
    earner: Worker, maker: Run, checker: Run
) -> None:
    frozen = json.loads(maker("payout", "run", "--json").stdout)
    run_id = frozen["payout_run_id"]
    assert "your role" in maker("payout", "approve", run_id, "--yes", code=1).output.lower()
    stale = ("payout", "approve", run_id, "--hash", "0" * 64)
    assert "look at it again" in checker(*stale, code=1).output
    assert "Pay this run?" in checker("payout", "approve", run_id, keys="n\n", code=1).output
    assert frozen["content_hash"] in checker("payout", "approve", run_id, keys="y\n").output
    until(lambda: earner.earnings()["paid"]["amount_minor"] >= 200)
    reconciled = json.loads(checker("payout", "reconcile", "--json").stdout)
    assert reconciled["unreconciled_minor"] == 0
    assert "Nobody has asked" in maker("payout", "run", code=1).output
    # Of money of its own the platform has none here, and it bears the processor's fees: I9.
    audited = until(lambda: _as_it_should_be(checker("audit", "--json", code=None)))
    findings = {each["invariant"]: each for each in audited["findings"]}
    assert list(findings) == [f"I{number}" for number in range(1, 18)]
    assert all(each["figure"] for each in findings.values())
    assert "to read" in findings["I14"]["figure"], "the events process was looked at"
    shown = checker("audit", code=None).output
    assert "of 17 invariants hold" in shown


def _as_it_should_be(result: Result) -> dict[str, Any] | None:
    """What an audit found, where nothing but I9 is broken: money moves while it looks."""
    found: dict[str, Any] = json.loads(result.stdout)
    broken = {each["invariant"] for each in found["findings"] if not each["holds"]}
    return found if broken <= {"I9"} else None


def told(maker: Staff, days_ago: int, *line: str) -> None:
    """A statement of one line (amount, balance, text) of one day, looked at and confirmed."""
    day = datetime.now(UTC).date() - timedelta(days=days_ago)
    row = ",".join([day.isoformat(), *line])
    answer = maker.api.call(
        "POST",
        f"{PAYMENTS}/bank-statements",
        data={"account_id": "main"},
        files={"file": ("statement.csv", f"Day,Amount,Balance,Text\n{row}\n".encode())},
    )
    maker.api.post(f"{PAYMENTS}/bank-statements/files/{answer.json()['file_id']}/confirm")


def decided(maker: Staff, checker: Staff, kind: str, **payload: str) -> None:
    """Proposed by one, who cannot approve it, and approved by another."""
    made = maker.propose(kind, payload, reason="The bank says so")
    with pytest.raises(Problem, match="not_allowed"):
        maker.decide(made["approval_id"], made["content_hash"])
    assert checker.decide(made["approval_id"], made["content_hash"])["status"] == "approved"


def test_a_payout_that_the_bank_sends_back_is_held_until_two_people_release_it(
    earners: tuple[Worker, Worker], maker: Run, checker: Run, desk: Path
) -> None:
    del maker, checker  # signed in
    first, second, worker = session_of(desk, MAKER), session_of(desk, CHECKER), earners[1]
    worker.api.post(f"{PAYMENTS}/payout-account/bank", PAYEE)
    worker.ask_for_payout()
    first.api.post(f"{PAYMENTS}/bank-accounts", OWN_BANK)
    told(first, 2, "10.00", "10.00", "our own money")
    run_id = first.api.post(f"{PAYMENTS}/payout-runs", {"rail": "bank_file"})["payout_run_id"]
    second.approve(run_id, first.freeze(run_id)["content_hash"])
    [item] = until(lambda: [i for i in second.payout_run(run_id)["items"] if i["state"] == "filed"])
    item_id = item["payout_item_id"]
    file = second.api.call("GET", f"{PAYMENTS}/payout-runs/{run_id}/bank-file")
    assert item_id in file.text
    decided(first, second, "bank_file_sent", run_id=run_id)
    told(first, 1, "-1.00", "9.00", f"payout {item_id}")
    assert worker.earnings()["paid"] == DOLLAR
    told(first, 0, "1.00", "10.00", f"RETURN {item_id} account closed")
    assert worker.earnings()["held"] == DOLLAR
    with pytest.raises(Problem, match="payout_account_not_ready"):
        worker.ask_for_payout()

    held = next(h for h in first.api.get(f"{PAYMENTS}/holds")["items"] if h["item_id"] == item_id)
    decided(first, second, "hold_release", hold_id=held["hold_id"])
    assert worker.earnings()["payable"] == DOLLAR
    worker.api.post(f"{PAYMENTS}/payout-account/bank", PAYEE)
    worker.ask_for_payout()
    again = first.api.post(f"{PAYMENTS}/payout-runs", {"rail": "bank_file"})
    assert [line["amount"] for line in again["items"]] == [DOLLAR]
