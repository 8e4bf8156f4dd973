from worker_service.domain.requesters import Judged, facts_of


def judged(count: int, *, accepted: bool = True, worker: str = "wrk_1") -> list[Judged]:
    return [Judged(accepted, 60_000 * (number + 1), worker) for number in range(count)]


def test_four_decisions_say_nothing_yet() -> None:
    assert facts_of(judged(4)) is None


def test_facts_are_the_share_accepted_the_median_time_and_who_they_are_from() -> None:
    facts = facts_of([*judged(3), *judged(2, accepted=False, worker="wrk_2")])
    assert facts is not None
    assert (facts.acceptance, facts.review_seconds) == (0.6, 120)
    assert (facts.n, facts.worker_count) == (5, 2)
