"""The balance, its transactions, lists and the clock."""

import pytest
import stripe


def test_funds_are_pending_until_the_clock_reaches_their_day(slow_rig):
    rig = slow_rig
    rig.top_up()
    balance = rig.client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 96_80)
    booked = rig.client.v1.balance_transactions.list({"type": "charge"}).data[0]
    assert booked.status == "pending"
    assert booked.available_on - booked.created == 2 * 86_400
    rig.control("clock", advance_seconds=2 * 86_400)
    balance = rig.client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (96_80, 0)
    assert rig.client.v1.balance_transactions.retrieve(booked.id).status == "available"
    assert [e.type for e in rig.client.v1.events.list({"type": "balance.*"})] == [
        "balance.available"
    ]


def test_the_clock_does_not_go_back(rig):
    answer = rig.http.post(f"{rig.url}/_simulator/clock", json={"advance_seconds": -1})
    assert answer.status_code == 400


def test_the_balance_is_the_sum_of_its_transactions(rig):
    rig.top_up()
    rig.top_up(33_33)
    account = rig.recipient()
    sent = rig.transfer(account, 7_77)
    rig.client.v1.transfers.reversals.create(sent.id, {"amount": 1_11})
    rig.client.v1.payouts.create({"amount": 20_00, "currency": "usd"})
    booked = list(rig.client.v1.balance_transactions.list({"limit": 2}).auto_paging_iter())
    assert len(booked) == 5
    assert sum(item.net for item in booked) == rig.available()
    assert all(item.net == item.amount - item.fee for item in booked)


@pytest.mark.parametrize(("minor", "fee"), [(50, 31), (1_00, 33), (17_25, 80), (99_999_00, 290027)])
def test_fees_are_2_9_percent_and_30_cents_rounded_half_up(rig, minor, fee):
    rig.top_up(minor)
    assert rig.client.v1.balance_transactions.list().data[0].fee == fee


def test_lists_run_newest_first_in_pages_without_gaps(rig):
    rig.top_up()
    account = rig.recipient()
    sent = [rig.transfer(account, 100 + place).id for place in range(7)]
    page = rig.client.v1.transfers.list({"limit": 3})
    assert ([item.id for item in page], page.has_more) == (sent[:-4:-1], True)
    assert [item.id for item in page.auto_paging_iter()] == sent[::-1]
    back = rig.client.v1.transfers.list({"limit": 3, "ending_before": sent[2]})
    assert [item.id for item in back] == [sent[5], sent[4], sent[3]]
    assert back.has_more


def test_lists_are_cut_by_created(rig):
    rig.top_up()
    before = rig.look("clock")["now"]
    rig.control("clock", advance_seconds=1_000)
    rig.top_up(5_00)
    early = rig.client.v1.balance_transactions.list({"created": {"lt": before + 500}}).data
    late = rig.client.v1.balance_transactions.list({"created": {"gte": before + 500}}).data
    assert [item.amount for item in early] == [100_00]
    assert [item.amount for item in late] == [5_00]


def test_balance_transactions_are_found_by_source(rig):
    rig.top_up()
    sent = rig.transfer(rig.recipient())
    found = rig.client.v1.balance_transactions.list(
        {"source": sent.id, "expand": ["data.source"]}
    ).data
    assert [item.source.id for item in found] == [sent.id]


def test_events_name_what_happened_and_the_request_that_did_it(rig):
    rig.top_up()
    rig.transfer(rig.recipient(), key="payout:1:1")
    kinds = [event.type for event in rig.client.v1.events.list({"limit": 100})]
    assert kinds == [
        "transfer.created",
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]
    event = rig.client.v1.events.list({"types": ["transfer.created"]}).data[0]
    assert event.request.idempotency_key == "payout:1:1"
    assert event.data.object["amount"] == 500


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_page_size_outside_1_to_100_is_refused(rig, limit):
    with pytest.raises(stripe.InvalidRequestError):
        rig.client.v1.transfers.list({"limit": limit})


def test_an_unknown_object_is_a_404_and_an_unknown_cursor_a_400(rig):
    with pytest.raises(stripe.InvalidRequestError) as gone:
        rig.client.v1.transfers.retrieve("tr_nothing")
    assert (gone.value.http_status, gone.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as lost:
        rig.client.v1.transfers.list({"starting_after": "tr_nothing"})
    assert (lost.value.http_status, lost.value.param) == (400, "starting_after")


def test_what_is_not_simulated_says_so(rig):
    rig.only_simulated("Stripe knows customers")
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        rig.client.v1.customers.list()


@pytest.mark.parametrize("key", ["sk_live_abc", "rk_live_abc", "pk_test_abc", "nonsense"])
def test_only_test_keys_are_taken(rig, key):
    with pytest.raises(stripe.AuthenticationError):
        rig.client_with(key).v1.balance.retrieve()


def test_acting_for_a_connected_account_is_refused_not_ignored(rig):
    with pytest.raises(stripe.InvalidRequestError, match="connected accounts"):
        rig.client.v1.balance.retrieve(options={"stripe_account": rig.recipient()})
