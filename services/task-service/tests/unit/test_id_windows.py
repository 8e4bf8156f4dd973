"""Windows over ids grow from a moment on, and are of no use for ids that no time is in."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from crowdloom.kernel.ids import least_id
from task_service.adapters.id_windows import ends_after, starts_before

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_they_end_later_and_later_after_the_id() -> None:
    batch_id = least_id("batch", NOW) + "0" * 16
    ends = list(ends_after("submission", batch_id))
    assert ends[0] == least_id("submission", NOW + timedelta(seconds=10))
    assert all(low < high for low, high in pairwise(ends))
    assert ends[-1] > least_id("submission", NOW + timedelta(days=100))


def test_an_id_without_a_time_has_none() -> None:
    assert list(ends_after("submission", "sub_from-elsewhere")) == []


def test_they_start_earlier_and_earlier_before_now() -> None:
    starts = list(starts_before("submission", NOW))
    assert starts[0] == least_id("submission", NOW - timedelta(minutes=1))
    assert all(low < high for high, low in pairwise(starts))
