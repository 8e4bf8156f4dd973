"""Other ways to be paid: a bank file that two people handle, and gift credit that is spent here."""

import io
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from crowdloom.kernel import Currency
from defusedxml.ElementTree import fromstring
from flask import Flask
from payment_service.application.rows import Order
from payment_service.domain.entries import Entry, Line
from payment_service.domain.iban import WrongIban, parse_iban
from payment_service.domain.payouts import Rail

IBAN = "GB82 WEST 1234 5698 7654 32"
USD = Currency.of("USD")
BANK = {"holder": "Leila Ahmadi", "iban": IBAN}


@pytest.fixture
def worker(calling: Callable[..., Any]) -> Any:
    return calling("worker", "wrk_1")


@pytest.fixture
def banked(market: Any, worker: Any) -> Any:
    """A market in which one worker has earned ten cents and asks for them by bank transfer."""
    market.earn("wrk_1", 2)
    assert worker.post("/payout-account/bank", BANK).json["rail"] == "bank_file"
    assert worker.post("/payout-requests").status_code == 201
    return market


def into_the_bank(market: Any, minor: int) -> None:
    units = minor * 100
    lines = (Line("asset:bank:main:USD", units, 0), Line("equity:opening:USD", 0, units))
    entry = Entry(key="opening:bank", code="opening", currency=USD, lines=lines)
    market.application.store.run(lambda session: session.ledger.post(entry))


def frozen(market: Any, rail: str) -> tuple[str, dict[str, str]]:
    run_id = market.maker.post("/payout-runs", {"rail": rail}).json["payout_run_id"]
    digest = market.maker.post(f"/payout-runs/{run_id}/freeze").json["content_hash"]
    return run_id, {"content_hash": digest}


def approved(market: Any, rail: str) -> str:
    run_id, seen = frozen(market, rail)
    answer = market.checker.post(f"/payout-runs/{run_id}/approve", seen)
    assert answer.json["status"] == "executing", answer.json
    market.settle_payouts()
    return run_id


def decided(market: Any, kind: str, run_id: str) -> Any:
    """Proposed by the maker, who cannot approve it, and approved by the checker."""
    body = {"kind": kind, "payload": {"run_id": run_id}, "reason": "because"}
    proposed = market.maker.post("/approvals", body)
    assert proposed.status_code == 201, proposed.text
    path = f"/approvals/{proposed.json['approval_id']}/approve"
    seen = {"content_hash": proposed.json["content_hash"]}
    assert market.checker.post(path, seen).json["status"] == "approved"
    return market.run(run_id)


def texts(root: Element, tag: str) -> list[str | None]:
    return [found.text for found in root.iter() if found.tag.endswith(f"}}{tag}")]


def broken_rules(market: Any, calling: Callable[..., Any]) -> list[str]:
    """What the audit finds, once all is published and sealed, and the processor was read."""
    market.application.poll_processor.catch_up()
    market.application.seal_journal()
    market.application.database["outbox"].update_many({}, {"$unset": {"pending": ""}})
    found = calling("staff", "stf_auditor", "auditor").get("/audit").json["findings"]
    return [f"{each['invariant']} {each['broken']}" for each in found if not each["holds"]]


def test_a_bank_file_names_each_line_and_its_payouts_are_in_transit_once_two_people_say_so(
    banked: Any, worker: Any, calling: Callable[..., Any], clock: Any
) -> None:
    run_id, seen = frozen(banked, "bank_file")
    refused = banked.checker.post(f"/payout-runs/{run_id}/approve", seen)
    assert refused.json["code"] == "too_little_available", "the bank holds nothing"
    into_the_bank(banked, 1_000)
    assert banked.checker.post(f"/payout-runs/{run_id}/approve", seen).status_code == 200
    banked.settle_payouts()
    (item,) = banked.run(run_id)["items"]
    assert (item["state"], item["rail"]) == ("filed", "bank_file")
    assert banked.maker.get(f"/payout-runs/{run_id}/bank-file").status_code == 403
    answer = banked.checker.get(f"/payout-runs/{run_id}/bank-file")
    assert answer.headers["Content-Disposition"] == "attachment; filename=CL-1-1.xml"
    document = fromstring(answer.data)
    assert texts(document, "EndToEndId") == [item["payout_item_id"]]
    assert texts(document, "InstdAmt") == ["0.10"]
    assert texts(document, "IBAN") == ["DE89370400440532013000", IBAN.replace(" ", "")]
    changing = worker.post("/payout-account/gift-credit")
    assert (changing.status_code, changing.json["code"]) == (409, "payout_under_way")
    (item,) = decided(banked, "bank_file_sent", run_id)["items"]
    assert (item["state"], item["transfer_id"]) == ("sent", "CL-1-1")
    none_left = banked.checker.get(f"/payout-runs/{run_id}/bank-file")
    assert none_left.json["code"] == "no_bank_file"
    assert worker.get("/earnings").json["on_its_way"]["amount_minor"] == 10
    assert banked.processor.transfers()["count"] == 0
    clock.advance(seconds=4 * 86_400)
    assert broken_rules(banked, calling) == [], "four days in transit are nothing unusual"


@pytest.fixture
def told(banked: Any, web: Flask) -> Callable[[str], str]:
    """A statement of one line, confirmed; returns the line's id."""
    mapping = {"date": "Day", "amount": "Amount", "balance": "Balance", "text": "Text"}
    account = {"account_id": "main", "name": "Main", "number": "532013000", "currency": "USD"}
    assert banked.maker.post("/bank-accounts", {**account, "mapping": mapping}).status_code == 200

    def tell(line: str) -> str:
        content = f"Day,Amount,Balance,Text\n{line}\n".encode()
        answer = web.test_client().post(
            "/api/payments/v1/bank-statements",
            data={"account_id": "main", "file": (io.BytesIO(content), "s.csv")},
            headers={"Authorization": f"Bearer {banked.maker.token}"},
        )
        assert answer.status_code == 200, answer.text
        path = f"/bank-statements/files/{answer.json['file_id']}/confirm"
        (statement_id,) = banked.maker.post(path).json["statement_ids"]
        lines = banked.maker.get(f"/bank-statements/{statement_id}/lines").json["items"]
        return str(lines[0]["line_id"])

    return tell


@pytest.fixture
def paid_by_bank(banked: Any, told: Callable[[str], str]) -> tuple[str, str]:
    """A run whose one line the bank has paid, and that line."""
    told("2026-11-02,10.00,10.00,our own money")
    run_id = approved(banked, "bank_file")
    (item,) = decided(banked, "bank_file_sent", run_id)["items"]
    told(f"2026-11-03,-0.10,9.90,payout {item['payout_item_id']}")
    return run_id, item["payout_item_id"]


def test_the_bank_line_that_names_the_payout_line_pays_it(
    banked: Any, worker: Any, calling: Callable[..., Any], paid_by_bank: tuple[str, str]
) -> None:
    run = banked.run(paid_by_bank[0])
    assert (run["status"], run["items"][0]["state"]) == ("completed", "paid")
    assert worker.get("/earnings").json["paid"]["amount_minor"] == 10
    assert banked.application.show_finance.available(Rail.BANK_FILE).minor == 990
    banked.reconcile()
    assert broken_rules(banked, calling) == []


def test_a_payout_that_the_bank_sends_back_is_held_until_two_people_release_it(
    banked: Any,
    worker: Any,
    calling: Callable[..., Any],
    browsing: Callable[..., Any],
    told: Callable[[str], str],
    paid_by_bank: tuple[str, str],
    outbox: Any,
) -> None:
    run_id, item_id = paid_by_bank
    line_id = told(f"2026-11-05,0.10,10.00,RETURN {item_id} account closed")
    run = banked.run(run_id)
    assert (run["status"], run["items"][0]["state"]) == ("completed_with_exceptions", "returned")
    earned = worker.get("/earnings").json
    assert (earned["held"]["amount_minor"], earned["paid"]["amount_minor"]) == (10, 0)
    (request,) = worker.get("/payout-requests").json["items"]
    assert (request["status"], request["refusal_code"]) == ("failed", "payout_returned")
    name, body = next(each for each in reversed(outbox()) if "payout" in each[0])
    assert (name, body["code"]) == ("payment.payout.failed.v1", "payout_returned")
    trail = banked.checker.get(f"/payout-items/{item_id}/trail").json
    assert {link["state"] for link in trail["links"]} <= {"holds", "absent"}
    banked.reconcile()
    assert broken_rules(banked, calling) == []
    by_hand(banked, "statement_unmatch", {"line_id": line_id})
    assert banked.run(run_id)["items"][0]["state"] == "paid", "it was something else"
    assert worker.get("/earnings").json["held"]["amount_minor"] == 0
    assert banked.maker.get("/holds").json["items"] == []
    assert broken_rules(banked, calling) == []
    match = {"line_id": line_id, "kind": "payout_return", "target": item_id}
    by_hand(banked, "statement_match", match)
    assert banked.run(run_id)["items"][0]["state"] == "returned"
    assert worker.post("/payout-requests").json["code"] == "payout_account_not_ready"
    assert "Give your bank details again" in browsing("worker", "wrk_1").get("/pay/earnings").text
    (held,) = banked.maker.get("/holds").json["items"]
    assert (held["item_id"], held["amount"]["amount_minor"]) == (item_id, 10)
    by_hand(banked, "hold_release", {"hold_id": held["hold_id"]})
    refused = worker.post("/payout-requests").json
    assert "give your bank details again" in refused["detail"], "it would come back again"
    assert worker.post("/payout-account/bank", BANK).status_code == 200
    assert worker.post("/payout-requests").status_code == 201
    again = approved(banked, "bank_file")
    assert [item["state"] for item in banked.run(again)["items"]] == ["filed"]
    assert broken_rules(banked, calling) == []


def by_hand(market: Any, kind: str, payload: dict[str, str]) -> None:
    body = {"kind": kind, "payload": payload, "reason": "The bank says so"}
    proposed = market.maker.post("/approvals", body)
    assert proposed.status_code == 201, proposed.text
    seen = {"content_hash": proposed.json["content_hash"]}
    path = f"/approvals/{proposed.json['approval_id']}/approve"
    assert market.checker.post(path, seen).status_code == 200


def test_a_file_that_is_not_used_gives_the_money_back_and_the_line_goes_into_the_next(
    banked: Any, worker: Any, books: Any
) -> None:
    into_the_bank(banked, 1_000)
    run_id = approved(banked, "bank_file")
    run = decided(banked, "bank_file_void", run_id)
    (item,) = run["items"]
    assert (run["status"], item["state"]) == ("completed_with_exceptions", "failed")
    assert worker.get("/earnings").json["payable"]["amount_minor"] == 10
    banked.maker.post(f"/payout-runs/{run_id}/items/{item['payout_item_id']}/retry")
    banked.settle_payouts()
    assert banked.checker.get(f"/payout-runs/{run_id}/bank-file").status_code == 200
    books.check(banked.application)


def test_bank_details_are_checked_sealed_and_count_as_new_when_they_change(
    banked: Any, worker: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = worker.post("/payout-account/bank", {**BANK, "iban": IBAN.replace("32", "23")})
    assert (wrong.status_code, wrong.json["code"]) == (422, "wrong_iban")
    kept = str(banked.application.database["payees"].find_one({"_id": "wrk_1"}))
    assert "WEST" not in kept
    plans = banked.application.plan_runs
    limits = type(plans._limits)(minimum_minor=1, details_days=7)
    monkeypatch.setattr(plans, "_limits", limits)
    assert banked.maker.post("/payout-runs", {"rail": "bank_file"}).json["code"] == (
        "nothing_eligible"
    )
    preview = plans.preview(USD, banked.application.choose_rail.offered[1])
    assert preview.left_out == {"details_too_new": 1}
    clock.advance(seconds=8 * 86_400)
    assert banked.maker.post("/payout-runs", {"rail": "bank_file"}).status_code == 201


def test_gift_credit_is_paid_at_once_shown_once_and_redeemed_once(
    market: Any, worker: Any, calling: Callable[..., Any]
) -> None:
    market.earn("wrk_1", 2)
    into_the_bank(market, 1_000)
    worker.post("/payout-account/gift-credit")
    worker.post("/payout-requests")
    run = market.run(approved(market, "gift_credit"))
    assert (run["status"], run["items"][0]["state"]) == ("completed", "paid")
    (gift,) = worker.get("/gift-credits").json["items"]
    path = f"/gift-credits/{gift['gift_id']}/code"
    assert calling("worker", "wrk_2").post(path).status_code == 404
    void, code = (worker.post(path).json["code"] for _ in range(2))
    assert code not in str(list(market.application.database["gifts"].find()))
    requester, other = calling("requester", "req_9"), calling("requester", "req_8")
    refused = requester.post("/gift-codes/redeem", {"code": void})
    assert (refused.status_code, refused.json["code"]) == (422, "gift_code_unknown")
    for _ in range(2):
        redeemed = requester.post("/gift-codes/redeem", {"code": code.lower().replace("-", " ")})
        assert redeemed.json["amount"]["amount_minor"] == 10
    assert other.post("/gift-codes/redeem", {"code": code}).status_code == 422
    assert requester.get("/wallet").json["free"]["amount_minor"] == 10
    assert worker.post(path).json["code"] == "gift_redeemed"
    assert market.reconcile()["unreconciled_minor"] == 0
    assert broken_rules(market, calling) == []


def test_the_pages_lead_from_a_bank_account_to_a_file_and_from_a_credit_to_a_wallet(
    market: Any, browsing: Any
) -> None:
    market.earn("wrk_1", 2)
    into_the_bank(market, 1_000)
    worker = browsing("worker", "wrk_1")
    assert "Bank transfer" in worker.get("/pay/earnings").text
    account = "/pay/payout-account/bank"
    assert "This is no IBAN" in worker.post(account, data={**BANK, "iban": "GB82"}).text
    assert worker.post(account, data=BANK).status_code == 303
    page = worker.get("/pay/earnings").text
    assert "GB82 … 5432" in page
    assert "WEST" not in page
    worker.post("/pay/payout-requests")
    maker = browsing("staff", "stf_maker", "finance.view", "finance.maker")
    checker = browsing("staff", "stf_checker", "finance.view", "finance.checker")
    assert "Next run: Bank transfer" in maker.get("/finance/payout-runs").text
    run_id = approved(market, "bank_file")
    run = f"/finance/payout-runs/{run_id}"
    assert "bank-file.xml" not in maker.get(run).text
    assert f"{run}/bank-file.xml" in checker.get(run).text
    proposal = maker.post(f"{run}/bank-file/sent", data={"idempotency_key": "k"}).location
    assert "Bank file handed to the bank" in checker.get(proposal).text
    worker = browsing("worker", "wrk_2")
    market.earn("wrk_2", 2, batch_id="bat_2")
    worker.post("/pay/payout-account/gift-credit")
    worker.post("/pay/payout-requests")
    approved(market, "gift_credit")
    gift = market.application.tables.gifts("wrk_2").page(Order("received"), 1)[0].item_id
    assert f"/pay/gift-credits/{gift}/code" in worker.get("/pay/earnings").text
    code = worker.post(f"/pay/gift-credits/{gift}/code").text.split('value="')[1].split('"')[0]
    requester = browsing("requester", "req_9")
    assert "not known" in requester.post("/pay/gift-code", data={"code": "x"}).text
    assert requester.post("/pay/gift-code", data={"code": code}).location == "/pay/wallet"


@pytest.mark.parametrize("wrong", ["", "GB82", "XX82WEST12345698765432", "GB83WEST12345698765432"])
def test_what_is_no_iban_is_refused(wrong: str) -> None:
    assert parse_iban(" gb82 west 1234 5698 7654 32 ") == "GB82WEST12345698765432"
    with pytest.raises(WrongIban):
        parse_iban(wrong)
