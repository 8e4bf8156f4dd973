from crowdloom.kernel import Money
from worker_service.domain.requesters import History, Judged, facts_of


def judged(count: int, *, accepted: bool = True, worker: str = "wrk_1") -> list[Judged]:
    return [Judged(accepted, 60_000 * (number + 1), worker) for number in range(count)]


def test_four_decisions_say_nothing_yet() -> None:
    assert facts_of(History(judged(4))) is None


def test_facts_are_the_share_accepted_the_median_time_and_who_they_are_from() -> None:
    facts = facts_of(History([*judged(3), *judged(2, accepted=False, worker="wrk_2")]))
    assert facts is not None
    assert (facts.acceptance, facts.review_seconds) == (0.6, 120)
    assert (facts.n, facts.worker_count) == (5, 2)
    assert facts.hourly is None


def test_a_requesters_pay_per_hour_is_the_median_in_the_currency_of_most_answers() -> None:
    rates = [Money.of_minor(minor, "USD") for minor in (900, 300, 600, 100, 1_200)]
    facts = facts_of(History(judged(5), [*rates, Money.of_minor(5, "EUR")]))
    assert facts is not None
    assert (facts.hourly, facts.hourly_n) == (Money.of_minor(600, "USD"), 5)
