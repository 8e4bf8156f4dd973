"""Waiting for what real processes come to say: with patience that has an end, never on luck."""

import time
from collections.abc import Callable
from typing import TypeVar

WAIT_SECONDS_MAX = 60
_PAUSE_SECONDS = 0.1
FoundT = TypeVar("FoundT")


def until(reached: Callable[[], FoundT | None]) -> FoundT:
    """Ask until the answer is true of something; returns it. Raises AssertionError in the end."""
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not (found := reached()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(_PAUSE_SECONDS)
    return found
