"""Reserving, settling and giving back, as the events say."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from crowdloom.kernel import Currency, PoisonMessage
from payment_service.bootstrap import Application
from payment_service.domain import chart

USD = Currency.USD
Outbox = Callable[[], list[tuple[str, Any]]]


@pytest.fixture
def pay_in(application: Application, make: ModuleType) -> Callable[[int], None]:
    """Put money into the wallet as a booked line of the processor would."""

    def paid(minor: int) -> None:
        line = make.charge("top_1", minor)

        def work(session: Any) -> None:
            session.ledger.post(
                make.flows.top_up(line, top_up_id="top_1", requester_id=make.REQUESTER)
            )

        application.store.run(work)

    return paid


def held(application: Application, path: str) -> int:
    return application.readers.ledger.balances({path})[path]


def free(application: Application) -> int:
    return held(application, chart.wallet("req_1", USD))


def reserved(application: Application, batch_id: str = "bat_1") -> int:
    return held(application, chart.escrow("req_1", batch_id, USD))


def payable(application: Application, worker_id: str = "wrk_1") -> int:
    return held(application, chart.payable(worker_id, USD))


def names(outbox: Outbox) -> list[str]:
    return [name for name, _ in outbox()]


def test_the_whole_cost_is_reserved_once(
    application: Application, deliver: Any, pay_in: Any, outbox: Outbox, make: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding())
    deliver(make.funding())
    assert (free(application), reserved(application)) == (4_000, 6_000)
    assert names(outbox) == ["payment.batch.funded.v1"]


def test_what_is_missing_is_said_and_nothing_is_reserved(
    application: Application, deliver: Any, pay_in: Any, outbox: Outbox, make: ModuleType
) -> None:
    pay_in(59)
    deliver(make.funding())
    ((name, body),) = outbox()
    assert name == "payment.batch.funding_declined.v1"
    assert body["code"] == "insufficient_funds"
    assert body["missing"] == {"amount_minor": 1, "currency": "USD"}
    assert (free(application), reserved(application)) == (5_900, 0)
    pay_in_again = make.charge("top_2", 100, number=2)
    application.store.run(
        lambda s: s.ledger.post(
            make.flows.top_up(pay_in_again, top_up_id="top_2", requester_id="req_1")
        )
    )
    deliver(make.funding(revision=2))
    assert reserved(application) == 6_000


def test_a_fee_that_is_not_ours_is_declined(
    application: Application, deliver: Any, pay_in: Any, outbox: Outbox, make: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding(fee=make.usd(0)))
    assert outbox()[0][1]["code"] == "wrong_fee"
    assert reserved(application) == 0


@pytest.mark.parametrize("fault", [{"slot_count": 0}, {"slot_count": -3}])
def test_a_request_without_slots_goes_to_the_dead_letters(
    deliver: Any, make: ModuleType, fault: dict[str, Any]
) -> None:
    with pytest.raises(PoisonMessage):
        deliver(make.funding(**fault))


def test_a_second_request_with_other_terms_is_for_a_person(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType
) -> None:
    pay_in(1000)
    deliver(make.funding())
    deliver(make.funding(slot_count=20))
    assert reserved(application) == 6_000
    (waiting,) = application.readers.exceptions.listed(10)
    assert waiting["kind"] == "funded_already"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["claim first", "accept first"])
def test_an_accepted_answer_is_settled_whichever_event_comes_first(
    application: Application,
    deliver: Any,
    pay_in: Any,
    make: ModuleType,
    books: ModuleType,
    order: tuple[int, int],
) -> None:
    pay_in(100)
    deliver(make.funding())
    events = [make.claimed(), make.accepted()]
    for index in order:
        deliver(events[index])
    assert payable(application) == 500
    assert reserved(application) == 5_400
    books.check(application)


def test_duplicates_of_claims_and_accepts_settle_once(
    application: Application, deliver: Any, pay_in: Any, outbox: Outbox, make: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding())
    deliver(make.claimed(), make.accepted(), make.accepted(), make.claimed())
    deliver(make.accepted(), make.claimed())
    assert payable(application) == 500
    assert names(outbox).count("payment.reward.settled.v1") == 1
    assert application.show_money.batch("req_1", "bat_1").book.settled_count == 1


def test_a_poll_of_accepts_is_one_transaction_with_one_change_per_account(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType
) -> None:
    pay_in(1000)
    deliver(make.funding(slot_count=50))
    numbers = range(50)
    deliver(*[make.claimed(n, worker_id=f"wrk_{n % 5}") for n in numbers])
    deliver(*[make.accepted(n) for n in numbers])
    kept = application.database["accounts"].find_one({"_id": chart.payable("wrk_1", USD)})
    assert kept
    assert (kept["posted"], kept["version"]) == (5_000, 1)
    assert reserved(application) == 0


def test_reward_and_fee_are_the_published_ones_of_the_batch(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType, books: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding(reward=make.usd(1), slot_count=3))
    deliver(make.claimed(), make.accepted())
    (entry,) = books.entries(application, "accept")
    amounts = {line.account: line.credit - line.debit for line in entry.lines}
    assert amounts[chart.platform_fees(USD)] == 20
    assert amounts[chart.clearing("wrk_1", USD)] == 100


def test_a_rejected_answer_gives_its_slot_back_when_that_is_closed_and_keeps_it_when_reopened(
    application: Application, deliver: Any, pay_in: Any, outbox: Outbox, make: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding())
    deliver(make.rejected(1, reopened=True))
    assert reserved(application) == 6_000
    deliver(make.rejected(2))
    deliver(make.rejected(2))
    assert (free(application), reserved(application)) == (4_600, 5_400)
    assert names(outbox).count("payment.batch.released.v1") == 1


def test_withdrawn_slots_go_back_even_when_they_are_heard_of_before_the_funding(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType
) -> None:
    pay_in(100)
    deliver(make.withdrawn(slot_count=4))
    assert free(application) == 10_000
    deliver(make.funding())
    assert reserved(application) == 3_600
    deliver(make.withdrawn(slot_count=4))
    deliver(make.withdrawn(slot_count=2, revision=2))
    assert reserved(application) == 2_400


def test_a_completed_batch_keeps_nothing_but_what_accepted_work_still_needs(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType, books: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding())
    deliver(make.claimed(1), make.accepted(1), make.accepted(2))
    deliver(make.completed())
    assert reserved(application) == 600
    deliver(make.claimed(2, worker_id="wrk_2"))
    assert reserved(application) == 0
    assert payable(application, "wrk_2") == 500
    assert free(application) == 10_000 - 1_200
    deliver(make.completed(), make.withdrawn(slot_count=3), make.rejected(5))
    assert free(application) == 10_000 - 1_200
    books.check(application)


def test_a_release_that_is_not_covered_is_refused_and_shown(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType, books: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding(slot_count=1))
    deliver(make.accepted(1))
    deliver(make.rejected(2))
    assert reserved(application) == 600
    (waiting,) = application.readers.exceptions.listed(10)
    assert waiting["kind"] == "release_not_covered"
    books.check(application)


def test_work_beyond_what_is_reserved_waits_as_an_exception_and_never_takes_others_money(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType, books: ModuleType
) -> None:
    pay_in(100)
    deliver(make.funding(slot_count=1))
    deliver(make.claimed(1), make.accepted(1), make.claimed(2), make.accepted(2))
    assert payable(application) == 500
    (waiting,) = application.readers.exceptions.listed(10)
    assert waiting["kind"] == "underfunded_settlement"
    application.settle_waiting()
    assert payable(application) == 500
    books.check(application)


def test_work_accepted_before_the_batch_is_known_here_is_settled_by_the_sweep(
    application: Application, deliver: Any, pay_in: Any, make: ModuleType
) -> None:
    pay_in(100)
    deliver(make.claimed(1), make.accepted(1))
    deliver(make.funding())
    application.settle_waiting()
    assert payable(application) == 500


def test_a_reward_clears_when_its_hold_window_is_over(
    wipe: Any,
    build_application: Any,
    deliverer: Any,
    clock: Any,
    make: ModuleType,
    books: ModuleType,
) -> None:
    wipe()
    application = build_application(CROWDLOOM_CLEARING_SECONDS="3600")
    deliver = deliverer(application)
    line = make.charge("top_1", 100)
    application.store.run(
        lambda s: s.ledger.post(make.flows.top_up(line, top_up_id="top_1", requester_id="req_1"))
    )
    deliver(make.funding(), make.claimed(), make.accepted())
    application.settle_waiting()
    earned = application.show_money.earnings("wrk_1")
    assert (earned.clearing.minor, earned.payable.minor) == (5, 0)
    assert application.mature_rewards() == 0
    clock.advance(seconds=3600)
    assert application.mature_rewards() == 1
    assert application.mature_rewards() == 0
    earned = application.show_money.earnings("wrk_1")
    assert (earned.clearing.minor, earned.payable.minor) == (0, 5)
    books.check(application)
