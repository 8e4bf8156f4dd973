"""Paying in: sessions, their hosted page, refunds."""

import pytest
import stripe


def test_a_session_is_unpaid_until_its_button_is_pressed_and_then_credits_the_net(rig):
    session = rig.session(metadata={"top_up": "top_1"})
    assert (session.status, session.payment_status) == ("open", "unpaid")
    page = rig.http.get(session.url)
    assert page.status_code == 200
    assert "SIMULATOR" in page.text
    assert "USD 100.00" in page.text
    back = rig.press(session.url, action="pay")
    assert back.status_code == 303
    assert back.headers["Location"].endswith(f"?paid={session.id}")
    paths = ["payment_intent.latest_charge.balance_transaction", "line_items"]
    paid = rig.client.v1.checkout.sessions.retrieve(session.id, {"expand": paths})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.metadata["top_up"] == "top_1"
    assert paid.line_items.data[0].description == "Top-up"
    booked = paid.payment_intent.latest_charge.balance_transaction
    assert (booked.amount, booked.fee, booked.net) == (100_00, 3_20, 96_80)
    assert booked.reporting_category == "charge"
    assert booked.source == paid.payment_intent.latest_charge.id
    assert rig.available() == 96_80


def test_pressing_pay_twice_charges_once(rig):
    session = rig.session()
    assert rig.press(session.url, action="pay").status_code == 303
    assert rig.press(session.url, action="pay").status_code == 303
    assert len(rig.client.v1.charges.list().data) == 1


def test_a_declined_card_leaves_the_session_open_and_moves_nothing(rig):
    session = rig.session()
    again = rig.press(session.url, action="decline")
    assert again.headers["Location"] == f"/c/pay/{session.id}?declined=1"
    assert "declined" in rig.http.get(session.url + "?declined=1").text
    seen = rig.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (seen.status, seen.payment_status) == ("open", "unpaid")
    assert seen.payment_intent.last_payment_error.code == "card_declined"
    assert rig.available() == 0
    rig.press(session.url, action="pay")
    assert rig.client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_cancel_goes_back_without_paying(rig):
    session = rig.session()
    back = rig.press(session.url, action="cancel")
    assert back.headers["Location"].endswith("?cancelled")
    assert rig.client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_a_session_expires_by_the_clock_and_can_no_longer_be_paid(rig):
    session = rig.session()
    rig.control("clock", advance_seconds=86_401)
    assert rig.client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert rig.press(f"{rig.url}/c/pay/{session.id}", action="pay").status_code == 410
    assert rig.available() == 0


def test_an_open_session_can_be_expired_by_the_platform_once(rig):
    session = rig.session()
    assert rig.client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        rig.client.v1.checkout.sessions.expire(session.id)


def test_the_page_allows_no_script_and_redirects_only_to_the_shop(rig):
    page = rig.http.get(rig.session().url)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "script-src" not in policy
    assert "<script" not in page.text


def test_what_the_platform_calls_its_items_is_escaped(rig):
    item = {"currency": "usd", "unit_amount": 5_00, "product_data": {"name": "<b>bold</b>"}}
    session = rig.session(line_items=[{"quantity": 2, "price_data": item}])
    assert session.amount_total == 10_00
    assert "&lt;b&gt;bold" in rig.http.get(session.url).text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"line_items": []}, "parameter_missing"),
        ({"success_url": "javascript:alert(1)"}, "url_invalid"),
        ({"bogus": "x"}, "parameter_unknown"),
        ({"expires_at": 1}, "parameter_invalid"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(rig, change, code):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.session(**change)
    assert refusal.value.code == code


def test_a_session_that_is_not_simulated_is_refused(rig):
    rig.only_simulated("Stripe knows subscriptions")
    with pytest.raises(stripe.InvalidRequestError, match="mode=payment only"):
        rig.session(mode="subscription")


def test_a_session_below_the_smallest_charge_is_refused(rig):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.session(49)
    assert refusal.value.code == "amount_too_small"


def test_refunds_never_exceed_the_charge(rig):
    intent = rig.top_up().payment_intent
    rig.top_up()
    first = rig.client.v1.refunds.create({"payment_intent": intent, "amount": 30_00})
    assert first.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        rig.client.v1.refunds.create({"charge": first.charge, "amount": 70_01})
    rig.client.v1.refunds.create({"charge": first.charge})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.client.v1.refunds.create({"charge": first.charge})
    assert refusal.value.code == "charge_already_refunded"
    charge = rig.client.v1.charges.retrieve(first.charge)
    assert (charge.amount_refunded, charge.refunded) == (100_00, True)
    assert rig.available() == 2 * 96_80 - 100_00


def test_a_refund_needs_available_funds(rig):
    session = rig.top_up()
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.client.v1.refunds.create({"payment_intent": session.payment_intent})
    assert refusal.value.code == "balance_insufficient"
