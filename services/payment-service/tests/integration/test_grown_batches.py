"""A batch that grows: more slots, or a higher reward for all that are not settled."""

from types import ModuleType
from typing import Any

from crowdloom.kernel import Currency
from payment_service.bootstrap import Application
from payment_service.domain import chart

USD = Currency.USD
# Nothing is sealed or published here, and the wallet was filled by hand.
NOT_HERE = {"I7", "I8", "I9", "I13", "I14"}


def fill(application: Application, make: ModuleType, minor: int) -> None:
    line = make.charge("top_1", minor)
    entry = make.flows.top_up(line, top_up_id="top_1", requester_id=make.REQUESTER)
    application.store.run(lambda session: session.ledger.post(entry))


def units(application: Application, path: str) -> int:
    return application.readers.ledger.balances({path})[path]


def escrow(application: Application) -> int:
    return units(application, chart.escrow("req_1", "bat_1", USD))


def free(application: Application) -> int:
    return units(application, chart.wallet("req_1", USD))


def declined(outbox: Any) -> tuple[str, int, int]:
    name, body = outbox()[-1]
    assert name == "payment.batch.funding_declined.v1"
    return body["code"], body["needed"]["amount_minor"], body["missing"]["amount_minor"]


def broken(application: Application) -> list[Any]:
    found = application.audit_money()
    return [each for each in found if not each.holds and each.invariant not in NOT_HERE]


def test_grown_terms_reserve_the_difference_and_pay_what_is_settled_from_then_on(
    application: Application, deliver: Any, outbox: Any, make: ModuleType, books: ModuleType
) -> None:
    fill(application, make, 1000)
    deliver(make.funding(title="Cats"))
    for number in range(1, 8):
        deliver(make.claimed(number))
    deliver(*[make.accepted(number) for number in (1, 2, 3)])
    deliver(make.rejected(4))
    assert (free(application), escrow(application)) == (94_000 + 600, 3_600)
    grown = {"slot_count": 15, "reward": make.usd(7), "revision": 2}
    deliver(make.funding(**grown))
    deliver(make.funding(**grown))
    # 8.40 cents for each of six open slots and five new ones, less 6 cents for each of the six.
    assert escrow(application) == 840 * 11
    assert outbox()[-1][1]["reserved"] == {"amount_minor": 840 * 11 - 3_600, "scale": 4} | {
        "currency": "USD"
    }
    deliver(make.accepted(5), make.rejected(6))
    assert units(application, chart.payable("wrk_1", USD)) == 3 * 500 + 700
    spend = application.show_money.batch("req_1", "bat_1")
    assert (spend.settled.units, spend.fees.units) == (2_200, 440)
    assert (spend.released.units, spend.book.title) == (600 + 840, "Cats")
    assert application.show_earned.since("wrk_1", application.clock.now()).units == 2_200
    assert broken(application) == []
    deliver(make.withdrawn(slot_count=4), make.completed())
    assert escrow(application) == 0
    assert free(application) == 100_000 - 2_200 - 440
    books.check(application)
    assert broken(application) == []
    deliver(make.funding(slot_count=20, reward=make.usd(9), revision=3))
    assert declined(outbox) == ("batch_over", 0, 0)


def test_a_batch_that_cannot_grow_goes_on_as_before(
    application: Application, deliver: Any, outbox: Any, make: ModuleType
) -> None:
    fill(application, make, 100)
    deliver(make.funding())
    deliver(make.funding(slot_count=20, revision=2))
    assert declined(outbox) == ("insufficient_funds", 60, 20)
    deliver(make.funding(reward=make.usd(4), revision=3))
    assert declined(outbox)[0] == "less_than_published"
    deliver(make.funding(slot_count=9, revision=4))
    assert declined(outbox)[0] == "less_than_published"
    assert (free(application), escrow(application)) == (4_000, 6_000)
    deliver(make.claimed(1), make.accepted(1))
    assert units(application, chart.payable("wrk_1", USD)) == 500
    assert application.readers.exceptions.listed(10) == []


def test_what_was_settled_before_a_raise_matures_as_it_was_settled(
    build_application: Any, application: Application, deliverer: Any, clock: Any, make: ModuleType
) -> None:
    held = build_application(CROWDLOOM_CLEARING_SECONDS="3600")
    deliver = deliverer(held)
    fill(application, make, 1000)
    deliver(make.funding())
    deliver(make.claimed(1), make.accepted(1))
    deliver(make.funding(reward=make.usd(8), revision=2))
    deliver(make.claimed(2), make.accepted(2))
    clock.advance(seconds=3_601)
    assert held.mature_rewards() == 2
    assert units(held, chart.clearing("wrk_1", USD)) == 0
    assert units(held, chart.payable("wrk_1", USD)) == 1_300
    assert broken(held) == []
