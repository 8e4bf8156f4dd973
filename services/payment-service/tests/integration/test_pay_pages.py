import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from payment_service.bootstrap import Application

Browsing = Callable[..., FlaskClient]
EARNINGS, WALLET = "/pay/earnings", "/pay/wallet"


@pytest.fixture
def worker(browsing: Browsing) -> FlaskClient:
    return browsing("worker", "wrk_1")


@pytest.fixture
def requester(browsing: Browsing) -> FlaskClient:
    return browsing("requester", "req_1")


def set_up_account(market: Any, worker: FlaskClient) -> None:
    answer = worker.post("/pay/payout-account")
    assert answer.status_code == 303
    market.processor.onboard(answer.location)


def ask_button(page: str) -> str:
    found = re.search(r'action="/pay/payout-requests".*?</form>', page, re.DOTALL)
    assert found
    return found[0]


def test_a_payout_cannot_be_asked_for_without_an_account(market: Any, worker: FlaskClient) -> None:
    market.earn("wrk_1", 3)
    page = worker.get(EARNINGS).text
    assert "disabled" in ask_button(page)
    assert "Set up your payout account first" in page
    worker.post("/pay/payout-requests")
    assert "Not asked for" in worker.get(EARNINGS).text


def test_a_worker_who_meets_no_page_is_led_back_to_the_queue(worker: FlaskClient) -> None:
    met = worker.get("/pay/nothing")
    assert met.status_code == 404
    assert 'href="/work/queue"' in met.text or 'href="/work"' in met.text
    assert "/requester/sign-in" not in met.text


def test_an_account_that_is_not_finished_is_told(market: Any, worker: FlaskClient) -> None:
    market.earn("wrk_1", 3)
    worker.post("/pay/payout-account")
    page = worker.get(f"{EARNINGS}?from=account").text
    assert "Your payout account cannot receive money yet" in page
    assert "Go on there" in page
    assert "disabled" in ask_button(page)
    worker.post("/pay/payout-requests")
    assert "Not asked for" in worker.get(EARNINGS).text
    assert not market.application.readers.payout_requests.of_worker("wrk_1", 10)


def test_coming_back_from_the_processor_one_can_ask(market: Any, worker: FlaskClient) -> None:
    market.earn("wrk_1", 3)
    set_up_account(market, worker)
    page = worker.get(f"{EARNINGS}?from=account").text
    assert "disabled" not in ask_button(page)
    assert "$0.15" in ask_button(page)
    for _ in range(2):
        worker.post("/pay/payout-requests")
    assert len(market.application.readers.payout_requests.of_worker("wrk_1", 10)) == 1
    again = worker.get(EARNINGS).text
    assert "disabled" in ask_button(again)
    assert "A payout is under way." in again


def test_nothing_payable_says_the_smallest_payout(market: Any, worker: FlaskClient) -> None:
    set_up_account(market, worker)
    assert "The smallest payout is" in worker.get(f"{EARNINGS}?from=account").text


def test_a_refused_payout_says_why_and_what_to_do(market: Any, worker: FlaskClient) -> None:
    market.earn("wrk_1", 3)
    set_up_account(market, worker)
    worker.get(f"{EARNINGS}?from=account")
    worker.post("/pay/payout-requests")
    account = market.application.readers.payees.get("wrk_1").account_id
    market.processor.control(f"accounts/{account}/refusal")
    market.pay_out()
    page = worker.get(EARNINGS).text
    assert "Last payout not paid" in page
    assert "The processor does not allow transfers to this account." in page
    assert "disabled" not in ask_button(page)


def test_a_paid_payout_is_in_the_history(market: Any, worker: FlaskClient) -> None:
    market.earn("wrk_1", 3)
    set_up_account(market, worker)
    worker.get(f"{EARNINGS}?from=account")
    worker.post("/pay/payout-requests")
    market.pay_out()
    page = worker.get(EARNINGS).text
    assert re.search(r'paid out</dt><dd><bdi class="money">\$0\.15', page)
    assert 'class="state good">Paid<' in page


def test_a_worker_sees_only_their_own(market: Any, browsing: Browsing) -> None:
    market.earn("wrk_1", 3)
    page = browsing("worker", "wrk_2").get(EARNINGS).text
    assert "$0.15" not in page


def test_forms_may_lead_to_the_processor_and_nowhere_else(
    market: Any, worker: FlaskClient, requester: FlaskClient
) -> None:
    for page in (worker.get(EARNINGS), requester.get(WALLET)):
        policy = page.headers["Content-Security-Policy"]
        assert f"form-action 'self' {market.processor.url};" in policy
        assert "unsafe" not in policy
    assert "form-action 'self';" in requester.get("/pay/nothing").headers["Content-Security-Policy"]


def test_a_top_up_leads_to_the_checkout_and_back(market: Any, requester: FlaskClient) -> None:
    form = {"amount": "12.50", "idempotency_key": "key-1", "next": "/requester/batches/bat_1"}
    answer = requester.post(WALLET, data=form)
    assert answer.status_code == 303
    assert answer.location.startswith(market.processor.url)
    assert requester.post(WALLET, data=form).location == answer.location
    (top_up,) = market.application.readers.top_ups.of_requester("req_1", 10)
    path = f"/pay/top-ups/{top_up.top_up_id}"
    assert "Waiting" in requester.get(path).text
    assert "Nothing was charged" in requester.get(f"{path}?cancelled=1").text
    market.processor.pay(answer.location.rsplit("/", 1)[1])
    market.application.poll_processor.catch_up()
    page = requester.get(path).text
    assert "In your funds" in page
    assert 'href="/requester/batches/bat_1"' in page
    assert re.search(r"\$12\.50</bdi></dd></div>", requester.get(WALLET).text)


@pytest.mark.parametrize("amount", ["", "12,50", "0.001", "-5", "0.49", "1000000.01", "much"])
def test_an_amount_that_cannot_be_is_told_in_the_form(
    market: Any, requester: FlaskClient, amount: str
) -> None:
    answer = requester.post(WALLET, data={"amount": amount, "idempotency_key": "key-1"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert market.application.readers.top_ups.of_requester("req_1", 10) == []


def test_another_s_top_up_is_not_found(market: Any, browsing: Browsing) -> None:
    top_up = market.pay_in(market.requester, 1000)
    path = f"/pay/top-ups/{top_up['top_up_id']}"
    assert browsing("requester", "req_2").get(path).status_code == 404


def test_what_a_batch_lacks_is_filled_in(market: Any, requester: FlaskClient) -> None:
    page = requester.get(f"{WALLET}?missing=291.50&next=/requester/batches/bat_1").text
    assert 'value="291.50"' in page
    assert 'href="/requester/batches/bat_1"' in page
    assert "is missing" in page


def test_less_than_a_top_up_takes_is_filled_in_as_the_smallest(requester: FlaskClient) -> None:
    page = requester.get(f"{WALLET}?missing=0.07").text
    assert 'value="0.50"' in page
    assert "$0.07" in page


@pytest.mark.parametrize("target", ["https://evil.example/requester/", "//evil.example", "/work/x"])
def test_the_way_back_leads_nowhere_else(
    application: Application, requester: FlaskClient, target: str
) -> None:
    page = requester.get(f"{WALLET}?next={target}").text
    assert "Back to where you were" not in page


def test_a_wallet_shows_what_is_reserved_by_batch(market: Any, requester: FlaskClient) -> None:
    market.earn("wrk_1", 3)
    page = requester.get(WALLET).text
    assert "/requester/batches/bat_1" in page
    assert "3 / 3" in page
    assert "wrk_1" not in page


def test_the_fragments_are_short_and_for_their_owner(
    market: Any, worker: FlaskClient, requester: FlaskClient, browsing: Browsing
) -> None:
    market.earn("wrk_1", 3)
    purse = worker.get("/pay/fragments/purse").text
    assert purse.count("$0.15") == 2
    assert "<html" not in purse
    reward = worker.get("/pay/fragments/rewards/asg_1001").text
    assert "Payable" in reward
    assert "Paid out when you ask for it" in reward
    others = browsing("worker", "wrk_2").get("/pay/fragments/rewards/asg_1001")
    assert others.status_code == 404
    traced = browsing("staff", "stf_1", "operator").get("/operator/rewards/asg_1001").text
    assert "In no payout yet" in traced
    assert "wrk_1" not in traced
    assert "Free" in requester.get("/pay/fragments/wallet").text
    assert browsing().get("/pay/fragments/purse", headers={"HX-Request": "1"}).status_code == 401


def test_pay_is_for_its_own_role(browsing: Browsing) -> None:
    assert browsing().get(EARNINGS).location == f"/work/start?next={EARNINGS}"
    assert browsing("worker", "wrk_1").get(WALLET).location == (f"/requester/sign-in?next={WALLET}")
    assert browsing("worker", "wrk_1").get("/pay").location == EARNINGS
    assert browsing("requester", "req_1").get("/pay").location == WALLET


def test_a_member_of_a_team_is_shown_no_form_that_the_role_does_not_reach(
    market: Any, browsing: Browsing, calling: Callable[..., Any]
) -> None:
    market.pay_in(calling("requester", "req_1"), 1_000)
    for role, forms in (("viewer", set()), ("billing", {WALLET, "/pay/refunds", "/pay/invoices"})):
        member = browsing("requester", "req_1", f"team:{role}", "person:req_2")
        pages = member.get(WALLET).text + member.get("/pay/invoices").text
        shown = set(re.findall(r'method="post" action="(/pay/[^"]*)"', pages))
        assert shown == forms, role
        assert (member.get("/pay/gift-code").status_code == 200) == bool(forms)
