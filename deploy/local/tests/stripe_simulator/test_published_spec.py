"""The simulator takes nothing that Stripe's published specification refuses.

With CROWDLOOM_STRIPE_MOCK_URL set, stripe-mock is asked the same and has to refuse it as well.
"""

import pytest
import requests
from crowdloom.testkit.services import module_beside

published = module_beside(__file__, "published")
SESSION = {
    "mode": "payment",
    "success_url": "http://127.0.0.1:9/back",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "usd",
    "line_items[0][price_data][unit_amount]": "10000",
    "line_items[0][price_data][product_data][name]": "Top-up",
}
SENT = {"amount": "1", "currency": "usd"}
ODD = [
    ("POST /v1/checkout/sessions", SESSION | odd)
    for odd in (
        {"ui_mode": "bogus"},
        {"submit_type": "bogus"},
        {"locale": "xx"},
        {"payment_method_types[0]": "bogus"},
        {"customer_creation": "bogus"},
        {"payment_method_collection": "bogus"},
        {"billing_address_collection": "bogus"},
        {"allow_promotion_codes": "bogus"},
        {"automatic_tax[bogus]": "1"},
        {"branding_settings": "x"},
        {"metadata": ""},
        {"line_items[0][price_data][tax_behavior]": "bogus"},
    )
] + [
    ("POST /v1/transfers", SENT | {"destination": "TO", "source_type": "bogus"}),
    ("POST /v1/transfers", SENT | {"destination": "TO", "metadata": ""}),
    ("POST /v1/transfers/SENT/reversals", {"amount": "1", "refund_application_fee": "bogus"}),
    ("POST /v1/refunds", {"charge": "PAID", "amount": "1", "reason": "bogus"}),
    ("POST /v1/payouts", SENT | {"method": "bogus"}),
    ("POST /v1/payouts", SENT | {"source_type": "bogus"}),
    ("POST /v1/payouts", SENT | {"metadata": ""}),
    ("GET /v1/events", {"types": "transfer.created"}),
    ("GET /v1/checkout/sessions", {"status": "bogus"}),
    ("GET /v1/transfers/SENT/reversals", {"created[gte]": "1"}),
]


@pytest.fixture
def known(rig):
    rig.top_up()
    paid = rig.client.v1.charges.list().data[0].id
    to = rig.recipient()
    return {"PAID": paid, "TO": to, "SENT": rig.transfer(to).id}


def test_what_the_specification_refuses_is_refused(rig, known):
    taken = [
        (base, call, given)
        for call, given in ODD
        for base in filter(None, (rig.url, published.MOCK_URL))
        if _asked(base, call, given, known) < 400
    ]
    assert taken == []
    assert rig.available() == 96_80 - 5_00


def _asked(base, call, given, known):
    for name, value in known.items():
        call = call.replace(name, value)
        given = {key: told.replace(name, value) for key, told in given.items()}
    method, path = call.split(" ")
    sent = {"params": given} if method == "GET" else {"data": given}
    headers = {"Authorization": "Bearer sk_test_crowdloom"}
    return requests.request(method, base + path, headers=headers, timeout=20, **sent).status_code


def test_parts_of_an_item_that_nobody_knows_are_refused_as_stripe_itself_does(rig):
    """The specification leaves nested parts open; Stripe does not."""
    for odd in (
        {"line_items[0][bogus]": "1"},
        {"line_items[0][price_data][bogus]": "1"},
        {"line_items[0][price_data][product_data][bogus]": "1"},
    ):
        assert _asked(rig.url, "POST /v1/checkout/sessions", SESSION | odd, {}) == 400
