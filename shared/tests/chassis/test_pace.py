"""How long a follower of a stream rests."""

import pytest
from crowdloom.chassis.pace import PACE_SECONDS, PACE_SECONDS_MAX, pause_after


@pytest.mark.parametrize("worked_seconds", [0.0, 0.001, 0.01])
def test_after_little_work_a_look_comes_at_a_steady_pace(worked_seconds: float) -> None:
    assert worked_seconds + pause_after(worked_seconds) == pytest.approx(PACE_SECONDS)


def test_the_longer_a_look_took_the_longer_the_rest_up_to_a_limit() -> None:
    assert PACE_SECONDS < pause_after(0.05) < pause_after(0.08) < PACE_SECONDS_MAX
    assert pause_after(10.0) == PACE_SECONDS_MAX
