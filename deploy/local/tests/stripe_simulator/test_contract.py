"""Whatever the stripe package's annotations promise is in what the simulator sends."""

import inspect
from typing import ClassVar, Literal, Union, get_args, get_origin

import pytest
import stripe
from crowdloom.testkit.services import module_beside
from stripe._api_version import _ApiVersion
from stripe.v2.core import Account, AccountLink
from stripe_simulator.scope import API_VERSION

# Of these, even the optional fields are sent, as null where nothing is known.
COMPLETE = (
    stripe.Transfer,
    stripe.TransferReversal,
    stripe.Payout,
    stripe.BalanceTransaction,
    stripe.Balance,
    stripe.Refund,
    stripe.Charge,
    stripe.PaymentIntent,
    Account,
)


def annotated(model):
    """name -> (required, annotation) of the fields a class of the package declares."""
    found = {}
    for name, annotation in inspect.get_annotations(model).items():
        if get_origin(annotation) is ClassVar or name.startswith("_"):
            continue
        optional = get_origin(annotation) is Union and type(None) in get_args(annotation)
        found[name] = (not optional, annotation)
    return found


def missing(model, sent, at=""):
    """Paths of required fields that `sent`, the JSON, lacks; nested classes included."""
    lacking = []
    inner = getattr(model, "_inner_class_types", {})
    for name, (required, _annotation) in annotated(model).items():
        path = f"{at}{name}"
        if name not in sent:
            if required or model in COMPLETE:
                lacking.append(path)
            continue
        value = sent[name]
        if value is None and required:
            lacking.append(f"{path} is null")
        for item in value if isinstance(value, list) else [value]:
            if name in inner and isinstance(item, dict):
                lacking += missing(inner[name], item, f"{path}.")
    return lacking


def outside(model, sent):
    """Fields whose value is not among the literals the package knows."""
    odd = []
    for name, (_required, annotation) in annotated(model).items():
        literals = {
            value
            for part in (annotation, *get_args(annotation))
            if get_origin(part) is Literal
            for value in get_args(part)
        }
        value = sent.get(name)
        if literals and isinstance(value, str) and value not in literals:
            odd.append(f"{name}={value}")
    return odd


def check(stripe_object, model):
    sent = stripe_object.to_dict()
    assert isinstance(stripe_object, model)
    assert missing(model, sent) == []
    assert outside(model, sent) == []


def test_the_shapes_are_those_of_the_version_that_the_package_speaks():
    assert API_VERSION == _ApiVersion.CURRENT


@pytest.mark.parametrize("key", ["sk_test_stand_in", "rk_test_stand_in"])
def test_with_a_key_of_the_test_mode_the_suite_goes_to_stripe_itself_with_it(monkeypatch, key):
    went = []

    def request(_transport, _method, url, headers, _body=None):
        went.append((url, headers["Authorization"]))
        return '{"object": "balance"}', 200, {}

    monkeypatch.setattr(stripe.RequestsClient, "request", request)
    monkeypatch.setenv("CROWDLOOM_STRIPE_TEST_KEY", key)
    sandbox = module_beside(__file__, "conftest").Sandbox()
    assert sandbox.client.v1.balance.retrieve().object == "balance"
    assert went == [("https://api.stripe.com/v1/balance", f"Bearer {key}")]


def test_a_live_key_is_never_used_for_tests(monkeypatch):
    monkeypatch.setenv("CROWDLOOM_STRIPE_TEST_KEY", "sk_live_stand_in")
    with pytest.raises(AssertionError, match="key of the test mode"):
        module_beside(__file__, "conftest").Sandbox()


def test_the_check_itself_sees_a_missing_and_an_odd_field():
    assert "amount" in missing(stripe.Transfer, {"id": "tr_1"})
    assert outside(stripe.Transfer, {"object": "transfers"}) == ["object=transfers"]


@pytest.fixture
def busy(rig):
    """Everything once: paid, declined, refunded, transferred, reversed, paid out, failed."""
    rig.session_id = rig.top_up().id
    rig.press(rig.session().url, action="decline")
    rig.account = rig.recipient()
    sent = rig.transfer(rig.account, metadata={"payout_item": "a"})
    rig.client.v1.transfers.reversals.create(sent.id, {"amount": 1})
    charge = rig.client.v1.charges.list({"limit": 1, "payment_intent": None}).data[0]
    assert charge.status == "failed"
    paid = rig.client.v1.charges.list().data[-1]
    rig.client.v1.refunds.create({"charge": paid.id, "amount": 1_00})
    payouts = [rig.client.v1.payouts.create({"amount": 1_00, "currency": "usd"}) for _ in "ab"]
    rig.control(f"payouts/{payouts[0].id}/fail")
    return rig


def test_transfers_and_reversals(busy):
    sent = busy.client.v1.transfers.list().data[0]
    check(sent, stripe.Transfer)
    check(busy.client.v1.transfers.reversals.list(sent.id).data[0], stripe.TransferReversal)


def test_payouts_in_every_state(busy):
    found = busy.client.v1.payouts.list().data
    assert {item.status for item in found} == {"paid", "failed"}
    for item in found:
        check(item, stripe.Payout)


def test_balance_transactions_of_every_kind(busy):
    found = list(busy.client.v1.balance_transactions.list().auto_paging_iter())
    assert {item.type for item in found} == {
        "charge",
        "transfer",
        "transfer_refund",
        "refund",
        "payout",
        "payout_failure",
    }
    for item in found:
        check(item, stripe.BalanceTransaction)


def test_the_balance_empty_and_not(busy, tmp_path):
    check(busy.client.v1.balance.retrieve(), stripe.Balance)


def test_the_balance_before_anything_happened(rig):
    check(rig.client.v1.balance.retrieve(), stripe.Balance)


def test_charges_intents_refunds_and_sessions(busy):
    for item in busy.client.v1.charges.list().data:
        check(item, stripe.Charge)
    for item in busy.client.v1.payment_intents.list().data:
        check(item, stripe.PaymentIntent)
    check(busy.client.v1.refunds.list().data[0], stripe.Refund)
    session = busy.client.v1.checkout.sessions.retrieve(busy.session_id, {"expand": ["line_items"]})
    check(session, stripe.checkout.Session)
    check(session.line_items.data[0], stripe.LineItem)
    check(session.line_items.data[0].price, stripe.Price)


def test_events(busy):
    found = list(busy.client.v1.events.list().auto_paging_iter())
    for item in found:
        check(item, stripe.Event)
    assert {"payout.failed", "transfer.reversed", "charge.failed"} <= {e.type for e in found}


@pytest.mark.parametrize("status", ["active", "pending", "restricted", "rejected", "unsupported"])
def test_accounts_in_every_state_and_links(rig, status):
    account = rig.recipient(active=False)
    rig.control(f"accounts/{account}/capability", status=status)
    include = [
        "configuration.recipient",
        "defaults",
        "future_requirements",
        "identity",
        "requirements",
    ]
    seen = rig.client.v2.core.accounts.retrieve(account, {"include": include})
    check(seen, Account)
    capability = seen.configuration.recipient.capabilities.stripe_balance.stripe_transfers
    assert outside(type(capability), capability.to_dict()) == []
    for detail in capability.status_details:
        assert outside(type(detail), detail.to_dict()) == []
    flow = {"refresh_url": "http://127.0.0.1:9/", "return_url": "http://127.0.0.1:9/"}
    use_case = {"type": "account_update", "account_update": flow}
    link = rig.client.v2.core.account_links.create({"account": account, "use_case": use_case})
    check(link, AccountLink)
