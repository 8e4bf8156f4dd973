"""The OpenAPI document against the service: whatever it allows, and much that it does not."""

from collections.abc import Callable
from typing import Any

from crowdloom.testkit.everything import send_everything
from flask import Flask

STAFF = ("finance.view", "finance.maker", "finance.checker", "finance.controller", "auditor")


def test_nothing_that_is_sent_breaks_the_service(
    web: Flask, market: Any, calling: Callable[..., Any]
) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 20)
    market.ask(worker)
    run = market.run(market.approved_run())
    top_up = market.pay_in(market.requester, 500)
    entry = market.application.database["journal"].find_one()
    ids = {
        "run_id": run["payout_run_id"],
        "item_id": run["items"][0]["payout_item_id"],
        "top_up_id": top_up["top_up_id"],
        "batch_id": "bat_1",
        "entry_id": entry["_id"],
        "period": "2026-11",
    }
    staff = calling("staff", "stf_all", *STAFF)
    people = [{"Authorization": f"Bearer {one.token}"} for one in (staff, market.requester, worker)]
    assert len(send_everything(web, "payments", people=people, ids=ids, examples=2)) >= 84
