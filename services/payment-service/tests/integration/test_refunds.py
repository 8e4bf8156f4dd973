"""Unspent money goes back to the card once, checked by two people, whatever is lost on the way."""

import re
from types import ModuleType
from typing import Any

import pytest
from crowdloom.kernel import Currency
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.refunds import RefundStatus

USD = Currency.USD
LEASE_SECONDS, WAIT_SECONDS = 91, 601


def cents(minor: int) -> dict[str, Any]:
    return {"amount": {"amount_minor": minor, "currency": "USD"}}


def ask(market: Any, minor: int, *, key: str | None = None) -> Any:
    answer = market.requester.post("/refunds", cents(minor), key=key)
    assert answer.status_code == 201, answer.json
    return answer.json


def propose(market: Any, refund_id: str) -> tuple[str, dict[str, str]]:
    body = {"kind": "refund", "payload": {"refund_id": refund_id}, "reason": "unspent"}
    proposed = market.maker.post("/approvals", body)
    assert proposed.status_code == 201, proposed.json
    seen = {"content_hash": proposed.json["content_hash"]}
    return f"/approvals/{proposed.json['approval_id']}/approve", seen


def approve(market: Any, refund_id: str) -> None:
    path, seen = propose(market, refund_id)
    assert market.checker.post(path, seen).status_code == 200


def run_jobs(market: Any) -> None:
    while market.application.execute_refunds():
        pass
    market.application.poll_processor.catch_up()


def shown(market: Any, refund_id: str) -> Any:
    return market.requester.get(f"/refunds/{refund_id}").json


def free(application: Application) -> int:
    path = chart.wallet("req_1", USD)
    return application.readers.ledger.balances({path})[path] // 100


def charge_ids(application: Application) -> list[str]:
    return [each.charge_id for each in application.readers.refunds.charges("req_1")]


# Nothing is sealed or published here, and no capital of our own covers the processor's fees.
NOT_HERE = {"I9", "I13", "I14"}


def check_books(market: Any, books: ModuleType) -> None:
    books.check(market.application)
    found = market.application.audit_money()
    assert [each for each in found if not each.holds and each.invariant not in NOT_HERE] == []
    assert market.reconcile()["differences"] == []


def test_a_refund_is_reserved_checked_by_two_and_sent_oldest_payment_first(
    market: Any, books: ModuleType, outbox: Any
) -> None:
    market.pay_in(market.requester, 1000)
    market.pay_in(market.requester, 2000)
    too_much = market.requester.post("/refunds", cents(3001))
    assert (too_much.status_code, too_much.json["code"]) == (409, "refund_too_large")
    assert too_much.json["largest"] == {"amount_minor": 3000, "currency": "USD"}
    refund_id = ask(market, 1500, key="once")["refund_id"]
    assert ask(market, 1500, key="once")["refund_id"] == refund_id
    assert free(market.application) == 1500
    assert market.application.execute_refunds() == 0, "nobody approved it"
    path, seen = propose(market, refund_id)
    assert market.checker.post(path, seen).status_code == 200
    run_jobs(market)
    done = shown(market, refund_id)
    assert (done["status"], done["sent"]["amount_minor"]) == ("settled", 1500)
    parts = market.application.readers.refunds.parts(refund_id)
    assert [part.amount.minor for part in parts] == [1000, 500]
    assert ("payment.refund.settled.v1", 1500) in [
        (name, body.get("amount", {}).get("amount_minor")) for name, body in outbox()
    ]
    assert market.requester.get("/refunds").json["largest"]["amount_minor"] == 1500
    check_books(market, books)


def test_a_refund_can_be_taken_back_or_declined_until_it_is_approved(
    market: Any, clock: Any, books: ModuleType, outbox: Any
) -> None:
    market.pay_in(market.requester, 1000)
    first = ask(market, 400)["refund_id"]
    path, seen = propose(market, first)
    for _ in range(2):
        answer = market.requester.post(f"/refunds/{first}/take-back")
        assert answer.json["status"] == "taken_back"
    assert market.checker.post(path, seen).json["code"] == "refund_not_in_status"
    assert free(market.application) == 1000
    second = ask(market, 1000)["refund_id"]
    decline = f"/refund-requests/{second}/decline"
    assert market.checker.post(decline, {"reason": " "}).json["code"] == "reason_missing"
    declined = market.checker.post(decline, {"reason": "Another card was used."})
    assert (declined.json["status"], declined.json["note"]) == (
        "declined",
        "Another card was used.",
    )
    assert free(market.application) == 1000
    assert [name for name, _ in outbox() if "refund" in name] == ["payment.refund.declined.v1"]
    third = ask(market, 1000)["refund_id"]
    approve(market, third)
    late = market.requester.post(f"/refunds/{third}/take-back")
    assert (late.status_code, late.json["code"]) == (409, "refund_not_in_status")
    run_jobs(market)
    # The processor kept its fee, so that a whole payment is not there: it waits for more.
    assert shown(market, third)["status"] == "approved"
    assert market.checker.get("/exceptions").json["items"][0]["kind"] == "refund_waits"
    market.pay_in(market.requester, 1000)
    clock.advance(seconds=WAIT_SECONDS)
    run_jobs(market)
    assert shown(market, third)["status"] == "settled"
    assert market.checker.get("/exceptions").json["items"] == []
    check_books(market, books)


def test_a_disputed_payment_is_not_sent_back_and_its_part_is_free_again(
    market: Any, books: ModuleType
) -> None:
    market.pay_in(market.requester, 1000)
    market.pay_in(market.requester, 2000)
    refund_id = ask(market, 3000)["refund_id"]
    part = market.application.readers.refunds.parts(refund_id)[0]
    market.processor.control(f"charges/{part.charge_id}/dispute")
    # What Stripe took of the payments must be there: the platform's own money covers it.
    approve(market, refund_id)
    market.pay_in(market.requester, 3000)
    run_jobs(market)
    done = shown(market, refund_id)
    assert (done["status"], done["sent"]["amount_minor"]) == ("settled", 2000)
    assert done["returned"]["amount_minor"] == 1000
    assert free(market.application) == 4000
    check_books(market, books)


@pytest.mark.parametrize("kind", ["lost_answer", "error_before"])
def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(
    market: Any, clock: Any, books: ModuleType, kind: str
) -> None:
    market.pay_in(market.requester, 5000)
    refund_id = ask(market, 1200)["refund_id"]
    approve(market, refund_id)
    market.processor.control(
        "faults", kind=kind, method="POST", path="/v1/refunds", count=1, repeats=2
    )
    market.application.execute_refunds()
    clock.advance(seconds=LEASE_SECONDS)
    run_jobs(market)
    assert shown(market, refund_id)["status"] == "settled"
    (charge,) = charge_ids(market.application)
    part = market.application.readers.refunds.parts(refund_id)[0]
    assert market.application.ask_refund.largest("req_1").left.minor == 3800
    assert part.charge_id == charge
    assert market.checker.get("/exceptions").json["items"] == []
    check_books(market, books)


def test_an_answer_lost_before_a_not_yet_is_found_and_the_money_does_not_go_back_twice(
    market: Any, clock: Any, books: ModuleType
) -> None:
    """The package's own retry hears 429, and what it repeats was carried out."""
    market.pay_in(market.requester, 5000)
    refund_id = ask(market, 3000)["refund_id"]
    approve(market, refund_id)
    for kind in ("lost_answer", "rate_limit"):
        market.processor.control("faults", kind=kind, method="POST", path="/v1/refunds", count=1)
    market.application.execute_refunds()
    (part,) = market.application.readers.refunds.parts(refund_id)
    assert part.state == "approved", "as if nothing had been done"
    clock.advance(seconds=LEASE_SECONDS)
    run_jobs(market)
    assert shown(market, refund_id)["status"] == "settled"
    assert market.requester.get("/wallet").json["free"]["amount_minor"] == 2000
    check_books(market, books)


def test_the_pages_lead_a_refund_from_the_wallet_to_a_second_person(
    market: Any, browsing: Any
) -> None:
    market.pay_in(market.requester, 3000)
    requester = browsing("requester", "req_1")
    requester.post("/pay/refunds", data={"amount": "99", "idempotency_key": "a"})
    assert "At most" in requester.get("/pay/wallet").text
    requester.post("/pay/refunds", data={"amount": "12.50", "idempotency_key": "b"})
    page = requester.get("/pay/wallet").text
    assert "Being checked" in page
    assert "Take it back" in page
    (refund,) = market.application.readers.refunds.listed(10)
    maker = browsing("staff", "stf_maker", "finance.maker")
    assert refund.refund_id in maker.get("/finance/refunds").text
    sent = maker.post(
        f"/finance/refunds/{refund.refund_id}/propose", data={"reason": "x", "idempotency_key": "c"}
    )
    checker = browsing("staff", "stf_checker", "finance.checker")
    assert "waits for a second person" in checker.get("/finance/refunds").text
    proposal = checker.get(sent.location).text
    seen = re.search(r'name="content_hash" value="(\w+)"', proposal)
    assert seen
    checker.post(f"{sent.location}/approve", data={"content_hash": seen[1]})
    run_jobs(market)
    assert "Sent to the card" in requester.get("/pay/wallet").text
    assert "Sent to the card" in checker.get(f"/finance/refunds/{refund.refund_id}").text
    requester.post("/pay/refunds", data={"amount": "1", "idempotency_key": "d"})
    newest = market.application.readers.refunds.listed(1, status=RefundStatus.ASKED)[0].refund_id
    checker.post(f"/finance/refunds/{newest}/decline", data={"reason": "Please write to us."})
    assert "Please write to us." in requester.get("/pay/wallet").text


def test_today_tells_of_refunds_that_nobody_decided_and_of_proposals(
    market: Any, browsing: Any
) -> None:
    market.pay_in(market.requester, 1_000)
    checker = browsing("staff", "stf_checker", "finance.view", "finance.checker")
    assert "/finance/refunds?status=asked" not in checker.get("/finance").text
    refund_id = ask(market, 250)["refund_id"]
    today = checker.get("/finance").text
    assert "1 refund is asked for and not decided" in today
    path, seen = propose(market, refund_id)
    assert "1 proposal waits for approval" in checker.get("/finance").text
    assert market.checker.post(path, seen).status_code == 200
    decided = checker.get("/finance").text
    assert "1 proposal waits" not in decided
    assert "asked for and not decided" not in decided
