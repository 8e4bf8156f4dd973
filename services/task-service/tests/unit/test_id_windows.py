"""Windows over ids go on from a moment, are as long as need be, and are of no use without one."""

from datetime import UTC, datetime, timedelta

from crowdloom.kernel.ids import least_id
from task_service.adapters.id_windows import after, before

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def seconds_later(seconds: float) -> str:
    return least_id("submission", NOW + timedelta(seconds=seconds))


def test_the_next_one_is_as_long_as_the_last_one_promises() -> None:
    windows = after("submission", least_id("batch", NOW) + "0" * 16)
    assert windows.edge(0, 100) == seconds_later(10)
    assert windows.edge(50, 50) == seconds_later(10 + 12.5)
    assert windows.edge(1, 49) == seconds_later(22.5 + 62.5), "at most so much further at once"
    assert windows.edge(1_000, 1) == seconds_later(85 + 10), "and at least so long"


def test_where_nothing_is_found_they_soon_end() -> None:
    windows = after("submission", least_id("batch", NOW) + "0" * 16)
    ends = [windows.edge(0, 100) for _ in range(16)]
    there = [end for end in ends if end is not None]
    assert there == sorted(set(there))
    assert there[-1] > seconds_later(86_400)
    assert ends[-1] is None


def test_an_id_without_a_time_has_none() -> None:
    assert after("submission", "sub_from-elsewhere").edge(0, 100) is None


def test_they_go_back_from_now() -> None:
    windows = before("submission", NOW)
    assert windows.edge(0, 100) == seconds_later(-60)
    assert windows.edge(60, 40) == seconds_later(-60 - 50)
