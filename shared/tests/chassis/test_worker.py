"""The events process's jobs: soon when there is work, seldom when there long was none."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from crowdloom.chassis import worker
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


class Ticking:
    """The clock of a run and what ends it; at `moved_at` the consumer hears of something."""

    def __init__(self, *, moved_at: float, until: float) -> None:
        self.now = 0.0
        self.consumer = SimpleNamespace(moved_at=0.0)
        self._moved_at, self._until = moved_at, until

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        if self.now >= self._moved_at:
            self.consumer.moved_at = self._moved_at
        return self.now > self._until


def test_an_event_wakes_a_job_that_rests(monkeypatch):
    ticking = Ticking(moved_at=61.0, until=64.0)
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: ticking.now))
    ran = []
    process: Any = object.__new__(worker.EventsProcess)
    process._consumer = ticking.consumer
    process._run_jobs([Job("job", 1.0, lambda: ran.append(ticking.now))], ticking)
    resting = [later - sooner for sooner, later in pairwise(at for at in ran if 25 < at < 61)]
    assert min(resting) == pytest.approx(4.0, abs=0.2)
    assert len([at for at in ran if 61 <= at <= 64]) >= 3, "each second again"


@pytest.mark.parametrize(("again_from", "expected_count"), [(1, 10), (500, 1), (3, 10)])
def test_a_job_is_run_again_at_once_where_it_did_so_much(monkeypatch, again_from, expected_count):
    ticking = Ticking(moved_at=0.0, until=1.05)
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: ticking.now))
    ran = []

    def run() -> int:
        ran.append(ticking.now)
        return 3

    process: Any = object.__new__(worker.EventsProcess)
    process._consumer = ticking.consumer
    process._run_jobs([Job("job", 2.0, run, again_from=again_from)], ticking)
    assert len(ran) == expected_count
