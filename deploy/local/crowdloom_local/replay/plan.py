"""What is replayed, and waiting for it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

TASK_COLUMN = "task"
FIELD = "label"
DECISIONS_MAX = 200
STEP_SECONDS_MAX = 240

console = Console(stderr=True)


class ReplayFailed(RuntimeError):
    """A step did not come about in time; says which."""


@dataclass(frozen=True)
class Plan:
    """What is replayed: `tasks` x `redundancy` answers given by `workers` simulated people, some of
    whom let a lease of `lease_seconds` lapse.
    """

    dataset: Path
    tasks: int
    redundancy: int
    workers: int
    chaos: bool
    kill_a_node: bool = False
    lease_seconds: int = 30

    @property
    def faulty(self) -> bool:
        return self.chaos or self.kill_a_node


def wait_for(what: str, reached: Callable[[], Any], seconds_max: float = STEP_SECONDS_MAX) -> None:
    console.print(f"waiting for {what}")
    deadline = time.monotonic() + seconds_max
    while not reached():
        if time.monotonic() > deadline:
            raise ReplayFailed(f"waited {seconds_max:.0f} s in vain for {what}")
        time.sleep(0.25)
