"""A fee and withheld tax of a payout: seen before it is asked for, ours once it is paid."""

import csv
import io
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from payment_service.bootstrap import Application
from payment_service.domain.people import NothingPayable
from payment_service.entrypoints.wsgi import create_web

RULES = {
    "CROWDLOOM_PAYOUT_FEES": "stripe:USD:2,gift_credit:USD:50",
    "CROWDLOOM_WITHHOLDING_RATES": "US:2020-01-01:2400",
}


@pytest.fixture(scope="session")
def with_fees(build_application: Callable[..., Application]) -> Application:
    return build_application(**RULES)


@pytest.fixture
def worker(market: Any, calling: Callable[..., Any]) -> Any:
    """Has earned twenty cents, and an account."""
    market.earn("wrk_1", 4)
    one = calling("worker", "wrk_1")
    market.processor.onboard(one.post("/payout-account").json["onboarding_url"])
    market.application.refresh_payees.refresh_now(market.application.readers.payees.get("wrk_1"))
    return one


def run_of(application: Application) -> Any:
    runs = application.runs
    run = runs.draft("stf_maker", application.currency, key="one").run
    frozen = runs.freeze("stf_maker", run.run_id).run
    return runs.approve("stf_checker", run.run_id, seen_hash=str(frozen.content_hash))


def carry_out(application: Application) -> None:
    while application.execute_payouts():
        pass
    application.poll_processor.catch_up()


def signed(application: Application, path: str) -> int:
    return sum(-row.signed for row in application.journal.trial_balance() if row.path == path)


def test_what_is_taken_is_shown_before_sent_without_and_booked_when_it_is_paid(
    market: Any, worker: Any, with_fees: Application, books: ModuleType, calling: Any, outbox: Any
) -> None:
    client = create_web(with_fees).test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    client.set_cookie("cl_worker", worker.token)
    page = client.get("/pay/earnings").text
    assert "You receive" in page
    assert "$0.13" in page
    with_fees.ask_for_payout("wrk_1")
    preview = with_fees.plan_runs.preview(with_fees.currency)
    assert (preview.total.minor, preview.kept.minor) == (13, 7)
    run_of(with_fees)
    # Refused once: all of it is payable again, and nothing is ours.
    account = with_fees.readers.payees.get("wrk_1").account_id
    market.processor.control(f"accounts/{account}/refusal")
    carry_out(with_fees)
    (item,) = with_fees.readers.payout_runs.failed_items(2)
    assert signed(with_fees, "liability:worker:wrk_1:payable:USD") == 2_000
    assert signed(with_fees, "income:fee:payout:USD") == 0
    market.processor.control(f"accounts/{account}/refusal", refuse=False)
    with_fees.runs.retry_item("stf_maker", item.run_id, item.item_id)
    carry_out(with_fees)
    (transfer,) = market.processor.transfers()["transfers"]
    assert transfer["amount"] == 13
    assert signed(with_fees, "income:fee:payout:USD") == 200
    assert signed(with_fees, "liability:tax:withheld:US:USD") == 500
    books.check(with_fees)
    held = {each.invariant for each in with_fees.audit_money() if each.holds}
    assert {"I1", "I2", "I3", "I7", "I8", "I10", "I15"} <= held
    assert market.reconcile()["differences"] == []
    trail = market.checker.get(f"/payout-items/{item.item_id}/trail").json
    assert trail["broken"] is None, trail["links"]
    earned = worker.get("/earnings").json
    assert [earned[name]["amount_minor"] for name in ("paid", "fees", "withheld")] == [13, 2, 5]
    assert "tax withheld for you" in client.get("/pay/earnings").text
    days = {"since": "2020-01-01", "until": "2030-12-31"}
    told = calling("staff", "stf_1", "auditor").get("/exports/tax-totals", **days).text
    (row,) = csv.DictReader(io.StringIO(told.removeprefix("\ufeff")))
    assert (row["gross"], row["fee"], row["withheld"]) == ("0.20", "0.02", "0.05")
    paid = [body for name, body in outbox() if name == "payment.payout.paid.v1"]
    assert [body["withheld"]["amount_minor"] for body in paid] == [5]


def test_a_fee_that_leaves_nothing_is_told_and_no_line_is_made(
    market: Any, worker: Any, with_fees: Application
) -> None:
    with_fees.choose_rail.gift_credit("wrk_1")
    with pytest.raises(NothingPayable):
        with_fees.ask_for_payout("wrk_1")
    # Asked for while there was no fee.
    market.application.ask_for_payout("wrk_1")
    preview = with_fees.plan_runs.preview(with_fees.currency, with_fees.choose_rail.offered[-1])
    assert dict(preview.left_out) == {"less_than_fee": 1}
