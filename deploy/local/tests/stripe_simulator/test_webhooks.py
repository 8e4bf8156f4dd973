"""Webhooks as the stripe package verifies them: signed, retried, withheld, doubled, reordered."""

import json
from dataclasses import replace

import pytest
import stripe


def register(rig, receiver, **more):
    return rig.control("webhook-endpoint", url=receiver.url, **more)


def kinds(receiver):
    return [json.loads(body)["type"] for body, _ in receiver.got]


def test_events_arrive_signed_with_the_endpoint_s_secret(rig, receiver, eventually):
    secret = register(rig, receiver)["secret"]
    rig.top_up()
    eventually(lambda: len(receiver.got) == 4, "four events")
    body, signature = receiver.got[-1]
    event = rig.client.construct_event(body, signature, secret)
    assert event.type == "checkout.session.completed"
    assert event.data.object["payment_status"] == "paid"
    with pytest.raises(stripe.SignatureVerificationError):
        rig.client.construct_event(body, signature, "whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        rig.client.construct_event(body + b" ", signature, secret)
    eventually(
        lambda: rig.client.v1.events.retrieve(event.id).pending_webhooks == 0, "acknowledged"
    )


def test_a_given_secret_is_used_and_two_are_in_force_while_rotating(rig, receiver, eventually):
    register(rig, receiver, secret="whsec_first")
    endpoint = register(rig, receiver, secret="whsec_second", keep_previous_secret=True)
    assert endpoint["secrets"] == ["whsec_second", "whsec_first"]
    rig.top_up()
    eventually(lambda: receiver.got, "an event")
    body, signature = receiver.got[0]
    for secret in endpoint["secrets"]:
        assert rig.client.construct_event(body, signature, secret).id
    assert register(rig, receiver, secret="whsec_second")["secrets"] == ["whsec_second"]
    assert len(rig.look("webhook-endpoint")["endpoints"]) == 1


def test_what_is_not_a_2xx_is_delivered_again(rig, receiver, eventually):
    receiver.answers = [500, 302, 404]
    register(rig, receiver, enabled_events=["transfer.created"])
    rig.top_up()
    rig.transfer(rig.recipient())
    eventually(lambda: len(receiver.got) == 4, "three failures and a success")
    assert len({body for body, _ in receiver.got}) == 1
    eventually(lambda: rig.look("state")["deliveries"] == {"done": 1}, "done")


def test_events_follow_the_configured_endpoint_to_its_new_address(rig, receiver, eventually):
    gone = "http://127.0.0.1:9/webhooks/stripe"
    rig.stop()
    rig.settings = replace(rig.settings, webhook_url=gone, webhook_secret="whsec_configured")
    rig.start()
    rig.top_up()
    eventually(
        lambda: any(d["attempt"] for d in rig.look("webhooks/deliveries")["deliveries"]), "a try"
    )
    rig.stop()
    rig.settings = replace(rig.settings, webhook_url=receiver.url)
    rig.start()
    eventually(lambda: len(receiver.got) == 4, "all four events")
    assert rig.client.construct_event(*receiver.got[0], "whsec_configured").id
    assert len(rig.look("webhook-endpoint")["endpoints"]) == 1


def test_withheld_events_come_when_released_in_the_order_asked_for(rig, receiver, eventually):
    register(rig, receiver)
    rig.control("webhooks", withhold=True)
    rig.top_up()
    assert rig.look("state")["deliveries"] == {"withheld": 4}
    rig.control("webhooks")
    assert rig.control("webhooks/release", order="newest_first") == {"released": 4}
    eventually(lambda: len(receiver.got) == 4, "released")
    assert kinds(receiver) == [
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]


def test_a_lost_webhook_is_still_among_the_events(rig, receiver):
    register(rig, receiver)
    rig.control("webhooks", withhold=True)
    rig.top_up()
    assert rig.control("webhooks/release", discard=True) == {"discarded": 4}
    assert len(rig.client.v1.events.list().data) == 4
    assert receiver.got == []


def test_doubled_events_come_twice_with_one_id(rig, receiver, eventually):
    register(rig, receiver, enabled_events=["checkout.session.completed"])
    rig.control("webhooks", copies=2)
    rig.top_up()
    eventually(lambda: len(receiver.got) == 2, "both copies")
    assert len({json.loads(body)["id"] for body, _ in receiver.got}) == 1


def test_reordered_events_come_newest_first(rig, receiver, eventually):
    register(rig, receiver)
    rig.control("webhooks", reorder_seconds=0.2)
    rig.top_up()
    eventually(lambda: len(receiver.got) == 4, "all four")
    assert kinds(receiver)[0] == "checkout.session.completed"


def test_a_delivered_event_can_be_delivered_again(rig, receiver, eventually):
    register(rig, receiver, enabled_events=["checkout.session.completed"])
    rig.top_up()
    eventually(lambda: len(receiver.got) == 1, "first")
    eventually(lambda: rig.look("state")["deliveries"] == {"done": 1}, "done")
    event = json.loads(receiver.got[0][0])["id"]
    assert rig.control("webhooks/redeliver", event=event) == {"redelivered": 1}
    eventually(lambda: len(receiver.got) == 2, "second")


def test_thin_events_tell_of_capabilities_and_can_be_fetched(rig, receiver, eventually):
    secret = register(rig, receiver, payloads=["snapshot", "thin"])["secret"]
    account = rig.recipient()
    eventually(lambda: len(receiver.got) == 2, "two thin events")
    body, signature = receiver.got[0]
    notification = rig.client.parse_event_notification(body, signature, secret)
    assert notification.related_object.id == account
    event = notification.fetch_event()
    assert event.data.updated_capability == "stripe_balance.stripe_transfers"
    assert notification.fetch_related_object().id == account
    with pytest.raises(ValueError, match="thin event"):
        rig.client.construct_event(body, signature, secret)


def test_webhooks_go_to_loopback_only(rig):
    foreign = ("http://example.com/hook", "ftp://127.0.0.1/x", "http://10.0.0.1/x")
    for url in (*foreign, "http://[::1", "http://127.0.0.1:99999/x"):
        answer = rig.http.post(f"{rig.url}/_simulator/webhook-endpoint", json={"url": url})
        assert answer.status_code == 400


def test_a_removed_endpoint_gets_nothing_more(rig, receiver):
    endpoint = register(rig, receiver)
    rig.http.delete(f"{rig.url}/_simulator/webhook-endpoint/{endpoint['id']}")
    rig.top_up()
    assert rig.look("state")["deliveries"] == {}
    assert receiver.got == []


def test_undelivered_events_survive_a_restart(rig, receiver, eventually):
    register(rig, receiver)
    receiver.answers = [500] * 4
    rig.control("webhooks", withhold=True)
    rig.top_up()
    rig.stop()
    rig.start()
    rig.control("webhooks/release")
    eventually(lambda: len(receiver.got) == 8, "all four, after a failure each")
