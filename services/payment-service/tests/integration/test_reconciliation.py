"""Reconciliation against the simulator: zero when all is well; one planted cent is found."""

from types import ModuleType
from typing import Any

import pytest
import stripe
from bson import Int64
from crowdloom.kernel import Money
from payment_service.application.book_lines import BookLines
from payment_service.domain.processor_lines import BalanceTransaction

JOURNAL, ACCOUNTS = "journal", "accounts"
PAYABLE = "liability:worker:wrk_1:payable:USD"


@pytest.fixture
def paid(market: Any, calling: Any) -> Any:
    """A market in which one worker was paid, and another is owed."""
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 3)
    market.ask(worker)
    market.pay_out()
    market.earn("wrk_1", 1, batch_id="bat_2")
    assert market.reconcile()["unreconciled_minor"] == 0
    return market


def kinds(result: Any) -> set[str]:
    return {found["kind"] for found in result["differences"]}


def change_entry(market: Any, code: str, *, line: int, side: str) -> None:
    """One cent more on one line, past the database's own refusal."""
    database = market.application.database
    database.command("collMod", JOURNAL, validationLevel="off")
    try:
        entry = database[JOURNAL].find_one({"code": code})
        entry["lines"][line][side] = Int64(entry["lines"][line][side] + 100)
        database[JOURNAL].update_one({"_id": entry["_id"]}, {"$set": {"lines": entry["lines"]}})
    finally:
        database.command("collMod", JOURNAL, validationLevel="strict")


def test_a_cent_too_much_in_a_kept_balance_is_found(paid: Any) -> None:
    database = paid.application.database
    database[ACCOUNTS].update_one({"_id": PAYABLE}, {"$inc": {"posted": Int64(100)}})
    result = paid.reconcile()
    assert kinds(result) == {"kept_balance_drift"}
    assert result["unreconciled_minor"] == 1


@pytest.mark.parametrize(
    ("code", "line", "side", "found"),
    [
        ("topup", 0, "dr", {"amount_mismatch", "ledger_unbalanced"}),
        ("topup", 1, "dr", {"fee_variance", "ledger_unbalanced"}),
        ("topup", 2, "cr", {"ledger_unbalanced", "kept_balance_drift"}),
        ("settle", 0, "dr", {"unexplained_balance_drift", "ledger_unbalanced"}),
        ("payout_post", 1, "cr", {"amount_mismatch", "ledger_unbalanced"}),
        ("accept", 0, "dr", {"kept_balance_drift", "ledger_unbalanced"}),
        ("accept", 2, "cr", {"ledger_unbalanced"}),
    ],
)
def test_a_cent_changed_in_any_kind_of_entry_is_found(
    paid: Any, code: str, line: int, side: str, found: set[str]
) -> None:
    change_entry(paid, code, line=line, side=side)
    result = paid.reconcile()
    assert kinds(result) == found
    assert result["unreconciled_minor"] >= 1
    waiting = paid.checker.get("/exceptions").json["items"]
    assert {each["kind"] for each in waiting} == found


def test_a_processor_line_that_was_never_booked_is_booked_before_anything_is_compared(
    paid: Any, make: ModuleType
) -> None:
    requester = paid.requester
    answer = requester.post("/top-ups", {"amount": make.usd(500).to_wire()})
    paid.processor.pay(answer.json["checkout_url"].rsplit("/", 1)[1])
    assert paid.reconcile()["differences"] == []
    assert requester.get(f"/top-ups/{answer.json['top_up_id']}").json["status"] == "paid"


def test_money_that_nobody_can_explain_is_booked_to_suspense_and_waits_for_a_person(
    paid: Any,
) -> None:
    account = paid.application.show_money.payee("wrk_1").account_id
    settings = paid.application.settings
    sent = paid.processor.http.post(
        f"{settings.stripe_api_base}/v1/transfers",
        data={"amount": 7, "currency": "usd", "destination": account},
        headers={"Authorization": f"Bearer {settings.stripe_api_key}"},
        timeout=10,
    )
    assert sent.status_code == 200, sent.text
    result = paid.reconcile()
    assert kinds(result) == {"unidentified_line"}
    assert result["unreconciled_minor"] == 7
    assert result["journal_minor"] == result["processor_minor"]
    (waiting, *_) = paid.checker.get("/exceptions", kind="unidentified_line").json["items"]
    assert waiting["amount"]["amount_minor"] in (7, -7)
    payload = {"exception_id": waiting["exception_id"]}
    body = {"kind": "write_off", "payload": payload, "reason": "Sent by mistake; it is lost"}
    made = paid.maker.post("/approvals", body).json
    seen = {"content_hash": made["content_hash"]}
    paid.checker.post(f"/approvals/{made['approval_id']}/approve", seen)
    settled = paid.reconcile()
    assert (settled["differences"], settled["unreconciled_minor"]) == ([], 0)
    assert paid.checker.get("/exceptions").json["items"] == []


def test_a_processor_line_that_moves_nothing_is_kept_and_stops_nobody(paid: Any) -> None:
    now = paid.application.clock.now()
    zero = Money.of_minor(0, "USD")
    nothing = BalanceTransaction(
        "txn_nothing",
        "adjustment",
        "src_1",
        zero,
        zero,
        zero,
        available=True,
        available_on=now,
        created_at=now,
    )
    book_lines = BookLines(paid.application.store)
    assert book_lines([nothing]) == 1
    assert book_lines([nothing]) == 0


def test_an_exception_ends_when_its_difference_is_gone(paid: Any) -> None:
    database = paid.application.database
    database[ACCOUNTS].update_one({"_id": PAYABLE}, {"$inc": {"posted": Int64(100)}})
    paid.reconcile()
    assert len(paid.checker.get("/exceptions").json["items"]) == 1
    database[ACCOUNTS].update_one({"_id": PAYABLE}, {"$inc": {"posted": Int64(-100)}})
    assert paid.reconcile()["differences"] == []
    assert paid.checker.get("/exceptions").json["items"] == []


def test_however_many_differences_there_are_each_is_kept_listed_and_an_exception(
    paid: Any, browsing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit, value in {"FIRST_ONES": 2, "_TOGETHER": 1}.items():
        monkeypatch.setattr(f"payment_service.application.found_differences.{limit}", value)
    accounts = paid.application.database[ACCOUNTS]
    count = accounts.count_documents({})
    accounts.update_many({}, {"$inc": {"posted": Int64(100)}})
    result = paid.reconcile()
    assert (result["differences_count"], len(result["differences"])) == (count, 2)
    assert count > 3, "more than two pieces"
    path = f"/reconciliations/{result['reconciliation_id']}/differences"
    listed, cursor = [], None
    while cursor or not listed:
        page = paid.checker.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json
        listed, cursor = listed + page["items"], page["next_cursor"]
    assert len({each["subject"] for each in listed}) == len(listed) == count
    assert paid.checker.get("/reconciliations/rec_0/differences").status_code == 404
    waiting = paid.checker.get("/exceptions").json["items"]
    assert {each["subject"] for each in waiting} == {each["subject"] for each in listed}
    browser = browsing("staff", "stf_checker", "finance.view")
    place = f"/finance/reconciliations/{result['reconciliation_id']}"
    shown = browser.get(place).text
    assert f"{count} in all" in shown
    assert "are kept" not in shown
    assert len(browser.get(f"{place}/differences.csv").text.splitlines()) == count + 1
    accounts.update_many({}, {"$inc": {"posted": Int64(-100)}})
    assert paid.reconcile()["differences_count"] == 0
    assert paid.checker.get("/exceptions").json["items"] == []


def test_a_processor_that_does_not_answer_or_has_nothing_is_a_failure_and_not_zero(
    paid: Any, plug: Any
) -> None:
    plug().http.close()
    empty = paid.reconcile()
    assert (empty["status"], empty["error_code"]) == ("failed", "feed_incomplete")
    assert empty["unreconciled_minor"] is None


def test_a_currency_that_nobody_here_counts_in_stops_the_comparison_and_is_named(
    paid: Any, browsing: Any
) -> None:
    settings = paid.application.settings
    item = {"currency": "thb", "unit_amount": 100_00, "product_data": {"name": "Other"}}
    base = {"api": settings.stripe_api_base}
    client = stripe.StripeClient(settings.stripe_api_key, base_addresses=base)
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": item}],
            "success_url": "http://127.0.0.1/back",
        }
    )
    paid.processor.pay(session.id)
    asked = paid.checker.post("/reconciliations").json
    paid.application.reconcile()
    place = f"reconciliations/{asked['reconciliation_id']}"
    failed = paid.checker.get(f"/{place}").json
    assert (failed["status"], failed["error_code"]) == ("failed", "feed_incomplete")
    page = browsing("staff", "stf_1", "finance.view").get(f"/finance/{place}").text
    assert "THB" in page
    assert "did not tell all that it has" in page


def test_asking_twice_with_one_key_is_one_reconciliation(market: Any) -> None:
    first = market.checker.post("/reconciliations", key="k").json
    assert market.checker.post("/reconciliations", key="k").json == first
    assert len(market.checker.get("/reconciliations").json["items"]) == 1
