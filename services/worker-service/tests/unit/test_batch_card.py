from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from types import ModuleType

from crowdloom.testkit.ports import BEGINNING
from worker_service.application.translate import terms_of
from worker_service.domain.batches import BatchCard, Growth

EMPTY = BatchCard("bat_1")


def test_a_batch_is_listed_once_it_is_opened_and_has_tasks(make: ModuleType) -> None:
    card = EMPTY.opened(terms_of(make.opened()))
    assert not card.listed
    assert card.released(0, 30).listed


def test_a_batch_without_items_left_is_not_listed(make: ModuleType) -> None:
    card = EMPTY.opened(terms_of(make.opened())).released(0, 30)
    assert not card.progressed(0, BEGINNING).listed


def test_until_matching_counts_all_released_slots_are_left() -> None:
    card = EMPTY.released(0, 30).released(1, 12).released(0, 30)
    assert card.left_count == 42
    assert card.progressed(7, BEGINNING).left_count == 7


def test_every_order_of_events_ends_in_the_same_card(make: ModuleType) -> None:
    later = BEGINNING + timedelta(seconds=5)
    steps = [
        lambda card: card.opened(terms_of(make.opened())),
        lambda card: card.released(0, 30),
        lambda card: card.switched("evt_1", paused=True),
        lambda card: card.switched("evt_2", paused=False),
        lambda card: card.progressed(20, BEGINNING),
        lambda card: card.progressed(18, later),
    ]
    ends = set()
    for order in permutations(steps):
        card = EMPTY
        for step in [*order, order[0], order[-1]]:
            card = step(card)
        assert card.listed
        ends.add((card.left_count, card.paused, card.counted_at))
    assert ends == {(18, False, later)}


def test_the_newest_growth_holds_whenever_the_opening_is_heard_of(make: ModuleType) -> None:
    opening = terms_of(make.opened())
    first = Growth(2, opening.reward * 2, 40, 3)
    newest = Growth(3, opening.reward * 3, 60, 4)
    ends = {
        card.terms
        for card in (
            EMPTY.opened(opening).grown(first).grown(newest).grown(first),
            EMPTY.grown(newest).grown(first).opened(opening),
            EMPTY.grown(first).opened(opening).grown(newest).opened(opening),
        )
    }
    expected = replace(opening, reward=opening.reward * 3, task_count=60, redundancy=4)
    assert ends == {expected}


def test_a_cancelled_batch_stays_cancelled(make: ModuleType) -> None:
    card = EMPTY.closed(cancelled=True).opened(terms_of(make.opened())).released(0, 30)
    assert not card.switched("evt_9", paused=False).listed
