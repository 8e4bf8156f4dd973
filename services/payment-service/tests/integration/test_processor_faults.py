"""What a processor does to those who rely on it; the rest of the matrix is named in FAULTS.md."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import stripe
from crowdloom.testkit.waiting import until
from payment_service.adapters.stripe_processor import StripeProcessor
from payment_service.application.execute_payouts import ExecutePayouts

TRANSFERS = "/v1/transfers"
TRANSIT = "asset:transit:stripe:bank:USD"


@pytest.fixture
def approved(market: Any, calling: Callable[..., Any]) -> str:
    """A run for two workers, approved and not begun."""
    for number, worker in ((1, "wrk_1"), (2, "wrk_2")):
        market.earn(worker, 3, batch_id=f"bat_{number}")
        market.ask(calling("worker", worker))
    run_id: str = market.approved_run()
    return run_id


def check_both_paid_once(market: Any, run_id: str, books: ModuleType) -> None:
    run = market.run(run_id)
    assert [item["state"] for item in run["items"]] == ["paid", "paid"]
    sent = [each["metadata"]["payout_item"] for each in market.processor.transfers()["transfers"]]
    assert sorted(sent) == sorted(item["payout_item_id"] for item in run["items"])
    books.check(market.application)


def test_an_answer_that_comes_too_late_is_unknown_and_found_when_one_looks(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    application, settings = market.application, market.application.settings
    market.processor.control(
        "faults", kind="slow", method="POST", path=TRANSFERS, seconds=0.4, repeats=2
    )
    impatient = stripe.RequestsClient(timeout=0.05)
    hasty = StripeProcessor(
        api_key=settings.stripe_api_key,
        base=settings.stripe_api_base,
        webhook_secrets=settings.stripe_webhook_secrets,
        country=settings.payout_country,
        http_client=impatient,
    )
    ExecutePayouts(application.store, hasty, clock=clock)()
    impatient.close()
    assert "unknown" in {item["state"] for item in market.run(approved)["items"]}
    kinds = {each["kind"] for each in market.checker.get("/exceptions").json["items"]}
    assert kinds == {"unknown_outcome"}

    def paid() -> bool:
        clock.advance(seconds=100)
        market.settle_payouts()
        return all(item["state"] == "paid" for item in market.run(approved)["items"])

    until(paid)
    check_both_paid_once(market, approved, books)


def test_an_error_before_anything_was_done_is_asked_again_under_the_same_key(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    market.processor.lose_answers(kind="error_before", count=2)
    market.application.execute_payouts()
    assert {item["state"] for item in market.run(approved)["items"]} == {"unknown"}
    for _ in range(3):
        clock.advance(seconds=100)
        market.settle_payouts()
    check_both_paid_once(market, approved, books)
    keys = {each["idempotency_key"] for each in market.processor.transfers()["transfers"]}
    assert all(key.endswith(":1") for key in keys)


def test_once_the_processor_may_have_forgotten_the_key_nothing_is_sent_again(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    market.processor.lose_answers(kind="reset", count=2)
    market.application.execute_payouts()
    clock.advance(seconds=21 * 3_600)
    for _ in range(3):
        market.application.execute_payouts()
        clock.advance(seconds=700)
    assert market.processor.transfers()["count"] == 0
    items = market.run(approved)["items"]
    assert {(item["state"], item["attempt"]) for item in items} == {("unknown", 1)}
    waiting = market.checker.get("/exceptions", severity="critical").json["items"]
    assert {each["kind"] for each in waiting} == {"unknown_outcome"}
    assert market.application.show_money.earnings("wrk_1").payable.minor == 0, "still reserved"
    books.check(market.application)


def test_an_answer_lost_before_a_not_yet_is_looked_up_however_late(
    market: Any, approved: str, clock: Any, books: ModuleType
) -> None:
    """The package's own retry hears 429; days later the processor has forgotten the key."""
    for kind in ("lost_answer", "rate_limit", "lost_answer", "rate_limit"):
        market.processor.control("faults", kind=kind, method="POST", path=TRANSFERS, count=1)
    market.application.execute_payouts()
    assert {item["state"] for item in market.run(approved)["items"]} == {"reserved"}
    assert market.processor.transfers()["count"] == 2
    market.processor.control("clock", advance_seconds=2 * 86_400)
    clock.advance(seconds=2 * 86_400)
    while market.application.execute_payouts():
        clock.advance(seconds=100)
    assert market.processor.transfers()["count"] == 2
    market.settle_payouts()
    check_both_paid_once(market, approved, books)


def test_an_account_that_is_restricted_in_the_middle_of_a_run_stops_its_own_line_alone(
    market: Any, approved: str, books: ModuleType
) -> None:
    account = market.application.show_money.payee("wrk_2").account_id
    market.processor.control(f"accounts/{account}/capability", status="restricted")
    market.settle_payouts()
    run = market.run(approved)
    assert run["status"] == "completed_with_exceptions"
    assert {item["worker_id"]: item["state"] for item in run["items"]} == {
        "wrk_1": "paid",
        "wrk_2": "failed",
    }
    assert market.application.show_money.earnings("wrk_2").payable.minor == 15
    books.check(market.application)


def test_a_payout_to_our_bank_that_was_paid_and_then_fails_is_at_the_processor_again(
    market: Any, books: ModuleType
) -> None:
    market.pay_in(market.requester, 1_000)
    settings = market.application.settings
    market.processor.control("clock", advance_seconds=10 * 86_400)
    sent = market.processor.http.post(
        f"{settings.stripe_api_base}/v1/payouts",
        data={"amount": 300, "currency": "usd"},
        headers={"Authorization": f"Bearer {settings.stripe_api_key}"},
        timeout=10,
    ).json()
    market.processor.control("clock", advance_seconds=10 * 86_400)
    market.application.poll_processor.catch_up()
    assert in_transit(market) == 300
    market.processor.control(f"payouts/{sent['id']}/fail")
    market.application.poll_processor.catch_up()
    assert in_transit(market) == 0
    assert market.reconcile()["unreconciled_minor"] == 0
    books.check(market.application)


def in_transit(market: Any) -> int:
    rows = market.application.journal.trial_balance()
    return sum(row.signed for row in rows if row.path == TRANSIT) // 100
