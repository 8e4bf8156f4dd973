"""Finance in the terminal: a maker's run, a checker's approval, the books against the processor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner, Result
from crowdloom.client import Requester, Worker
from crowdloom.client.cli.app import main
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import complete_onboarding, pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD, make_staff

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

DOLLAR = {"amount_minor": 100, "currency": "USD"}
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


@pytest.fixture
def earner(market: Market) -> Worker:
    """A worker who has earned two dollars and asked for them."""
    requester = Requester.sign_up(
        market.url, email="cli-payouts@example.org", password=PASSWORD, name="Payer"
    )
    pay_checkout(requester.top_up({"amount_minor": 1_000, "currency": "USD"})["checkout_url"])
    until(lambda: requester.wallet()["free"]["amount_minor"] == 1_000)
    project = requester.create_project(
        title="Paid", description="Paid work.", template_html='${text} <input name="label">'
    )
    batch_id = requester.create_batch(project["project_id"], reward=DOLLAR)["batch_id"]
    requester.add_csv(batch_id, b"text\none\ntwo\n")
    requester.publish(batch_id)
    worker = Worker.sign_up(market.url)
    until(lambda: any(one["batch_id"] == batch_id for one in worker.queue()))
    for _ in range(2):
        submission = worker.submit(until(lambda: worker.claim(batch_id)), [("label", "x")])
        requester.accept(submission["submission_id"])
    until(lambda: worker.earnings()["settled_count"] == 2)
    complete_onboarding(worker.open_payout_account()["onboarding_url"])
    until(lambda: worker.payout_account()["status"] == "active")
    worker.ask_for_payout()
    return worker


def test_a_run_is_made_approved_and_reconciled_from_the_terminal(
    market: Market, earner: Worker, tmp_path: Path
) -> None:
    maker = staff_of(market, tmp_path, "cli-maker@example.org", "finance.view", "finance.maker")
    checker = staff_of(
        market, tmp_path, "cli-checker@example.org", "finance.view", "finance.checker"
    )
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
