"""The schedule of known items: two of five, ten of fifty, then three of each hundred."""

import random

from hypothesis import given
from hypothesis import strategies as st
from matching_service.domain.known_items import Tally, are_held_back, is_stopped
from matching_service.domain.requirements import Judged

SEEDS = st.integers(0, 2**32)


def places(seed: int, count: int, tally: Tally | None = None, *, left: int = 1_000) -> list[int]:
    """The places at which a worker is given a known item, where `left` of them are left for him."""
    randomness, tally = random.Random(seed), tally or Tally()
    found = []
    for place in range(count):
        wanted = tally.wants_known(randomness)
        known = wanted and len(found) < left
        found += [place] if known else []
        tally = tally.counting(wanted=wanted, known=known)
    return found


@given(SEEDS)
def test_two_of_the_first_five_are_known_ten_of_fifty_and_three_of_each_hundred(seed: int) -> None:
    found = places(seed, 350)
    assert [sum(place < end for place in found) for end in (5, 50, 150, 250, 350)] == [
        *(2, 10, 13, 16, 19)
    ]


def test_any_place_is_as_likely_as_any_other() -> None:
    found = [place for seed in range(2_000) for place in places(seed, 50)]
    for start, end, share in [(0, 5, 2 / 5), (5, 50, 8 / 45)]:
        shares = [found.count(place) / 2_000 for place in range(start, end)]
        assert max(abs(one - share) for one in shares) < 0.05, shares


@given(SEEDS)
def test_what_came_by_itself_is_not_given_again(seed: int) -> None:
    assert places(seed, 45, Tally(given=5, known=10)) == []


@given(SEEDS)
def test_what_is_owed_is_made_up_for_at_random_places_and_not_in_a_row(seed: int) -> None:
    assert places(seed, 50, left=1)[1:] == []
    owed = places(seed, 100, Tally(given=50, known=0, short=True))
    assert 8 <= len(owed) <= 13
    assert owed != list(range(len(owed)))


def test_few_known_ones_among_many_wait_for_those_who_should_have_them() -> None:
    assert are_held_back([True, *[False] * 31])
    assert not are_held_back([True, False, False])
    assert not are_held_back([])


def test_who_is_hardly_better_than_chance_is_given_no_more_and_few_answers_stop_nobody() -> None:
    assert not is_stopped(Judged(0, 9), 2)
    assert [is_stopped(Judged(right, 10), 2) for right in (3, 4)] == [True, False]
    assert [is_stopped(Judged(right, 40), 2) for right in (20, 30)] == [True, False]
    assert not is_stopped(Judged(4, 10), 10), "far better than chance among ten"
