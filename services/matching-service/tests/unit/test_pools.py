import random

from hypothesis import given
from hypothesis import strategies as st
from matching_service.domain.pools import POOL_TASKS_MAX, dealt, drawn, pool_count


@given(st.integers(1, 500))
def test_a_chunk_is_dealt_into_as_many_pools_as_are_counted(task_count: int) -> None:
    tasks = [f"tsk_{number}" for number in range(task_count)]
    pools = [pool for _, pool in dealt("bat_1", 3, tasks)]
    assert len(set(pools)) == pool_count(task_count)
    assert max(pools.count(pool) for pool in set(pools)) <= POOL_TASKS_MAX


@given(st.dictionaries(st.integers(0, 20), st.integers(0, 16), max_size=6), st.integers(0, 9))
def test_different_pools_that_exist_are_drawn(counts: dict[int, int], wanted: int) -> None:
    known = {f"bat_1:{chunk}:{n}" for chunk, count in counts.items() for n in range(count)}
    found = drawn("bat_1", counts, wanted, random.Random(1))
    assert len(set(found)) == len(found) == min(wanted, len(known))
    assert set(found) <= known


def test_every_pool_is_drawn_in_the_end() -> None:
    randomness = random.Random(1)
    seen = {pool for _ in range(200) for pool in drawn("bat_1", {0: 2, 1: 3}, 1, randomness)}
    assert len(seen) == 5
