"""The processor's webhook: what is forged, old, from the future or repeated has no effect."""

import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from flask import Flask
from payment_service.bootstrap import Application

NEW, OLD = "whsec_new", "whsec_old"
FIVE_MINUTES = 300


def event(event_id: str = "evt_1", **changes: Any) -> bytes:
    body = {
        "id": event_id,
        "object": "event",
        "type": "checkout.session.completed",
        "created": int(time.time()),
        "data": {"object": {"id": "cs_1", "object": "checkout.session"}},
    }
    return json.dumps({**body, **changes}).encode()


def signed(payload: bytes, *secrets: str, age_seconds: int = 0) -> str:
    stamp = int(time.time()) - age_seconds
    marks = [
        hmac.new(secret.encode(), f"{stamp}.".encode() + payload, hashlib.sha256).hexdigest()
        for secret in secrets
    ]
    return ",".join([f"t={stamp}", *[f"v1={mark}" for mark in marks]])


@pytest.fixture
def send(web: Flask, application: Application) -> Any:
    assert application
    client = web.test_client()

    def post(payload: bytes, signature: str | None) -> Any:
        headers = {} if signature is None else {"Stripe-Signature": signature}
        return client.post("/webhooks/stripe", data=payload, headers=headers)

    return post


def kept(application: Application) -> int:
    return application.database["stripe_events"].count_documents({})


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_an_event_is_kept_once_with_either_secret(
    application: Application, send: Any, secret: str
) -> None:
    payload = event()
    assert send(payload, signed(payload, secret)).json == {"received": True, "new": True}
    assert send(payload, signed(payload, secret)).json == {"received": True, "new": False}
    assert kept(application) == 1


def test_a_thin_event_is_taken_as_well(application: Application, send: Any) -> None:
    payload = json.dumps(
        {
            "id": "evt_thin",
            "object": "v2.core.event",
            "type": "v2.core.account.updated",
            "created": "2026-11-25T00:00:00.000Z",
            "related_object": {"id": "acct_1", "type": "v2.core.account"},
        }
    ).encode()
    assert send(payload, signed(payload, NEW)).status_code == 200
    assert kept(application) == 1


def refused_signatures(payload: bytes) -> dict[str, str | None]:
    mark = signed(payload, NEW)
    return {
        "none": None,
        "empty": "",
        "nonsense": "t=abc,v1=def",
        "another secret": signed(payload, "whsec_other"),
        "another body": signed(payload + b" ", NEW),
        "too old": signed(payload, NEW, age_seconds=FIVE_MINUTES + 60),
        "from the future": signed(payload, NEW, age_seconds=-FIVE_MINUTES - 60),
        "without its time": mark.partition(",")[2],
        "with another time": mark.replace("t=", "t=1", 1),
    }


@pytest.mark.parametrize("fault", list(refused_signatures(b"")))
def test_a_signature_that_does_not_fit_is_refused_and_nothing_is_kept(
    application: Application, send: Any, fault: str
) -> None:
    payload = event()
    answer = send(payload, refused_signatures(payload)[fault])
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_signature")
    assert kept(application) == 0


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"[]", b"{}", b"\xff\xfe", b'{"id": "evt_1"}', b"[" * 50_000 + b"]" * 50_000),
        *(event(data=None), event(created=10**18)),
    ],
)
def test_a_well_signed_body_that_is_no_event_is_refused(
    application: Application, send: Any, payload: bytes
) -> None:
    answer = send(payload, signed(payload, NEW))
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_signature")
    assert kept(application) == 0


def test_a_webhook_alone_never_adds_money(
    application: Application, send: Any, calling: Any, processor: Any
) -> None:
    """It is a hint: what is booked comes from the processor's books."""
    assert processor
    requester = calling("requester", "req_1")
    amount = {"amount_minor": 1000, "currency": "USD"}
    top_up = requester.post("/top-ups", {"amount": amount}).json
    session = {"id": "cs_1", "payment_status": "paid", "metadata": {"top_up": top_up["top_up_id"]}}
    payload = event(data={"object": session})
    assert send(payload, signed(payload, NEW)).status_code == 200
    application.poll_processor()
    assert requester.get("/wallet").json["free"]["amount_minor"] == 0
    assert requester.get(f"/top-ups/{top_up['top_up_id']}").json["status"] == "open"


def test_an_abandoned_checkout_expires_by_its_event(
    application: Application, send: Any, calling: Any, processor: Any
) -> None:
    assert processor
    requester = calling("requester", "req_1")
    amount = {"amount_minor": 1000, "currency": "USD"}
    top_up = requester.post("/top-ups", {"amount": amount}).json
    checkout = top_up["checkout_url"].rsplit("/", 1)[1]
    lie = event("evt_1", type="checkout.session.expired", data={"object": {"id": checkout}})
    send(lie, signed(lie, NEW))
    application.poll_processor()
    assert requester.get(f"/top-ups/{top_up['top_up_id']}").json["status"] == "open"
    base, key = application.settings.stripe_api_base, application.settings.stripe_api_key
    expired = processor.http.post(
        f"{base}/v1/checkout/sessions/{checkout}/expire",
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    assert expired.status_code == 200, expired.text
    truth = event("evt_2", type="checkout.session.expired", data={"object": {"id": checkout}})
    send(truth, signed(truth, NEW))
    application.poll_processor()
    assert requester.get(f"/top-ups/{top_up['top_up_id']}").json["status"] == "expired"


def test_webhooks_that_come_late_doubled_and_in_another_order_add_nothing(
    market: Any, send: Any, books: Any
) -> None:
    """All are hints: the top-up was booked from the processor's books before any came."""
    top_up = market.pay_in(market.requester, 1000)
    checkout = top_up["checkout_url"].rsplit("/", 1)[1]
    session = {"id": checkout, "payment_status": "paid", "metadata": {"top_up": "top_1"}}
    now = int(time.time())
    for number in (3, 1, 2, 3, 1):
        payload = event(f"evt_{number}", created=now + number, data={"object": session})
        assert send(payload, signed(payload, NEW)).status_code == 200
        market.application.poll_processor()
    assert market.requester.get("/wallet").json["free"]["amount_minor"] == 1000
    assert kept(market.application) == 3
    books.check(market.application)
