"""Bad calls: each has a stable code, and nothing is changed."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from payment_service.bootstrap import Application


def money(minor: Any, currency: str = "USD", **more: Any) -> dict[str, Any]:
    return {"amount": {"amount_minor": minor, "currency": currency, **more}}


BAD_AMOUNTS = {
    "negative": (money(-1000), "amount_out_of_range"),
    "nothing": (money(0), "amount_out_of_range"),
    "too little": (money(49), "amount_out_of_range"),
    "too much": (money(100_000_001), "amount_out_of_range"),
    "beyond any integer of ours": (money(2**70), "invalid_input"),
    "finer than the processor takes": (money(1_000_001, scale=4), "amount_out_of_range"),
    "another scale": (money(1000, scale=6), "invalid_input"),
    "a fraction": (money(10.5), "invalid_input"),
    "true": (money(True), "invalid_input"),  # noqa: FBT003 - a value as it came
    "text": (money("1000"), "invalid_input"),
    "an unknown currency": (money(1000, "XXX"), "invalid_input"),
    "another currency than the market's": (money(1000, "EUR"), "wrong_currency"),
    "no amount": ({}, "invalid_input"),
    "null": ({"amount": None}, "invalid_input"),
    "a bare number": ({"amount": 1000}, "invalid_input"),
    "an unknown field": ({**money(1000), "tip": 1}, "invalid_input"),
}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"reason": "cut \\ud83d", "worker_id": "wrk_1"}', "half of a character"),
        (b'{"reason": ' + b"1" * 5_000 + b"}", "too long"),
        (b'{"reason": "whole \\ud83d\\ude00", "worker_id": "wrk_1"}', "no such payee"),
    ],
)
def test_json_with_half_a_character_or_an_endless_number_is_bad_input(
    application: Application, web: Any, calling: Callable[..., Any], body: bytes, says: str
) -> None:
    assert application, "with nothing in its books, whatever ran before"
    token = calling("staff", "stf_maker", "finance.maker").token
    answer = web.test_client().post(
        "/api/payments/v1/holds",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "k"},
    )
    assert answer.status_code in {400, 404}
    assert says in answer.json["detail"]


@pytest.mark.parametrize(("body", "code"), BAD_AMOUNTS.values(), ids=BAD_AMOUNTS)
def test_a_bad_amount_is_refused(
    application: Application, calling: Callable[..., Any], body: Any, code: str
) -> None:
    answer = calling("requester", "req_1").post("/top-ups", body)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert answer.content_type == "application/problem+json"
    assert application.database["top_ups"].count_documents({}) == 0


def test_a_repeated_top_up_is_the_same_checkout_and_another_amount_is_refused(
    application: Application, calling: Callable[..., Any], processor: Any
) -> None:
    assert processor
    requester = calling("requester", "req_1")
    first = requester.post("/top-ups", money(1000), key="k")
    assert requester.post("/top-ups", money(1000), key="k").json == first.json
    other = requester.post("/top-ups", money(2000), key="k")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert application.database["top_ups"].count_documents({}) == 1
    others = calling("requester", "req_2").post("/top-ups", money(1000), key="k")
    assert others.json["top_up_id"] != first.json["top_up_id"]


def test_a_top_up_that_the_processor_did_not_answer_can_be_sent_again(
    application: Application, calling: Callable[..., Any], processor: Any
) -> None:
    requester = calling("requester", "req_1")
    fault = {"kind": "error_before", "method": "POST", "path": "/v1/checkout/sessions"}
    processor.control("faults", **{k: v for k, v in fault.items() if k != "path"}, count=2)
    answer = requester.post("/top-ups", money(1000), key="k")
    assert (answer.status_code, answer.json["code"]) == (503, "processor_unavailable")
    assert requester.post("/top-ups", money(1000), key="k").status_code == 201
    assert application.database["top_ups"].count_documents({}) == 1


POSTS = {
    "/top-ups": ("requester", money(1000)),
    "/payout-account": ("worker", {}),
    "/payout-requests": ("worker", {}),
    "/payout-runs": ("staff", {}),
    "/payout-runs/run_1/freeze": ("staff", {}),
    "/payout-runs/run_1/approve": ("staff", {"content_hash": "0" * 64}),
    "/payout-runs/run_1/cancel": ("staff", {}),
    "/reconciliations": ("staff", {}),
}
GRANTS = ("finance.view", "finance.maker", "finance.checker")


@pytest.mark.parametrize(("path", "call"), POSTS.items())
def test_every_post_that_moves_money_wants_a_key(
    application: Application, calling: Callable[..., Any], path: str, call: Any
) -> None:
    role, body = call
    grants = GRANTS if role == "staff" else ()
    answer = calling(role, f"{role}_1", *grants).post_without_key(path, body)
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_missing")
    assert application.database["audit_log"].count_documents({}) == 0


@pytest.mark.parametrize("path", [*POSTS, "/wallet", "/earnings"])
def test_nobody_gets_in_without_a_session(application: Application, web: Any, path: str) -> None:
    assert application
    client, url = web.test_client(), f"/api/payments/v1{path}"
    answer = client.post(url, json={}) if path in POSTS else client.get(url)
    assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in")


def test_what_belongs_to_others_is_not_found(
    market: Any, calling: Callable[..., Any], make: ModuleType
) -> None:
    owner = calling("requester", "req_1")
    top_up = market.pay_in(owner, 1000)
    market.deliver(make.funding())
    refund = owner.post("/refunds", money(100)).json
    stranger = calling("requester", "req_2")
    asked_back = f"/refunds/{refund['refund_id']}"
    for path in (f"/top-ups/{top_up['top_up_id']}", "/batches/bat_1", asked_back):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    taken = stranger.post(f"{asked_back}/take-back")
    assert (taken.status_code, taken.json["code"]) == (404, "not_found")
    assert owner.get(asked_back).json == refund
    assert stranger.get("/top-ups").json["items"] == []
    assert stranger.get("/batches").json["items"] == []
    assert stranger.get("/wallet").json["free"]["amount_minor"] == 0


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("requester", "/top-ups/top_none"),
        ("requester", "/batches/bat_none"),
        ("staff", "/payout-runs/run_none"),
        ("staff", "/reconciliations/rec_none"),
        ("staff", "/ledger/entries/jrn_none"),
        ("staff", "/ledger/accounts/liability:none"),
    ],
)
def test_what_does_not_exist_is_not_found(
    application: Application, calling: Callable[..., Any], role: str, path: str
) -> None:
    assert application
    answer = calling(role, "x_1", *(GRANTS if role == "staff" else ())).get(path)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_payout_needs_an_account_and_something_to_pay(
    market: Any, calling: Callable[..., Any]
) -> None:
    worker = calling("worker", "wrk_1")
    assert worker.get("/payout-account").json == {"status": "none", "onboarding_url": None}
    early = worker.post("/payout-requests")
    assert (early.status_code, early.json["code"]) == (409, "payout_account_missing")
    form = worker.post("/payout-account").json["onboarding_url"]
    unfinished = worker.post("/payout-requests")
    assert (unfinished.status_code, unfinished.json["code"]) == (409, "payout_account_not_ready")
    market.processor.onboard(form)
    empty = worker.post("/payout-requests")
    assert (empty.status_code, empty.json["code"]) == (409, "nothing_payable")
    assert worker.get("/payout-account").json["status"] == "active"
    assert worker.get("/payout-requests").json["items"] == []


def test_a_list_goes_on_where_its_page_ended_and_refuses_a_cursor_of_its_own_making(
    market: Any,
) -> None:
    for number in (1, 2, 3):
        market.earn(f"wrk_{number}", 1, batch_id=f"bat_{number}")
    seen, cursor = [], None
    while True:
        query = {"limit": 4, **({"cursor": cursor} if cursor else {})}
        page = market.checker.get("/ledger/entries", **query).json
        seen += [entry["key"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == market.application.journal.count()
    forged = market.checker.get("/ledger/entries", cursor="jrn_1")
    assert (forged.status_code, forged.json["code"]) == (422, "invalid_input")
    twice = market.checker.get("/ledger/entries", batch="bat_1", worker="wrk_1")
    assert (twice.status_code, twice.json["code"]) == (422, "invalid_input")
    about = market.checker.get("/ledger/entries", batch="bat_1", code="accept").json["items"]
    assert [entry["code"] for entry in about] == ["accept"]
    found = market.checker.get(f"/ledger/entries/{about[0]['entry_id']}").json
    assert found == about[0]
    account = "liability:worker:wrk_1:payable:USD"
    statement = market.checker.get(f"/ledger/accounts/{account}").json
    assert [each["balance"]["amount_minor"] for each in statement["items"]] == [5]
