"""The four-way view: from a payout to the work and to the bank line, and the first broken link."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from crowdloom.kernel import Money
from flask.testing import FlaskClient
from payment_service.adapters.stripe_processor import StripeProcessor
from payment_service.application.bank_ports import StatementFile
from payment_service.domain.memos import ConnectedPayout

TRAIL = "/finance/reconciliation"
BANK = {"holder": "Leila Ahmadi", "iban": "GB82WEST12345698765432"}
MAPPING = {"date": "day", "amount": "amount", "balance": "balance", "text": "text"}


@pytest.fixture
def checker(browsing: Callable[..., FlaskClient]) -> FlaskClient:
    return browsing("staff", "stf_checker", "finance.view", "finance.checker")


def states(market: Any, item_id: str) -> dict[str, str]:
    return {
        link.name: link.state.value for link in market.application.show_trail.item(item_id).links
    }


def entry_of(market: Any, key: str) -> str:
    return str(market.application.database["journal"].find_one({"key": key})["_id"])


def decided(market: Any, kind: str, payload: dict[str, str]) -> None:
    body = {"kind": kind, "payload": payload, "reason": "because"}
    made = market.maker.post("/approvals", body)
    assert made.status_code == 201, made.text
    seen = {"content_hash": made.json["content_hash"]}
    path = f"/approvals/{made.json['approval_id']}/approve"
    assert market.checker.post(path, seen).status_code == 200


def statement(market: Any, *rows: str) -> list[Any]:
    """Book a statement of the rows; returns its lines."""
    desk = market.application.import_statements
    content = "\n".join(["day,amount,balance,text", *rows, ""]).encode()
    looked = desk.look("stf_maker", "main", StatementFile("s.csv", content))
    (statement_id,) = desk.confirm("stf_maker", looked.file_id)
    return list(market.application.readers.bank_lines.of_statement(statement_id, 50))


def test_each_payout_leads_to_the_work_that_it_pays_first_in_first_out_and_back(
    market: Any, calling: Callable[..., Any], checker: FlaskClient
) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 3)
    market.ask(worker)
    run = market.pay_out()
    (item,) = run["items"]
    market.earn("wrk_1", 2, batch_id="bat_2")
    market.ask(worker)
    (second,) = market.pay_out()["items"]
    market.earn("wrk_1", 1, batch_id="bat_3")
    first = market.application.show_trail.item(item["payout_item_id"])
    assert {share.batch_id for share in first.shares} == {"bat_1"}
    assert sum(share.amount.minor for share in first.shares) == 15
    assert all(share.accept_id for share in first.shares)
    expected = {"work": "holds", "ledger": "holds", "processor": "holds", "bank": "absent"}
    for each in (item, second):
        assert states(market, each["payout_item_id"]) == expected
    for key, paid_by in (
        ("accept:asg_1001", item),
        ("mature:asg_1002", item),
        ("accept:asg_2001", second),
    ):
        answer = checker.get(f"{TRAIL}/entries/{entry_of(market, key)}/payout")
        assert answer.location == f"{TRAIL}/items/{paid_by['payout_item_id']}", key
    show = market.application.show_trail
    assert show.reward("wrk_1", "asg_1001").is_paid
    waits = show.reward("wrk_1", "asg_3000")
    assert (waits.payable_at is None, waits.payout) == (False, None)
    waiting = checker.get(f"{TRAIL}/entries/{entry_of(market, 'accept:asg_3000')}/payout")
    assert waiting.location.startswith("/finance/ledger/entries/")
    told = market.checker.get(f"/payout-items/{item['payout_item_id']}/trail").json
    assert (told["broken"], len(told["shares"])) == (None, 3)
    page = checker.get(f"{TRAIL}/items/{item['payout_item_id']}").text
    assert "asg_1001" in page
    assert "Broken" not in page
    assert checker.get(f"{TRAIL}/runs/{run['payout_run_id']}").text.count("Agrees") == 3
    assert checker.get(f"{TRAIL}/items/pay_0").status_code == 404
    assert checker.get(f"{TRAIL}/runs/run_0").status_code == 404


@pytest.mark.parametrize(
    ("collection", "query", "broken"),
    [
        ("journal", {"key": "accept:asg_1001"}, "work"),
        ("journal", {"key": "mature:asg_1001"}, "work"),
        ("journal", {"code": "payout_post"}, "ledger"),
        ("stripe_bt", {"kind": "transfer"}, "processor"),
    ],
)
def test_the_first_link_that_is_missing_is_the_one_that_is_marked(
    market: Any,
    calling: Callable[..., Any],
    checker: FlaskClient,
    collection: str,
    query: dict[str, str],
    broken: str,
) -> None:
    market.earn("wrk_1", 2)
    market.earn("wrk_1", 1, batch_id="bat_2")
    market.ask(calling("worker", "wrk_1"))
    (item,) = market.pay_out()["items"]
    market.application.database[collection].delete_one(query)
    found = market.application.show_trail.item(item["payout_item_id"])
    assert found.broken == broken
    page = checker.get(f"{TRAIL}/items/{item['payout_item_id']}").text
    assert page.count("first-broken") == 1


@pytest.fixture
def filed(market: Any, calling: Callable[..., Any]) -> Any:
    """A market whose bank file with one line of ten cents was handed to the bank."""
    market.application.put_bank_account(
        "stf_maker", "main", name="Main", number="0532013000", currency="USD", mapping=MAPPING
    )
    statement(market, "2026-10-31,1.00,100.00,interest")
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 2)
    assert worker.post("/payout-account/bank", BANK).json["rail"] == "bank_file"
    assert worker.post("/payout-requests").status_code == 201
    run_id = market.maker.post("/payout-runs", {"rail": "bank_file"}).json["payout_run_id"]
    seen = {"content_hash": market.maker.post(f"/payout-runs/{run_id}/freeze").json["content_hash"]}
    assert market.checker.post(f"/payout-runs/{run_id}/approve", seen).status_code == 200
    market.settle_payouts()
    decided(market, "bank_file_sent", {"run_id": run_id})
    market.run_id = run_id
    return market


def test_the_bank_line_with_its_end_to_end_id_pays_a_line_of_the_bank_file_once(
    filed: Any, calling: Callable[..., Any], checker: FlaskClient, books: Any
) -> None:
    (item,) = filed.run(filed.run_id)["items"]
    item_id = item["payout_item_id"]
    assert states(filed, item_id)["bank"] == "waits"
    said = f"SEPA {item_id.replace('_', '').upper()}"
    paid, again = statement(
        filed, f"2026-11-03,-0.10,99.90,{said}", f"2026-11-03,-0.10,99.80,{said}"
    )
    assert (paid.kind, paid.target, again.state.value) == ("payout_item", item_id, "unmatched")
    assert filed.run(filed.run_id)["status"] == "completed"
    assert states(filed, item_id) == {
        "work": "holds",
        "ledger": "holds",
        "processor": "absent",
        "bank": "holds",
    }
    kinds = [each["kind"] for each in filed.checker.get("/exceptions").json["items"]]
    assert sorted(kinds) == ["duplicate", "unmatched_bank_line"]
    earned = calling("worker", "wrk_1").get("/earnings").json
    assert (earned["paid"]["amount_minor"], earned["on_its_way"]["amount_minor"]) == (10, 0)
    page = checker.get(f"/finance/bank-statements/lines/{paid.line_id}").text
    assert f"{TRAIL}/items/{item_id}" in page
    decided(filed, "statement_unmatch", {"line_id": paid.line_id})
    assert states(filed, item_id)["ledger"] == "waits"
    assert filed.run(filed.run_id)["status"] == "executing"
    decided(
        filed,
        "statement_match",
        {"line_id": again.line_id, "kind": "payout_item", "target": item_id},
    )
    assert states(filed, item_id)["bank"] == "holds"
    findings = filed.application.audit_money()
    assert [f for f in findings if f.invariant in {"I1", "I3", "I10", "I15"} and not f.holds] == []
    books.check(filed.application)


def test_one_line_that_names_the_bank_file_alone_pays_all_of_its_lines(
    filed: Any, calling: Callable[..., Any], books: Any
) -> None:
    (item,) = filed.run(filed.run_id)["items"]
    (line,) = statement(filed, f"2026-11-03,-0.10,99.90,{item['transfer_id']}")
    assert (line.kind, line.target, line.rule) == ("bank_file", item["transfer_id"], "group")
    assert states(filed, item["payout_item_id"])["bank"] == "holds"
    decided(filed, "statement_unmatch", {"line_id": line.line_id})
    assert filed.run(filed.run_id)["items"][0]["state"] == "sent"
    filed.application.reconcile.outcome()
    assert filed.run(filed.run_id)["items"][0]["state"] == "paid"
    books.check(filed.application)


def test_a_payout_that_the_processor_made_in_another_currency_is_no_difference(
    market: Any, calling: Callable[..., Any], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It converts what arrived where a worker's bank is in another country."""
    market.earn("wrk_1", 3)
    market.ask(calling("worker", "wrk_1"))
    market.pay_out()
    clock.advance(seconds=86_400)
    amount, now = Money.of_minor(14, "EUR"), clock.now()
    converted = ConnectedPayout("po_1", amount=amount, status="paid", created_at=now)
    monkeypatch.setattr(StripeProcessor, "connected_payouts", lambda *_: [converted])
    assert market.application.poll_processor.follow_connected() == 0
    assert market.checker.get("/exceptions").json["items"] == []
    in_dollars = replace(converted, payout_id="po_2", amount=Money.of_minor(99, "USD"))
    clock.advance(seconds=86_400)
    monkeypatch.setattr(StripeProcessor, "connected_payouts", lambda *_: [converted, in_dollars])
    assert market.application.poll_processor.follow_connected() == 0
    (waiting,) = market.checker.get("/exceptions").json["items"]
    assert (waiting["kind"], waiting["subject"]) == ("amount_mismatch", "po_2")
    back = replace(converted, payout_id="po_3", status="failed", failure_code="account_closed")
    clock.advance(seconds=86_400)
    monkeypatch.setattr(StripeProcessor, "connected_payouts", lambda *_: [back])
    assert market.application.poll_processor.follow_connected() == 0
    told = {
        each["subject"]: each["facts"] for each in market.checker.get("/exceptions").json["items"]
    }
    assert told["po_3"]["code"] == "account_closed", (
        "the bank sent it back, and the worker lacks it"
    )


def test_the_last_link_is_the_payout_to_the_workers_own_bank_and_one_that_came_back_is_told(
    market: Any,
    calling: Callable[..., Any],
    browsing: Callable[..., FlaskClient],
    checker: FlaskClient,
    outbox: Callable[[], list[tuple[str, Any]]],
    clock: Any,
    books: Any,
) -> None:
    app, simulator = market.application, market.processor
    # Ours is months ahead where other tests have closed some: what was paid "now" is old then.
    ahead_seconds = int(clock.now().timestamp() - time.time())
    simulator.control("clock", advance_seconds=max(ahead_seconds, 0))
    market.earn("wrk_1", 3)
    market.ask(calling("worker", "wrk_1"))
    (item,) = market.pay_out()["items"]
    item_id, account = item["payout_item_id"], app.show_money.payee("wrk_1").account_id
    earnings = browsing("worker", "wrk_1")
    assert "of it still at the processor" in earnings.get("/pay/earnings").text
    assert app.poll_processor.follow_connected() == 0
    clock.advance(seconds=86_400)
    paid = simulator.control(f"accounts/{account}/payouts")
    assert app.poll_processor.follow_connected() == 1
    assert states(market, item_id)["bank"] == "holds"
    assert paid["id"] in checker.get(f"{TRAIL}/items/{item_id}").text
    assert "of it still at the processor" not in earnings.get("/pay/earnings").text
    simulator.control(f"payouts/{paid['id']}/fail")
    clock.advance(seconds=86_400)
    assert app.poll_processor.follow_connected() == 1
    assert app.show_trail.item(item_id).broken == "bank"
    assert app.show_money.payee("wrk_1").status == "restricted"
    assert "Your bank sent a payout back" in earnings.get("/pay/earnings").text
    told = [body for name, body in outbox() if name == "payment.payout.came_back.v1"]
    assert [(each["payout_id"], each["code"]) for each in told] == [(paid["id"], "account_closed")]
    clock.advance(seconds=86_400)
    assert app.poll_processor.follow_connected() == 0, "nothing is noted twice"
    assert market.reconcile()["differences"] == []
    paths = [row.path for row in app.journal.trial_balance()]
    assert not [path for path in paths if path.startswith("memo:")]
    books.check(app)
    app.database["memo_accounts"].update_one({}, {"$inc": {"posted": 100}})
    (found,) = (each for each in app.audit_money() if each.invariant == "I2")
    assert [row.partition(":acct")[0] for row in found.broken] == ["memo:connected"]
