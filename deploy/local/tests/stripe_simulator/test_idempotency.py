"""Idempotency keys: the first answer is the answer."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe


@pytest.fixture
def paid(rig):
    """A simulator with money and a recipient."""
    rig.top_up()
    rig.account = rig.recipient()
    return rig


def test_the_same_key_and_parameters_replay_the_first_answer(paid):
    first = paid.transfer(paid.account, key="k")
    second = paid.transfer(paid.account, key="k")
    assert first.id == second.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert (
        second.last_response.headers["Original-Request"]
        == first.last_response.headers["Request-Id"]
    )
    assert paid.executed() == 1


def test_the_same_key_with_other_parameters_is_an_error_and_moves_nothing(paid):
    paid.transfer(paid.account, 500, key="k")
    with pytest.raises(stripe.IdempotencyError) as refusal:
        paid.transfer(paid.account, 501, key="k")
    assert refusal.value.http_status == 400
    assert paid.executed() == 1


def test_the_same_key_at_another_endpoint_is_an_error(paid):
    paid.transfer(paid.account, key="k")
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        paid.client.v1.payouts.create({"amount": 1, "currency": "usd"}, {"idempotency_key": "k"})


def test_a_refusal_is_stored_even_when_its_cause_has_gone(paid):
    with pytest.raises(stripe.InvalidRequestError):
        paid.transfer(paid.account, 200_00, key="k")
    paid.top_up(500_00)
    with pytest.raises(stripe.InvalidRequestError) as again:
        paid.transfer(paid.account, 200_00, key="k")
    assert again.value.code == "balance_insufficient"
    assert again.value.headers["Idempotent-Replayed"] == "true"
    paid.transfer(paid.account, 200_00, key="k2")
    assert paid.executed() == 1


def test_parameters_that_were_refused_unread_leave_the_key_free(paid):
    with pytest.raises(stripe.InvalidRequestError):
        paid.transfer(paid.account, 500, key="k", bogus="1")
    assert paid.transfer(paid.account, 500, key="k").amount == 500


def test_v1_forgets_a_key_after_a_day_which_is_how_somebody_is_paid_twice(paid):
    paid.transfer(paid.account, key="k")
    paid.control("clock", advance_seconds=86_400)
    paid.transfer(paid.account, key="k")
    assert paid.executed() == 2


def test_a_key_that_is_in_use_is_a_conflict(paid):
    with paid.simulator.pipeline.flights.hold("k"):
        with pytest.raises(stripe.APIError) as conflict:
            paid.transfer(paid.account, key="k")
        assert conflict.value.http_status == 409
        assert conflict.value.headers["Stripe-Should-Retry"] == "true"
    assert paid.transfer(paid.account, key="k").id
    assert paid.executed() == 1


def test_eight_threads_with_one_key_pay_once(paid):
    def send(_place):
        # However busy the machine is, the request that holds the key ends, and then all are told.
        while True:
            try:
                return paid.transfer(paid.account, key="k").id
            except stripe.APIError as refusal:
                if refusal.http_status != 409:
                    raise

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(send, range(16)))) == 1
    assert paid.executed() == 1


def test_v2_replays_an_account_but_tries_a_refusal_again(rig):
    # Stripe remembers them for a month: of an earlier run as well.
    first, second = uuid.uuid4().hex, uuid.uuid4().hex
    transfers = {"stripe_balance": {"stripe_transfers": {"requested": True}}}
    given = {
        "identity": {"country": "us"},
        "configuration": {"recipient": {"capabilities": transfers}},
    }
    accounts = rig.client.v2.core.accounts
    made = [accounts.create(given, {"idempotency_key": first}).id for _ in "ab"]
    assert made[0] == made[1]
    bad = {**given, "identity": {"country": "xx"}}
    with pytest.raises(stripe.InvalidRequestError):
        accounts.create(bad, {"idempotency_key": second})
    assert accounts.create(given, {"idempotency_key": second}).id


def test_answers_survive_a_restart(paid):
    first = paid.transfer(paid.account, key="k")
    paid.stop()
    paid.start()
    assert paid.transfer(paid.account, key="k").id == first.id
    assert paid.executed() == 1
