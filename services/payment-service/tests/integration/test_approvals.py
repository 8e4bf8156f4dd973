"""Maker and checker: proposals, holds, entries by hand and corrections."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from payment_service.bootstrap import Application

Calling = Callable[..., Any]
VIEW, MAKER, CHECKER = "finance.view", "finance.maker", "finance.checker"
SUSPENSE, GOODWILL = "asset:suspense:stripe:USD", "expense:goodwill:USD"


@pytest.fixture
def maker(calling: Calling) -> Any:
    """May check as well, and not what is hers."""
    return calling("staff", "stf_maker", MAKER, CHECKER)


@pytest.fixture
def checker(calling: Calling) -> Any:
    return calling("staff", "stf_checker", VIEW, CHECKER)


def lines(debit: int = 500, credit: int = 500) -> list[dict[str, Any]]:
    return [
        {
            "account": GOODWILL,
            "side": "debit",
            "amount": {"amount_minor": debit, "currency": "USD"},
        },
        {
            "account": SUSPENSE,
            "side": "credit",
            "amount": {"amount_minor": credit, "currency": "USD"},
        },
    ]


def proposed(maker: Any, kind: str = "manual_entry", **payload: Any) -> dict[str, Any]:
    body = {"kind": kind, "payload": payload or {"lines": lines()}, "reason": "a gesture"}
    answer = maker.post("/approvals", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def approve(who: Any, proposal: dict[str, Any], seen: str | None = None) -> Any:
    return who.post(
        f"/approvals/{proposal['approval_id']}/approve",
        {"content_hash": seen or proposal["content_hash"]},
    )


def test_an_entry_by_hand_is_booked_once_another_person_has_approved_it(
    application: Application, maker: Any, checker: Any, books: Any
) -> None:
    proposal = proposed(maker)
    assert application.journal.count() == 0
    assert approve(checker, proposal).json["status"] == "approved"
    assert approve(checker, proposal).status_code == 200
    entry = application.journal.entries(count_max=5)[0]
    assert application.journal.count() == 1
    assert (entry.code, entry.refs["maker"], entry.refs["checker"]) == (
        "manual",
        "stf_maker",
        "stf_checker",
    )


def test_whoever_proposed_cannot_approve_and_may_take_it_back(
    application: Application, maker: Any, checker: Any
) -> None:
    proposal = proposed(maker)
    refused = approve(maker, proposal)
    assert (refused.status_code, refused.json["code"]) == (403, "maker_is_checker")
    taken = maker.post(f"/approvals/{proposal['approval_id']}/reject", {"note": "a slip"})
    assert taken.json["status"] == "rejected"
    assert approve(checker, proposal).json["code"] == "already_decided"
    assert application.journal.count() == 0


def test_what_was_not_seen_is_not_approved(
    application: Application, maker: Any, checker: Any
) -> None:
    refused = approve(checker, proposed(maker), seen="0" * 64)
    assert (refused.status_code, refused.json["code"]) == (409, "content_changed")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"lines": lines(500, 499)}, "invalid_input"),
        ({"lines": []}, "invalid_input"),
        ({"lines": [lines()[0], {**lines()[0], "side": "credit"}]}, "invalid_input"),
        ({"lines": "all of it"}, "invalid_input"),
        ({"lines": [{**lines()[0], "account": "expense:holidays:USD"}]}, "invalid_input"),
        ({"lines": [{**lines()[0], "account": "asset:bank:بانک:USD"}]}, "invalid_input"),
        ({"lines": [{**lines()[0], "side": "left"}]}, "invalid_input"),
        ({"lines": [{**lines()[0], "amount": 5}]}, "invalid_input"),
        ({"lines": lines(-5, -5)}, "invalid_input"),
        ({"lines": lines(), "effective_on": "0001-01-01"}, "invalid_input"),
        ({"lines": lines(), "effective_on": "1926-11-02"}, "invalid_input"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_when_it_is_proposed(
    application: Application, maker: Any, payload: Any, code: str
) -> None:
    answer = maker.post(
        "/approvals", {"kind": "manual_entry", "payload": payload, "reason": "because"}
    )
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert application.readers.approvals.listed(5) == []


def test_an_entry_by_hand_is_of_somebody_and_something_that_we_know(
    market: Any, maker: Any
) -> None:
    market.earn("wrk_1", 1)
    market.application.put_bank_account(
        "stf_maker", "main", name="Main", number="0532013000", currency="USD", mapping=None
    )
    batch = market.application.database["batches"].find_one()["_id"]

    def answer(path: str, other: str = SUSPENSE) -> int:
        one, two = lines()
        both = [{**one, "account": f"{path}:USD"}, {**two, "account": other}]
        body = {"kind": "manual_entry", "payload": {"lines": both}, "reason": "because"}
        return int(maker.post("/approvals", body).status_code)

    known = [
        *("liability:requester:req_1:wallet", "asset:receivable:requester:req_1"),
        *("liability:worker:wrk_1:payable", "asset:receivable:worker:wrk_1"),
        *(f"liability:requester:req_1:escrow:{batch}:0", "asset:bank:main", "asset:suspense:bank"),
        *("asset:transit:stripe:bank", "asset:dispute:dp_1", "liability:tax:vat:DE"),
    ]
    assert {path: answer(path) for path in known} == dict.fromkeys(known, 201)
    assert answer("asset:bank:second", "equity:opening:USD") == 201, "before its first statement"
    slips = [
        *("liability:requester:req_2:wallet", "asset:receivable:requester:req_2"),
        *("liability:worker:wrk_2:payable", "asset:receivable:worker:wrk_2"),
        *(f"liability:requester:req_1:escrow:{batch}x:0", "liability:payout:pay_1"),
        *("asset:bank:mian", "asset:dispute:1", "asset:suspense:strip"),
        *("asset:transit:bank:stripe", "liability:tax:vat:Germany"),
    ]
    assert {path: answer(path) for path in slips} == dict.fromkeys(slips, 422)


def test_more_than_the_database_keeps_in_a_short_number_is_booked_and_shown(
    application: Application, maker: Any, checker: Any, browsing: Any
) -> None:
    proposal = proposed(maker, lines=lines(3_000_000_000, 3_000_000_000))
    assert approve(checker, proposal).json["status"] == "approved"
    page = browsing("staff", "stf_1", VIEW).get(f"/finance/approvals/{proposal['approval_id']}")
    assert "$30,000,000.00" in page.text
    assert application.journal.count() == 1


def test_a_key_that_named_another_proposal_is_refused_and_the_same_one_is_known_again(
    application: Application, maker: Any
) -> None:
    body = {"kind": "manual_entry", "payload": {"lines": lines()}, "reason": "a gesture"}
    first, again = (maker.post("/approvals", body, key="k").json for _ in range(2))
    assert first["approval_id"] == again["approval_id"]
    for other in ({"reason": "no gesture"}, {"payload": {"lines": lines(600, 600)}}):
        refused = maker.post("/approvals", {**body, **other}, key="k")
        assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")
    assert len(application.readers.approvals.listed(5)) == 1


def test_an_unknown_kind_and_a_reason_that_is_missing_or_endless_are_refused(
    market: Any, maker: Any, browsing: Any
) -> None:
    market.earn("wrk_1", 1)
    unknown = maker.post("/approvals", {"kind": "gift", "payload": {}, "reason": "x"})
    silent = maker.post("/approvals", {"kind": "manual_entry", "payload": {}, "reason": "  "})
    page = browsing("staff", "stf_maker", VIEW, MAKER)
    told = page.post(
        "/finance/payees/wrk_1/hold", data={"reason": "x" * 2_001, "idempotency_key": "k"}
    )
    assert "at most 2,000 characters" in page.get(told.location).text
    assert unknown.json["code"] == "unknown_approval_kind"
    assert silent.json["code"] == "reason_missing"


def test_an_account_that_would_fall_below_zero_leaves_the_proposal_open(
    market: Any, application: Application, maker: Any, checker: Any
) -> None:
    market.earn("wrk_1", 1)
    too_much = [
        {**lines()[0], "account": "liability:worker:wrk_1:payable:USD"},
        lines()[1],
    ]
    proposal = proposed(maker, lines=too_much)
    assert approve(checker, proposal).json["code"] == "insufficient_funds"
    found = application.readers.approvals.get(proposal["approval_id"])
    assert found is not None
    assert found.status == "proposed"


def test_a_correction_books_the_opposite_once(
    application: Application, maker: Any, checker: Any
) -> None:
    approve(checker, proposed(maker))
    wrong = application.journal.entries(count_max=1)[0].entry_id
    other = proposed(maker, "correction", entry_id=wrong)
    approve(checker, proposed(maker, "correction", entry_id=wrong))
    assert approve(checker, other).json["code"] == "invalid_input"
    assert checker.get(f"/approvals/{other['approval_id']}").json["status"] == "proposed"
    trial = {row.path: row.signed for row in application.journal.trial_balance()}
    assert trial == {GOODWILL: 0, SUSPENSE: 0}
    again = maker.post(
        "/approvals", {"kind": "correction", "payload": {"entry_id": wrong}, "reason": "again"}
    )
    assert again.json["code"] == "invalid_input"


def test_held_earnings_are_in_no_run_until_two_people_released_them(
    market: Any, calling: Calling, maker: Any, checker: Any, books: Any
) -> None:
    application = market.application
    market.earn("wrk_1", 10)
    market.ask(calling("worker", "wrk_1"))
    held = maker.post("/holds", {"worker_id": "wrk_1", "reason": "odd pattern"}).json
    assert held["amount"]["amount_minor"] == 50
    assert maker.post("/payout-runs").json["code"] == "nothing_eligible"
    again = maker.post("/holds", {"worker_id": "wrk_1", "reason": "odd pattern"})
    assert again.json["code"] == "already_held"
    proposal = proposed(maker, "hold_release", hold_id=held["hold_id"])
    assert approve(maker, proposal).json["code"] == "maker_is_checker"
    approve(checker, proposal)
    assert maker.get("/holds").json["items"] == []
    run = maker.post("/payout-runs").json
    assert run["total"]["amount_minor"] == 50
    released_twice = maker.post(
        "/approvals",
        {"kind": "hold_release", "payload": {"hold_id": held["hold_id"]}, "reason": "x"},
    )
    assert released_twice.json["code"] == "hold_released"
    books.check(application)


def test_a_hold_after_freezing_voids_the_run(
    market: Any, calling: Calling, maker: Any, checker: Any
) -> None:
    market.earn("wrk_1", 10)
    market.ask(calling("worker", "wrk_1"))
    run = maker.post("/payout-runs").json["payout_run_id"]
    digest = maker.post(f"/payout-runs/{run}/freeze").json["content_hash"]
    maker.post("/holds", {"worker_id": "wrk_1", "reason": "odd pattern"})
    refused = checker.post(f"/payout-runs/{run}/approve", {"content_hash": digest})
    assert refused.json["code"] == "content_changed"


def test_a_suspended_worker_is_paid_by_no_run_until_two_people_have_lifted_it(
    market: Any, browsing: Any, calling: Any
) -> None:
    worker = calling("worker", "wrk_1")
    market.earn("wrk_1", 10)
    market.ask(worker)
    run_id = market.approved_run()
    page = browsing("staff", "stf_maker", VIEW, MAKER)
    page.post("/finance/payees/wrk_1/suspend", data={"reason": "two people, one account"})
    assert "two people, one account" in page.get("/finance/payees/wrk_1").text
    twice = market.maker.post("/suspensions", {"worker_id": "wrk_1", "reason": "x"})
    assert twice.json["code"] == "already_suspended"
    market.settle_payouts()
    (item,) = market.run(run_id)["items"]
    assert (item["state"], item["refusal_code"]) == ("failed", "worker_suspended")
    assert market.processor.transfers()["count"] == 0
    assert worker.get("/earnings").json["payable"]["amount_minor"] == 50
    market.ask(worker)
    assert market.maker.post("/payout-runs").json["code"] == "nothing_eligible"
    assert "the worker is suspended" in page.get("/finance/payout-runs").text
    typed = {"reason": "one person after all", "idempotency_key": "k"}
    proposal = page.post("/finance/payees/wrk_1/lift", data=typed).location
    checker = browsing("staff", "stf_checker", VIEW, CHECKER)
    digest = checker.get(proposal).text.split('name="content_hash" value="')[1][:64]
    checker.post(f"{proposal}/approve", data={"content_hash": digest})
    assert market.checker.get("/suspensions").json["items"] == []
    acts = market.checker.get("/audit/acts").json["items"]
    acts = [(act["what"], act["who"]) for act in acts if act["subject"] == "wrk_1"]
    assert acts == [("worker.reinstate", "stf_checker"), ("worker.suspend", "stf_maker")]
    assert market.pay_out()["items"][0]["state"] == "paid"


def test_a_hold_needs_a_payee_and_a_reason(application: Application, maker: Any) -> None:
    nobody = maker.post("/holds", {"worker_id": "wrk_nobody", "reason": "x"})
    assert nobody.status_code == 404
    assert maker.post("/holds", {"worker_id": "wrk_1", "reason": " "}).json["code"] == (
        "reason_missing"
    )


def test_the_pages_lead_from_a_payee_to_a_release(market: Any, browsing: Any, calling: Any) -> None:
    market.earn("wrk_1", 10)
    market.ask(calling("worker", "wrk_1"))
    maker = browsing("staff", "stf_maker", VIEW, MAKER)
    checker = browsing("staff", "stf_checker", VIEW, CHECKER)
    assert "wrk_1" in maker.get("/finance/payees").text
    statements = [
        f"/finance/ledger/accounts/liability:worker:wrk_1:{at}:USD"
        for at in ("clearing", "payable", "held")
    ]
    seen = [path for path in statements if path in maker.get("/finance/payees/wrk_1").text]
    assert seen == [path for path in statements if maker.get(path).status_code == 200]
    maker.post("/finance/payees/wrk_1/hold", data={"reason": "odd pattern"})
    assert "odd pattern" in maker.get("/finance/payees/wrk_1").text
    hold_id = maker.get("/finance/payees/wrk_1").text.split('name="hold_id" value="')[1][:30]
    asked = {"reason": "looked at", "idempotency_key": "k", "hold_id": hold_id}
    proposal = maker.post("/finance/payees/wrk_1/release", data=asked).location
    assert "You proposed this" in maker.get(proposal).text
    assert "wrk_1" in checker.get("/finance/approvals").text
    digest = checker.get(proposal).text.split('name="content_hash" value="')[1][:64]
    checker.post(f"{proposal}/approve", data={"content_hash": digest})
    assert "It has been done." in checker.get(proposal).text
    assert "odd pattern" not in maker.get("/finance/payees/wrk_1").text


def test_an_entry_can_be_proposed_by_form_and_corrected_from_its_page(
    application: Application, browsing: Any
) -> None:
    maker = browsing("staff", "stf_maker", VIEW, MAKER)
    checker = browsing("staff", "stf_checker", VIEW, CHECKER)
    typed = {
        "reason": "a gesture",
        "currency": "USD",
        "account_0": GOODWILL,
        "side_0": "debit",
        "amount_0": "5",
        "account_1": SUSPENSE,
        "side_1": "credit",
        "amount_1": "5.00",
        "idempotency_key": "k1",
    }
    path = "/finance/ledger/new-entry"
    wrong = maker.post(path, data={**typed, "amount_1": "6"})
    assert wrong.status_code == 422
    assert GOODWILL in wrong.text
    assert maker.post(path, data={**typed, "amount_1": "five"}).status_code == 422
    assert maker.post(path, data={**typed, "amount_2": "7"}).status_code == 422
    without = maker.post(path, data={**typed, "amount_1": ""}).text
    assert "Name at least two accounts, with an amount each" in without
    nobody = {**typed, "account_1": "liability:worker:wrk_nobody:payable:USD"}
    assert "nobody and nothing" in maker.post(path, data=nobody).text
    assert "کسی یا چیزی نیست" in maker.post(f"{path}?lang=fa", data=nobody).text
    maker.get(f"{path}?lang=en")
    assert maker.post(path, data={**typed, "reason": ""}).status_code == 422
    far = (application.clock.now() + timedelta(days=60)).date().isoformat()
    ahead = maker.post(path, data={**typed, "effective_on": far})
    assert (ahead.status_code, "effective_on-error" in ahead.text) == (422, True)
    day = (application.clock.now() - timedelta(days=40)).date().isoformat()
    proposal = maker.post(path, data={**typed, "effective_on": day}).location
    seen = checker.get(proposal).text
    assert f'datetime="{day}"' in seen, "whoever approves it sees the day"
    digest = seen.split('name="content_hash" value="')[1][:64]
    checker.post(f"{proposal}/approve", data={"content_hash": digest})
    (booked,) = application.journal.entries(count_max=1)
    assert booked.effective_on == day
    entry = booked.entry_id
    page = maker.get(f"/finance/ledger/entries/{entry}").text
    assert "Propose the correction" in page
    answer = maker.post(
        f"/finance/ledger/entries/{entry}/correct",
        data={"reason": "it was five", "idempotency_key": "k2"},
    )
    assert answer.location.startswith("/finance/approvals/apr_")
