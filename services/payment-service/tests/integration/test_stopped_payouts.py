"""What keeps a payout run from going wrong at length: the switch, and what turns it by itself."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from payment_service.application.plan_runs import RunLimits
from payment_service.application.processor import TransferRefused, TurnedAway


class Processor:
    """Answers every transfer in the same way."""

    def __init__(self, answer: Exception) -> None:
        self._answer = answer
        self.calls = 0

    def send(self, _item: Any) -> Any:
        self.calls += 1
        raise self._answer

    def transfers(self, _run_id: str) -> list[Any]:
        return []


@pytest.fixture
def controller(calling: Callable[..., Any]) -> Any:
    return calling("staff", "stf_controller", "finance.view", "finance.controller")


@pytest.fixture
def five(market: Any, calling: Callable[..., Any]) -> str:
    """An approved run of five lines."""
    for number in range(1, 6):
        market.earn(f"wrk_{number}", 2, batch_id=f"bat_{number}")
        market.ask(calling("worker", f"wrk_{number}"))
    run_id: str = market.approved_run()
    return run_id


def states(market: Any, run_id: str) -> list[str]:
    return sorted(item["state"] for item in market.run(run_id)["items"])


def executing_with(market: Any, answer: Exception) -> Processor:
    processor = Processor(answer)
    execute = market.application.execute_payouts
    executor = type(execute)(market.application.store, processor, clock=execute._clock)
    for _ in range(3):
        executor()
    return processor


def test_a_controller_alone_stops_payouts_and_lets_them_go_on(
    market: Any, five: str, controller: Any
) -> None:
    stop = {"stopped": True, "reason": "Something is odd"}
    assert market.maker.post("/payout-switch", stop).status_code == 403
    assert market.checker.post("/payout-switch", stop).status_code == 403
    assert controller.post("/payout-switch", stop).json["code"] == "stopped_by_hand"
    market.settle_payouts()
    assert market.processor.transfers()["count"] == 0
    assert controller.get("/payout-switch").json["reason"] == "Something is odd"
    controller.post("/payout-switch", {"stopped": False, "reason": "Looked into"})
    market.settle_payouts()
    assert market.run(five)["status"] == "completed"
    acts = [act["what"] for act in controller.get("/audit/acts").json["items"]]
    assert acts[:2] == ["payouts.start", "payouts.stop"]


def test_what_was_sent_before_the_stop_is_still_looked_up(
    market: Any, five: str, controller: Any, clock: Any
) -> None:
    market.processor.lose_answers(count=5)
    market.application.execute_payouts()
    assert states(market, five) == ["unknown"] * 5
    controller.post("/payout-switch", {"stopped": True, "reason": "Something is odd"})
    clock.advance(seconds=5)
    market.settle_payouts()
    assert states(market, five) == ["paid"] * 5
    assert market.processor.transfers()["count"] == 5


def test_a_processor_that_turns_us_away_stops_payouts_at_once(market: Any, five: str) -> None:
    processor = executing_with(market, TurnedAway("No such key"))
    assert processor.calls == 1
    assert "failed" not in states(market, five)
    (waiting,) = market.checker.get("/exceptions").json["items"]
    assert waiting["kind"] == "payouts_stopped"


def test_three_times_too_little_balance_in_a_row_stop_payouts(market: Any, five: str) -> None:
    refusal = TransferRefused("balance_insufficient", "Too little")
    assert executing_with(market, refusal).calls == 3
    assert states(market, five).count("failed") == 3
    assert market.checker.get("/payout-switch").json["code"] == "balance_insufficient"


def test_other_refusals_stop_nothing(market: Any, five: str) -> None:
    assert executing_with(market, TransferRefused("account_invalid", "Closed")).calls == 5


def test_from_one_total_on_two_people_approve_and_from_another_on_three(
    market: Any, calling: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = RunLimits(minimum_minor=1, second_approval_minor=5, third_approval_minor=10)
    monkeypatch.setattr(market.application.runs, "_limits", limits)
    market.earn("wrk_1", 2)
    market.ask(calling("worker", "wrk_1"))
    run_id = market.maker.post("/payout-runs").json["payout_run_id"]
    frozen = market.maker.post(f"/payout-runs/{run_id}/freeze").json
    body, path = {"content_hash": frozen["content_hash"]}, f"/payout-runs/{run_id}/approve"
    for _ in range(2):
        first = market.checker.post(path, body).json
        assert (first["status"], first["approvals"]) == ("frozen", ["stf_checker"])
    second = calling("staff", "stf_second", "finance.checker").post(path, body).json
    assert (second["status"], second["approvals"]) == ("frozen", ["stf_checker", "stf_second"])
    third = calling("staff", "stf_third", "finance.checker").post(path, body).json
    assert (third["status"], third["approved_by"]) == ("executing", "stf_third")
    kept = market.application.readers.payout_runs.get(run_id)
    assert {given.content_hash for given in kept.approvals} == {frozen["content_hash"]}


def test_a_run_beyond_what_is_available_is_not_approved(
    market: Any, calling: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(market.application.runs._limits, reserve_minor=100_000)
    monkeypatch.setattr(market.application.runs, "_limits", limits)
    market.earn("wrk_1", 2)
    market.ask(calling("worker", "wrk_1"))
    run_id = market.maker.post("/payout-runs").json["payout_run_id"]
    frozen = market.maker.post(f"/payout-runs/{run_id}/freeze").json
    body = {"content_hash": frozen["content_hash"]}
    refused = market.checker.post(f"/payout-runs/{run_id}/approve", body)
    assert (refused.status_code, refused.json["code"]) == (409, "too_little_available")


def test_the_preview_tells_new_payees_from_those_with_another_account_or_far_more(
    market: Any, calling: Callable[..., Any]
) -> None:
    application = market.application
    market.earn("wrk_1", 1)
    market.ask(calling("worker", "wrk_1"))
    assert odd(application) == (1, 0, 0)
    market.pay_out()
    market.earn("wrk_1", 6, batch_id="bat_2")
    market.ask(calling("worker", "wrk_1"))
    assert odd(application) == (0, 0, 1)
    payee = {"_id": "wrk_1"}
    application.database["payees"].update_one(payee, {"$set": {"account_id": "acct_another"}})
    assert odd(application) == (0, 1, 1)


def odd(application: Any) -> tuple[int, int, int]:
    marks = application.plan_runs.preview(application.currency).marks
    return len(marks.new), len(marks.changed_account), len(marks.outlier)
