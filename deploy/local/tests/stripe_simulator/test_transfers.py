"""Paying out: recipients, transfers, reversals, payouts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

BACK = "http://127.0.0.1:9/back"


def link(rig, account):
    flow = {"refresh_url": BACK + "?again", "return_url": BACK + "?done"}
    return rig.client.v2.core.account_links.create(
        {
            "account": account,
            "use_case": {"type": "account_onboarding", "account_onboarding": flow},
        }
    )


def status(rig, account):
    seen = rig.client.v2.core.accounts.retrieve(account, {"include": ["configuration.recipient"]})
    return seen.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status


def test_a_recipient_becomes_payable_through_the_hosted_form_whose_link_works_once(rig):
    account = rig.recipient(active=False)
    assert status(rig, account) == "restricted"
    url = link(rig, account).url
    page = rig.http.get(url)
    assert "SIMULATOR" in page.text
    assert rig.press(url, action="complete").headers["Location"] == BACK + "?done"
    assert status(rig, account) == "active"
    assert rig.press(url, action="decline").headers["Location"] == BACK + "?again"
    assert status(rig, account) == "active"


def test_a_declined_recipient_is_not_payable(rig):
    account = rig.recipient(active=False)
    rig.press(link(rig, account).url, action="decline")
    assert status(rig, account) == "rejected"


def test_later_leaves_everything_as_it_was(rig):
    account = rig.recipient(active=False)
    url = link(rig, account).url
    assert rig.press(url, action="later").status_code == 303
    assert status(rig, account) == "restricted"
    assert rig.http.get(url).status_code == 200


def test_an_expired_link_sends_back_for_a_new_one(rig):
    url = link(rig, rig.recipient(active=False)).url
    rig.control("clock", advance_seconds=301)
    answer = rig.http.get(url, allow_redirects=False)
    assert answer.headers["Location"] == BACK + "?again"


def test_parts_of_an_account_come_only_when_included(rig):
    account = rig.client.v2.core.accounts.retrieve(rig.recipient())
    assert (account.configuration, account.identity) == (None, None)
    full = rig.client.v2.core.accounts.retrieve(account.id, {"include": ["identity", "defaults"]})
    assert full.identity.country == "us"
    assert full.defaults.responsibilities.losses_collector == "application"


def test_countries_that_connect_does_not_reach_are_refused(rig):
    given = {"identity": {"country": "ir"}}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.client.v2.core.accounts.create(given)
    assert refusal.value.code == "country_unsupported"


def test_a_transfer_takes_the_amount_from_the_balance_and_keeps_its_metadata(rig):
    rig.top_up()
    account = rig.recipient()
    sent = rig.transfer(
        account,
        12_34,
        transfer_group="run_1",
        metadata={"payout_item": "pit_1", "attempt": "1"},
        expand=["balance_transaction"],
    )
    booked = sent.balance_transaction
    assert (booked.amount, booked.fee, booked.net) == (-12_34, 0, -12_34)
    assert (booked.type, booked.reporting_category) == ("transfer", "transfer")
    assert booked.source == sent.id
    assert rig.available() == 96_80 - 12_34
    found = rig.client.v1.transfers.list({"transfer_group": "run_1"}).data
    assert [item.id for item in found] == [sent.id]
    assert found[0].metadata.to_dict() == {"payout_item": "pit_1", "attempt": "1"}
    assert rig.client.v1.transfers.list({"transfer_group": "run_2"}).data == []


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"minor": 100_00}, "balance_insufficient", None),
        ({"destination": "acct_nobody"}, "resource_missing", "destination"),
        ({"minor": 0}, "parameter_invalid_integer", "amount"),
        ({"minor": -5}, "parameter_invalid_integer", "amount"),
        ({"currency": "xxx"}, "parameter_invalid", "currency"),
        ({"currency": "eur"}, "balance_insufficient", None),
        ({"bogus": "1"}, "parameter_unknown", "bogus"),
        ({"metadata": {"key": "x" * 501}}, "parameter_invalid", "metadata[key]"),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_and_moves_nothing(rig, change, code, param):
    rig.top_up()
    given = {"destination": rig.recipient(), **change}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.transfer(**given)
    assert (refusal.value.http_status, refusal.value.code) == (400, code)
    assert refusal.value.param == param
    assert (rig.executed(), rig.available()) == (0, 96_80)


def test_a_capability_that_was_switched_off_stops_transfers(rig):
    rig.top_up()
    account = rig.recipient()
    rig.transfer(account)
    rig.control(f"accounts/{account}/capability", status="restricted")
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.transfer(account)
    assert refusal.value.code == "insufficient_capabilities_for_transfer"
    assert rig.executed() == 1


def test_one_destination_can_be_refused_until_it_is_not(rig):
    rig.top_up()
    refused, other = rig.recipient(), rig.recipient()
    rig.control(f"accounts/{refused}/refusal", refuse=True)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.transfer(refused)
    assert refusal.value.code == "transfers_not_allowed"
    rig.transfer(other)
    rig.control(f"accounts/{refused}/refusal", refuse=False)
    rig.transfer(refused)
    assert rig.executed() == 2


def test_a_closed_account_is_no_destination(rig):
    rig.top_up()
    account = rig.recipient()
    rig.client.v2.core.accounts.close(account)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.transfer(account)
    assert refusal.value.code == "resource_missing"


def test_reversals_give_back_at_most_what_was_sent(rig):
    rig.top_up()
    sent = rig.transfer(rig.recipient(), 10_00)
    back = rig.client.v1.transfers.reversals.create(sent.id, {"amount": 4_00})
    assert rig.client.v1.balance_transactions.retrieve(back.balance_transaction).net == 4_00
    with pytest.raises(stripe.InvalidRequestError, match="greater than unreversed"):
        rig.client.v1.transfers.reversals.create(sent.id, {"amount": 6_01})
    rig.client.v1.transfers.reversals.create(sent.id)
    after = rig.client.v1.transfers.retrieve(sent.id)
    assert (after.amount_reversed, after.reversed) == (10_00, True)
    assert [item.amount for item in rig.client.v1.transfers.reversals.list(sent.id)] == [6_00, 4_00]
    assert rig.available() == 96_80


def test_transfers_from_a_charge_may_use_pending_funds_up_to_its_amount(slow_rig):
    rig = slow_rig
    session = rig.top_up()
    intent = rig.client.v1.payment_intents.retrieve(session.payment_intent)
    account = rig.recipient()
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        rig.transfer(account)
    assert refusal.value.code == "balance_insufficient"
    sent = rig.transfer(account, 90_00, source_transaction=intent.latest_charge)
    assert sent.transfer_group == f"group_{intent.id}"
    with pytest.raises(stripe.InvalidRequestError):
        rig.transfer(account, 10_01, source_transaction=intent.latest_charge)


def test_the_oracle_names_every_transfer_with_its_key_and_sums(rig):
    rig.top_up()
    account = rig.recipient()
    for attempt in ("1", "2"):
        rig.transfer(account, key=f"k{attempt}", metadata={"payout_item": "a", "attempt": attempt})
    seen = rig.look("transfers")
    assert (seen["count"], seen["sums_minor"]) == (2, {"usd": 10_00})
    assert seen["by_destination"] == {account: 2}
    assert seen["by_metadata"]["a"] == {"count": 2, "amount": 10_00, "amount_reversed": 0}
    assert [item["idempotency_key"] for item in seen["transfers"]] == ["k1", "k2"]


def test_eight_threads_never_overdraw_the_balance(rig):
    rig.top_up()
    account = rig.recipient()

    def send(place):
        try:
            return rig.transfer(account, 5_00, key=f"payout:{place}:1").amount
        except stripe.InvalidRequestError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        sent = sum(pool.map(send, range(30)))
    assert sent == 95_00
    assert rig.available() == 1_80
    assert rig.look("transfers")["sums_minor"] == {"usd": 95_00}


def test_a_payout_is_paid_by_the_clock_and_can_be_cancelled_before_and_fail_after(slow_rig):
    rig = slow_rig
    rig.top_up()
    rig.control("clock", advance_seconds=2 * 86_400)
    payouts = rig.client.v1.payouts
    first, second = (payouts.create({"amount": 10_00, "currency": "usd"}) for _ in range(2))
    assert first.status == "pending"
    assert payouts.cancel(second.id).status == "canceled"
    rig.control("clock", advance_seconds=3 * 86_400)
    assert payouts.retrieve(first.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError):
        payouts.cancel(first.id)
    assert rig.available() == 86_80
    rig.control(f"payouts/{first.id}/fail", code="account_closed")
    failed = payouts.retrieve(first.id)
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert rig.available() == 96_80


def test_a_recipients_own_payouts_are_listed_for_it_alone_and_move_nothing_of_ours(rig):
    rig.top_up()
    account = rig.recipient()
    rig.transfer(account, 5_00)
    ours = rig.available()
    paid = rig.control(f"accounts/{account}/payouts", amount=3_00)
    payouts = rig.client.v1.payouts
    (listed,) = payouts.list({"limit": 10}, {"stripe_account": account}).data
    assert (listed.id, listed.status, listed.amount) == (paid["id"], "paid", 3_00)
    assert payouts.list({"limit": 10}).data == []
    rig.control(f"payouts/{paid['id']}/fail")
    (listed,) = payouts.list({"limit": 10}, {"stripe_account": account}).data
    assert (listed.status, listed.failure_code) == ("failed", "account_closed")
    assert rig.control(f"accounts/{account}/payouts")["amount"] == 5_00
    assert rig.available() == ours
