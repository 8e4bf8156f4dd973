"""The events process's jobs: soon when there is work, seldom when there long was none."""

import pytest
from crowdloom.chassis.worker import Job, pause_seconds


@pytest.mark.parametrize(
    ("every_seconds", "idle_seconds", "expected_seconds"),
    [
        (1.0, 0, 1.0),
        (1.0, 19, 1.0),
        (0.5, 21, 2.0),
        (1.0, 500, 4.0),
        (5.0, 500, 15.0),
        (60.0, 500, 60.0),
    ],
)
def test_a_job_that_long_found_nothing_rests_up_to_fifteen_seconds(
    every_seconds, idle_seconds, expected_seconds
):
    assert pause_seconds(Job("job", every_seconds, lambda: 0), idle_seconds) == expected_seconds
