"""The events process's jobs: soon when there is work, seldom when there long was none."""

import pytest
from crowdloom.chassis.worker import Job, pause_seconds


@pytest.mark.parametrize(
    ("every_seconds", "idle_rounds", "expected_seconds"),
    [(1.0, 0, 1.0), (1.0, 19, 1.0), (0.5, 20, 1.5), (1.0, 500, 3.0), (10.0, 500, 10.0)],
)
def test_a_job_that_long_found_nothing_rests_up_to_three_seconds(
    every_seconds, idle_rounds, expected_seconds
):
    assert pause_seconds(Job("job", every_seconds, lambda: 0), idle_rounds) == expected_seconds
