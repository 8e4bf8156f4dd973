"""Fault switches: each as the stripe package sees it, and what was really carried out."""

import pytest
import stripe


@pytest.fixture
def paid(rig):
    rig.top_up()
    rig.account = rig.recipient()
    return rig


def fault(rig, kind, **more):
    return rig.control("faults", kind=kind, method="POST", path="/v1/transfers", **more)


def test_an_error_before_execution_changes_nothing_and_the_next_try_works(paid):
    fault(paid, "error_before")
    with pytest.raises(stripe.APIError) as error:
        paid.transfer(paid.account, key="k")
    assert (error.value.http_status, paid.executed()) == (500, 0)
    paid.transfer(paid.account, key="k")
    assert paid.executed() == 1


def test_a_stored_500_is_replayed_for_that_key_and_nothing_was_carried_out(paid):
    fault(paid, "error_stored")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            paid.transfer(paid.account, key="k")
    assert paid.executed() == 0
    paid.transfer(paid.account, key="k2")
    assert paid.executed() == 1


def test_a_lost_answer_was_carried_out_and_the_same_key_finds_it(paid):
    fault(paid, "lost_answer")
    with pytest.raises(stripe.APIConnectionError):
        paid.transfer(paid.account, key="k")
    assert paid.executed() == 1
    found = paid.transfer(paid.account, key="k")
    assert found.last_response.headers["Idempotent-Replayed"] == "true"
    assert paid.executed() == 1


def test_the_package_s_own_retries_hide_an_answer_lost_once(paid):
    fault(paid, "lost_answer")
    assert paid.transfer(paid.account, key="k", client=paid.client_with(retries=2)).id
    assert paid.executed() == 1


def test_repeats_keep_the_answer_lost_through_the_package_s_retries(paid):
    fault(paid, "lost_answer", repeats=2)
    with pytest.raises(stripe.APIConnectionError):
        paid.transfer(
            paid.account, key="k", client=paid.client_with(retries=2), transfer_group="run"
        )
    paid.transfer(paid.account, key="other")
    assert paid.executed() == 2
    assert len(paid.client.v1.transfers.list({"transfer_group": "run"}).data) == 1


def test_a_500_that_is_stored_over_a_transfer_hides_it_until_somebody_looks(paid):
    fault(paid, "lost_answer", answer="stored_500")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            paid.transfer(paid.account, key="k", transfer_group="run")
    assert len(paid.client.v1.transfers.list({"transfer_group": "run"}).data) == 1


def test_an_unstored_500_after_execution_is_resolved_by_the_same_key(paid):
    fault(paid, "lost_answer", answer="500", should_retry=False)
    with pytest.raises(stripe.APIError):
        paid.transfer(paid.account, key="k", client=paid.client_with(retries=2))
    assert paid.transfer(paid.account, key="k").id
    assert paid.executed() == 1


def test_a_rate_limit_is_a_429_and_changes_nothing(paid):
    fault(paid, "rate_limit", count=2)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            paid.transfer(paid.account, key="k")
    assert paid.executed() == 0
    paid.transfer(paid.account, key="k")


def test_a_reset_ends_the_connection_before_execution(paid):
    fault(paid, "reset")
    with pytest.raises(stripe.APIConnectionError):
        paid.transfer(paid.account, key="k")
    assert paid.executed() == 0


def test_a_slow_answer_comes_after_its_seconds_or_times_out_though_carried_out(paid, eventually):
    fault(paid, "slow", seconds=0.6)
    impatient = stripe.RequestsClient(timeout=0.2)
    client = stripe.StripeClient(
        "sk_test_x", base_addresses={"api": paid.url}, http_client=impatient
    )
    with pytest.raises(stripe.APIConnectionError):
        paid.transfer(paid.account, key="k", client=client)
    impatient.close()
    eventually(lambda: paid.executed() == 1, "the slow transfer")


def test_faults_strike_only_what_they_name(paid):
    other = paid.recipient()
    fault(paid, "error_before", params={"destination": paid.account})
    paid.control("faults", kind="rate_limit", path="/v1/payouts*")
    paid.transfer(other)
    with pytest.raises(stripe.APIError):
        paid.transfer(paid.account)
    with pytest.raises(stripe.RateLimitError):
        paid.client.v1.payouts.list()
    assert paid.look("faults")["faults"] == []


def test_faults_can_be_taken_away(paid):
    fault(paid, "error_before", count=5)
    assert paid.http.delete(f"{paid.url}/_simulator/faults").json() == {"cleared": 1}
    paid.transfer(paid.account)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "earthquake"},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "bogus": 1},
        {"kind": "lost_answer", "answer": "maybe"},
        {"kind": "reset", "params": "destination"},
        {},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(rig, body):
    answer = rig.http.post(f"{rig.url}/_simulator/faults", json=body)
    assert answer.status_code == 400
    assert rig.look("faults")["faults"] == []


def test_the_control_api_takes_json_only_so_no_foreign_form_can_reach_it(rig):
    answer = rig.http.post(f"{rig.url}/_simulator/faults", data={"kind": "reset"})
    assert answer.status_code == 400


def test_a_foreign_host_name_is_refused(rig):
    answer = rig.http.get(f"{rig.url}/_simulator/state", headers={"Host": "evil.example"})
    assert answer.status_code == 421
