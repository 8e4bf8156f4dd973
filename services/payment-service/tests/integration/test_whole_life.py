"""From the top-up to the reconciled payout, over the API, beside the processor's simulator."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from payment_service.bootstrap import Application


def test_money_goes_from_the_requester_to_the_worker_and_every_cent_is_matched(
    application: Application, market: Any, calling: Callable[..., Any], make: ModuleType
) -> None:
    requester, worker = calling("requester", "req_1"), calling("worker", "wrk_1")
    top_up = market.pay_in(requester, 1000)
    assert requester.get("/wallet").json["free"] == make.usd(1000).to_wire()
    assert requester.get(f"/top-ups/{top_up['top_up_id']}").json["status"] == "paid"

    market.deliver(make.funding(slot_count=10))
    market.deliver(make.claimed(1), make.claimed(2), make.accepted(1), make.accepted(2))
    spend = requester.get("/batches/bat_1").json
    assert spend["settled_count"] == 2
    assert spend["settled"] == make.usd(10).to_wire()
    assert spend["fee"] == make.usd(2).to_wire()
    assert spend["reserved"] == make.usd(48).to_wire()
    assert worker.get("/earnings").json["payable"] == make.usd(10).to_wire()

    assert market.ask(worker)["amount"] == make.usd(10).to_wire()
    run = market.pay_out()
    assert run["status"] == "completed"
    assert run["paid"] == make.usd(10).to_wire()
    assert worker.get("/earnings").json["paid"] == make.usd(10).to_wire()
    assert worker.get("/payout-requests").json["items"][0]["status"] == "paid"

    books = market.reconcile()
    assert books["status"] == "completed"
    assert books["differences"] == []
    assert books["unreconciled_minor"] == 0
    assert books["transfers_count"] == 1
    assert market.checker.get("/ledger/trial-balance").json["sum"] == 0


def test_a_refused_payout_waits_for_a_person_and_says_why_to_both(
    application: Application, market: Any, calling: Callable[..., Any], processor: Any
) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 3)
    market.ask(worker)
    account = application.show_money.payee("wrk_1").account_id
    processor.control(f"accounts/{account}/refusal", refuse=True)
    run = market.pay_out()

    assert run["status"] == "completed_with_exceptions"
    (line,) = run["items"]
    assert line["state"] == "failed"
    assert line["refusal"]
    (waiting,) = market.checker.get("/exceptions", kind="payout_failed").json["items"]
    assert waiting["subject"] == line["payout_item_id"]
    assert waiting["facts"]["reason"] == line["refusal"]
    (asked,) = worker.get("/payout-requests").json["items"]
    assert (asked["status"], asked["refusal"]) == ("failed", line["refusal"])
    assert worker.get("/earnings").json["payable"]["amount_minor"] == 15

    processor.control(f"accounts/{account}/refusal", refuse=False)
    path = f"/payout-runs/{run['payout_run_id']}/items/{line['payout_item_id']}/retry"
    assert market.maker.post(path).status_code == 200
    market.settle_payouts()
    assert market.run(run["payout_run_id"])["status"] == "completed"
    assert market.checker.get("/exceptions").json["items"] == []
    assert processor.transfers()["count"] == 1
    assert market.reconcile()["differences"] == []


def test_a_failed_line_that_is_given_up_leaves_the_money_to_be_asked_for_again(
    application: Application, market: Any, calling: Callable[..., Any], processor: Any
) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 3)
    market.ask(worker)
    account = application.show_money.payee("wrk_1").account_id
    processor.control(f"accounts/{account}/refusal", refuse=True)
    run = market.pay_out()
    path = f"/payout-runs/{run['payout_run_id']}/items/{run['items'][0]['payout_item_id']}"
    assert market.maker.post(f"{path}/cancel").json["items"][0]["state"] == "cancelled"
    assert market.maker.post(f"{path}/retry").status_code == 409
    assert market.checker.get("/exceptions").json["items"] == []

    processor.control(f"accounts/{account}/refusal", refuse=False)
    market.ask(worker)
    assert market.pay_out()["paid"]["amount_minor"] == 15
    assert processor.transfers()["count"] == 1


def test_the_worker_asks_once_at_a_time(market: Any, calling: Callable[..., Any]) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 3)
    first = market.ask(worker)
    assert market.ask(worker) == first
    market.pay_out()
    market.earn("wrk_1", 2, batch_id="bat_2")
    second = market.ask(worker)
    assert second["payout_request_id"] != first["payout_request_id"]
    assert market.pay_out()["paid"]["amount_minor"] == 10


def test_a_repeated_call_finds_its_own_request_even_when_that_one_is_paid(
    market: Any, calling: Callable[..., Any]
) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 3)
    first = market.ask(worker, key="the same")
    market.pay_out()
    market.earn("wrk_1", 2, batch_id="bat_2")
    again = market.ask(worker, key="the same")
    assert again["payout_request_id"] == first["payout_request_id"]
    assert again["status"] == "paid"
