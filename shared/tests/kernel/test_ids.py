from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from crowdloom.kernel import SystemClock, TimeOrderedIds


class _Clock:
    def __init__(self):
        self.instant = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self):
        return self.instant


def test_ids_of_one_factory_sort_by_the_order_they_were_made_in():
    ids = TimeOrderedIds(SystemClock())
    made = [ids.new("task") for _ in range(1_000)]
    assert made == sorted(made)


def test_ids_keep_their_order_when_the_clock_goes_back():
    clock = _Clock()
    ids = TimeOrderedIds(clock)
    before = ids.new("task")
    clock.instant -= timedelta(hours=1)
    assert ids.new("task") > before


def test_threads_never_get_the_same_id():
    ids = TimeOrderedIds(SystemClock())
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: ids.new("event"), range(4_000)))
    assert len(set(made)) == 4_000


def test_an_id_says_what_it_names():
    assert TimeOrderedIds(SystemClock()).new("assignment").startswith("asg_")
