"""From the top-up to the reconciled payout, over the API, beside the processor's simulator."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from payment_service.bootstrap import Application


@pytest.fixture
def maker(calling: Callable[..., Any]) -> Any:
    return calling("staff", "stf_maker", "finance.view", "finance.maker")


@pytest.fixture
def checker(calling: Callable[..., Any]) -> Any:
    return calling("staff", "stf_checker", "finance.view", "finance.checker")


def test_money_goes_from_the_requester_to_the_worker_and_every_cent_is_matched(
    connected: Application,
    deliverer: Callable[..., Any],
    calling: Callable[..., Any],
    processor: Any,
    maker: Any,
    checker: Any,
    make: ModuleType,
) -> None:
    deliver = deliverer(connected)
    requester, worker = calling("requester", "req_1"), calling("worker", "wrk_1")

    top_up = requester.post("/top-ups", {"amount": make.usd(1000).to_wire()})
    assert top_up.status_code == 201
    processor.pay(top_up.json["checkout_url"].rsplit("/", 1)[1])
    connected.poll_processor.catch_up()
    assert requester.get("/wallet").json["free"] == make.usd(1000).to_wire()
    assert requester.get(f"/top-ups/{top_up.json['top_up_id']}").json["status"] == "paid"

    deliver(make.funding(slot_count=10))
    deliver(make.claimed(1), make.claimed(2), make.accepted(1), make.accepted(2))
    spend = requester.get("/batches/bat_1").json
    assert spend["settled_count"] == 2
    assert spend["settled"] == make.usd(10).to_wire()
    assert spend["fee"] == make.usd(2).to_wire()
    assert spend["reserved"] == make.usd(48).to_wire()
    assert worker.get("/earnings").json["payable"] == make.usd(10).to_wire()

    account = worker.post("/payout-account").json
    processor.onboard(account["onboarding_url"])
    asked = worker.post("/payout-requests")
    assert asked.status_code == 201
    assert asked.json["amount"] == make.usd(10).to_wire()

    run_id = maker.post("/payout-runs").json["payout_run_id"]
    frozen = maker.post(f"/payout-runs/{run_id}/freeze").json
    approved = checker.post(
        f"/payout-runs/{run_id}/approve", {"content_hash": frozen["content_hash"]}
    )
    assert approved.json["status"] == "executing"
    connected.execute_payouts()
    connected.poll_processor.catch_up()
    run = checker.get(f"/payout-runs/{run_id}").json
    assert run["status"] == "completed"
    assert run["paid"] == make.usd(10).to_wire()
    assert worker.get("/earnings").json["paid"] == make.usd(10).to_wire()

    queued = checker.post("/reconciliations")
    assert queued.status_code == 202
    connected.reconcile()
    books = checker.get(f"/reconciliations/{queued.json['reconciliation_id']}").json
    assert books["status"] == "completed"
    assert books["differences"] == []
    assert books["unreconciled_minor"] == 0
    assert books["transfers_count"] == 1
    trial = checker.get("/ledger/trial-balance").json
    assert trial["sum"] == 0
    assert processor.transfers()["count"] == 1
