"""The exceptions queue: whose they are, how they end, and what a person may do about them."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from openpyxl import load_workbook
from payment_service.application.book_lines import BookLines

SUSPENSE = "asset:suspense:stripe:USD"


@pytest.fixture
def unknown(market: Any) -> Any:
    """A market in whose processor's books a dispute, an exchange and a reserve stand."""
    make = market.make
    lines = [
        make.charge("", -minor, number=n, kind=kind, fee=make.usd(0), net=make.usd(-minor))
        for n, (kind, minor) in enumerate(
            [("adjustment", 2500), ("reserve_transaction", 700), ("forex", 90)], start=1
        )
    ]
    BookLines(market.application.store)(lines)
    market.application.put_bank_account(
        "stf_maker", "main", name="Main", number="0532013000", currency="USD", mapping=None
    )
    return market


@pytest.fixture
def controller(calling: Callable[..., Any]) -> Any:
    return calling("staff", "stf_controller", "finance.controller")


def queue(market: Any, **asked: str) -> list[Any]:
    found: list[Any] = market.checker.get("/exceptions", **asked).json["items"]
    return found


def suspense(market: Any) -> int:
    rows = market.application.journal.trial_balance()
    return sum(row.signed for row in rows if row.path == SUSPENSE)


def proposed(market: Any, kind: str, **payload: Any) -> Any:
    body = {"kind": kind, "payload": payload, "reason": "Looked at it"}
    return market.maker.post("/approvals", body)


def approve(market: Any, approval: Any) -> Any:
    seen = {"content_hash": approval.json["content_hash"]}
    return market.checker.post(f"/approvals/{approval.json['approval_id']}/approve", seen)


def test_a_dispute_an_exchange_and_a_reserve_go_to_suspense_and_wait_for_a_person(
    unknown: Any,
) -> None:
    assert suspense(unknown) == 3290 * 100
    waiting = queue(unknown, sort="amount")
    assert [each["facts"]["line_kind"] for each in waiting] == [
        "adjustment",
        "reserve_transaction",
        "forex",
    ]
    assert {each["kind"] for each in waiting} == {"unidentified_line"}
    assert [each["severity"] for each in waiting] == ["normal", "normal", "low"]
    asked = unknown.checker.get("/exceptions", limit="2", sort="amount").json
    assert (asked["total_count"], asked["amounts"][0]["amount_minor"]) == (3, 3290)
    rest = unknown.checker.get("/exceptions", sort="amount", cursor=asked["next_cursor"]).json
    assert [each["subject"] for each in rest["items"]] == ["txn_3"]


def test_age_makes_it_worse_and_nothing_may_stay_in_suspense(unknown: Any, clock: Any) -> None:
    application = unknown.application
    clock.advance(seconds=6 * 86_400 + 3_600)
    assert application.age_exceptions() == 4, "the three, and the account"
    assert application.age_exceptions() == 0, "once"
    found = queue(unknown, severity="critical", sort="severity")
    assert {each["kind"] for each in found} == {"unidentified_line", "suspense_aged"}
    assert len(queue(unknown, age="4-7")) == 3
    assert len(queue(unknown, age="0-1")) == 1


def test_many_are_given_to_one_person_who_says_what_she_found(unknown: Any) -> None:
    ids = [each["exception_id"] for each in queue(unknown)]
    given = {"exception_ids": ids[:2], "owner": "stf_maker"}
    refused = unknown.maker.post("/exceptions/assign", {**given, "owner": "stf_nobody_knows"})
    assert refused.status_code == 422
    assert unknown.maker.post("/exceptions/assign", given).json == {"assigned_count": 2}
    assert unknown.maker.post("/exceptions/assign", given).json == {"assigned_count": 0}
    assert len(queue(unknown, owner="stf_maker", state="assigned")) == 2
    assert len(queue(unknown, owner="nobody")) == 1
    told = {"text": "The bank's letter", "evidence": {"kind": "ticket", "id": "T-17"}}
    path = f"/exceptions/{ids[0]}"
    assert unknown.maker.post(f"{path}/comments", told).status_code == 201
    assert unknown.maker.post(f"{path}/escalate", {"reason": "Ask the bank"}).json["state"] == (
        "escalated"
    )
    notes = unknown.checker.get(path).json["notes"]
    assert [each["what"] for each in notes] == ["assigned", "comment", "escalated"]
    assert notes[1]["evidence"] == ["ticket", "T-17"]


def test_two_people_clear_a_line_from_suspense_and_one_may_open_it_again(unknown: Any) -> None:
    first, *_ = queue(unknown)
    amount = {"amount_minor": 2500, "currency": "USD"}
    lines = [
        {"account": "asset:dispute:dp_1:USD", "side": "debit", "amount": amount},
        {"account": SUSPENSE, "side": "credit", "amount": amount},
    ]
    name = {"exception_id": first["exception_id"]}
    wrong = proposed(unknown, "exception_resolution", **name, code="because")
    assert wrong.json["code"] == "unknown_resolution"
    made = proposed(unknown, "exception_resolution", **name, code="suspense_cleared", lines=lines)
    assert made.status_code == 201, made.json
    assert queue(unknown, state="pending_resolution")[0]["subject"] == "txn_1"
    again = proposed(unknown, "exception_resolution", **name, code="explained")
    assert again.json["code"] == "resolution_pending"
    path = f"/approvals/{made.json['approval_id']}/reject"
    unknown.checker.post(path, {"note": "Which dispute?"})
    assert len(queue(unknown, state="open")) == 3, "as it was"
    made = proposed(unknown, "exception_resolution", **name, code="suspense_cleared", lines=lines)
    assert approve(unknown, made).status_code == 200
    assert suspense(unknown) == 790 * 100
    [settled] = queue(unknown, state="resolved")
    assert settled["resolution"] == "suspense_cleared"
    reopened = unknown.maker.post(
        f"/exceptions/{first['exception_id']}/reopen", {"reason": "Another dispute"}
    )
    assert reopened.json["state"] == "open"


def test_a_write_off_takes_what_is_in_suspense_as_a_loss(unknown: Any) -> None:
    _, second, third = queue(unknown)
    made = proposed(unknown, "write_off", exception_id=second["exception_id"])
    assert [each["amount"]["amount_minor"] for each in made.json["payload"]["lines"]] == [700, 700]
    assert unknown.maker.post(
        f"/approvals/{made.json['approval_id']}/approve",
        {"content_hash": made.json["content_hash"]},
    ).status_code in {403, 409}
    assert approve(unknown, made).status_code == 200
    assert suspense(unknown) == (3290 - 700) * 100
    assert queue(unknown, state="written_off")[0]["subject"] == "txn_2"
    foreign = proposed(
        unknown,
        "write_off",
        exception_id=third["exception_id"],
        account="liability:worker:wrk_1:payable:USD",
        side="credit",
        amount={"amount_minor": 5, "currency": "USD"},
    )
    assert foreign.status_code == 422, "nobody's pay is written off"
    findings = unknown.checker.get("/audit").json["findings"]
    assert [each["holds"] for each in findings if each["invariant"] in {"I1", "I17"}] == [True] * 2


def test_the_pages_do_the_same_without_a_script(unknown: Any, browsing: Any) -> None:
    maker = browsing("staff", "stf_maker", "finance.view", "finance.maker")
    page = maker.get("/finance/exceptions?sort=-amount&state=open").text
    assert page.index("txn_1") < page.index("txn_2") < page.index("txn_3")
    assert (
        "3 in all" in maker.get(re.findall(r'href="(/finance/exceptions\?age=.*?)"', page)[0]).text
    )
    ids = [each["exception_id"] for each in queue(unknown)]
    form = {"shown": ids, "all": "1", "owner": "stf_maker", "back": "owner=me"}
    answer = maker.post("/finance/exceptions/assign", data={**form, "idempotency_key": "k1"})
    assert answer.location == "/finance/exceptions?owner=me"
    assert "3 in all" in maker.get(answer.location).text
    one = f"/finance/exceptions/{ids[0]}"
    typed = {"code": "suspense_cleared", "debit": "asset:bank:main:USD", "credit": SUSPENSE}
    typed |= {"amount": "25.00", "currency": "USD", "idempotency_key": "k2"}
    assert "Say why" in maker.post(f"{one}/resolve", data=typed).text
    bare = {**typed, "reason": "A sweep", "amount": "5", "currency": "USD", "side": "debit"}
    bare |= {"debit": "", "credit": "", "idempotency_key": "bare"}
    assert "no account" in maker.post(f"{one}/resolve", data=bare).text
    assert "Name the account" in maker.post(f"{one}/write-off", data=bare).text
    made = maker.post(f"{one}/resolve", data={**typed, "reason": "A sweep"})
    assert made.location.startswith("/finance/approvals/")
    assert "Cleared from suspense by an entry" in maker.get(made.location).text
    assert "Open the proposal" in maker.get(one).text
    off = {"reason": "Too small", "idempotency_key": "k3"}
    assert maker.post(f"/finance/exceptions/{ids[2]}/write-off", data=off).status_code == 303
    told = {"text": "Asked", "kind": "ticket", "proof": "T-1", "idempotency_key": "k4"}
    maker.post(f"{one}/comments", data=told)
    assert "T-1" in maker.get(one).text
    table = maker.get("/finance/exceptions.csv?state=pending_resolution").text
    assert len(table.strip().splitlines()) == 3
    book = load_workbook(io.BytesIO(maker.get("/finance/exceptions.xlsx").data))
    rows = list(book.active.iter_rows(values_only=True))
    assert [row[2] for row in rows[1:]] == [-25, -7, -0.9]
