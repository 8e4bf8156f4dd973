"""Figures about answers: every answer is counted once, in its bucket."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from task_service.domain.figures import (
    BARS_MAX,
    VALUES_MAX,
    agreement_bands,
    arrivals,
    spreads,
    time_bands,
)
from task_service.domain.submissions import Submission, SubmissionStatus

_START = datetime(2026, 3, 1, 9, 59, 30, tzinfo=UTC)


def _submission(seconds: float, after: timedelta = timedelta()) -> Submission:
    came = _START + after
    return Submission(
        submission_id="sub_1",  # type: ignore[arg-type]
        assignment_id="asg_1",  # type: ignore[arg-type]
        task_id="task_1",  # type: ignore[arg-type]
        batch_id="batch_1",  # type: ignore[arg-type]
        requester_id="req_1",  # type: ignore[arg-type]
        pseudonym="A1",  # type: ignore[arg-type]
        answer=(("a", "1"),),
        status=SubmissionStatus.SUBMITTED,
        claimed_at=came - timedelta(seconds=seconds),
        submitted_at=came,
        auto_accept_at=came,
    )


def test_values_beyond_the_shown_ones_are_counted_together() -> None:
    rare = [(("a", str(number)),) for number in range(VALUES_MAX + 3)]
    (found,) = spreads([(("a", "yes"),), (("a", "yes"),), *rare])
    assert found.counts[0] == ("yes", 2)
    assert len(found.counts) == VALUES_MAX
    assert found.others == 4
    assert found.total == VALUES_MAX + 5
    assert found.distinct == VALUES_MAX + 4


def test_agreement_is_banded_by_the_share_of_the_most_frequent_value() -> None:
    yes, no = (("a", "yes"),), (("a", "no"),)
    tasks = [[yes, yes], [yes, no], [yes, yes, no], [yes]]
    assert [band.count for band in agreement_bands(tasks)] == [1, 1, 0, 1]


@given(st.lists(st.floats(0, 5_000), max_size=50))
def test_every_answer_lies_in_one_band_of_time(seconds: list[float]) -> None:
    bands = time_bands(map(_submission, seconds))
    assert sum(band.count for band in bands) == len(seconds)


@given(st.lists(st.timedeltas(timedelta(), timedelta(days=2_000)), min_size=1, max_size=50))
def test_arrivals_have_no_gap_and_few_bars(moments: list[timedelta]) -> None:
    step, found = arrivals(_submission(1, after) for after in moments)
    assert len(found) <= BARS_MAX
    assert sum(one.count for one in found) == len(moments)
    assert found[0].count > 0
    assert found[-1].count > 0
    assert all(one.begins - found[0].begins == place * step for place, one in enumerate(found))
