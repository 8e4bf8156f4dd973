"""Each call of the adapter held against Stripe's published specification, by stripe-mock.

Runs where CROWDLOOM_STRIPE_MOCK_URL names one; deploy/local/stripe_simulator/README.md says how.
The mock knows v1 only: calls of v2 are held against the package's annotations by the type checker.
"""

import inspect
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from crowdloom.kernel import Money
from payment_service.adapters.stripe_processor import StripeProcessor
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.refunds import RefundPart

MOCK_URL = os.environ.get("CROWDLOOM_STRIPE_MOCK_URL", "").rstrip("/")
needs_mock = pytest.mark.skipif(not MOCK_URL, reason="CROWDLOOM_STRIPE_MOCK_URL is not set")
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
ITEM = PayoutItem("pay_1", "run_1", "wrk_1", "rqt_1", "acct_1", Money.of_minor(100, "USD"))
PART = RefundPart("rfp_1", "rfd_1", 1, "top_1", "ch_1", Money.of_minor(100, "USD"))
CALLS: dict[str, Callable[[StripeProcessor], Any]] = {
    "start_checkout": lambda stripe_: stripe_.start_checkout(
        "top_1",
        requester_id="req_1",
        amount=Money.of_minor(1000, "USD"),
        back_url="http://127.0.0.1/back",
    ),
    "checkout_expired": lambda stripe_: stripe_.checkout_expired("cs_test_1"),
    "send": lambda stripe_: stripe_.send(ITEM),
    "transfers": lambda stripe_: [stripe_.transfers(), stripe_.transfers("run_1")],
    "connected_payouts": lambda stripe_: stripe_.connected_payouts("acct_1"),
    "charge": lambda stripe_: stripe_.charge("ch_1"),
    "refund": lambda stripe_: stripe_.refund(PART),
    "refund_of": lambda stripe_: [stripe_.refund_of(PART)],
    "lines_since": lambda stripe_: [*stripe_.lines_since(None), *stripe_.lines_since(MOMENT)],
    "line": lambda stripe_: stripe_.line("txn_1"),
    "balances": lambda stripe_: stripe_.balances(),
    "hints_since": lambda stripe_: list(stripe_.hints_since(MOMENT)),
}
# Two call v2; a webhook calls nothing.
ELSEWHERE = {"open_recipient", "onboarding_link", "recipient_status", "read_webhook"}


def test_every_call_is_held_against_the_specification() -> None:
    calls = {name for name, _ in inspect.getmembers(StripeProcessor, inspect.isfunction)}
    assert {name for name in calls if not name.startswith("_")} == set(CALLS) | ELSEWHERE


@pytest.fixture
def mocked() -> Iterator[StripeProcessor]:
    transport = stripe.RequestsClient(timeout=20)
    yield StripeProcessor(
        api_key="sk_test_crowdloom",
        base=MOCK_URL,
        webhook_secrets=["whsec_1"],
        country="us",
        http_client=transport,
    )
    transport.close()


@needs_mock
@pytest.mark.parametrize("name", CALLS)
def test_stripe_s_specification_takes_the_call_and_its_example_can_be_read(
    mocked: StripeProcessor, name: str
) -> None:
    assert CALLS[name](mocked) is not None


@pytest.mark.parametrize(
    "configuration",
    [
        None,
        {"recipient": None},
        {"recipient": {"capabilities": None}},
        {"recipient": {"capabilities": {"stripe_balance": None}}},
        {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": None}}}},
    ],
)
def test_a_capability_that_was_taken_back_is_null_and_nobody_is_paid_by_it(
    configuration: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"object": "v2.core.account", "id": "acct_1", "configuration": configuration}
    monkeypatch.setattr(
        stripe.RequestsClient, "request", lambda *_args, **_kw: (json.dumps(told), 200, {})
    )
    processor = StripeProcessor(
        api_key="sk_test_crowdloom",
        base="http://127.0.0.1:9",
        webhook_secrets=["whsec_1"],
        country="us",
    )
    assert processor.recipient_status("acct_1") == "restricted"
