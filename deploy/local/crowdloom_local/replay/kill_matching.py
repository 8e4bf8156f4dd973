"""`python -m crowdloom_local.replay.kill_matching`: matching-service killed while a batch runs.

kill -9 in turns of matching-service's events process and of a web worker that claims; the rest of
the market goes on. It must end with every task at exactly its redundancy.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from crowdloom_local.market import Market
from crowdloom_local.replay import run as replay
from crowdloom_local.replay.chaos import Chaos
from crowdloom_local.replay.plan import Plan

_KILLS = 20
_WORKERS = 12
_EVENTS = "matching-events"


class KillMatching(Chaos):
    """So many kills, spread evenly over the run's progress."""

    def __init__(self, market: Market) -> None:
        super().__init__(market, everything=False)
        self._faults = [((number + 0.5) / _KILLS, self._kill(number)) for number in range(_KILLS)]

    def _kill(self, number: int) -> Callable[[], None]:
        def kill() -> None:
            if number % 2:
                self._note(f"{number + 1}: kill -9 a web worker")
                self._market.kill_a_web_worker()
            else:
                self._note(f"{number + 1}: kill -9 {_EVENTS}")
                self._market.process(_EVENTS).send(signal.SIGKILL)

        return kill


def main(tasks: int, redundancy: int) -> int:
    """Returns 0 where every task got exactly its redundancy and all else of a replay holds."""
    with tempfile.TemporaryDirectory(prefix="crowdloom-kills-") as folder:
        plan = Plan(
            dataset=dataset_of_equals(Path(folder) / "alike", tasks, redundancy),
            tasks=tasks,
            redundancy=redundancy,
            workers=_WORKERS,
            chaos=False,
        )
        with Market(Path(folder) / "market") as market:
            figures = replay.replay(market, plan, KillMatching)
    wrong = list(replay.wrong_figures(figures, plan))
    print(json.dumps(figures))
    print(f"killed {len(figures['chaos'])} times; every task at {redundancy}: {not wrong}")
    return 1 if wrong or len(figures["chaos"]) != _KILLS else 0


def dataset_of_equals(folder: Path, tasks: int, redundancy: int) -> Path:
    """Answers to so many tasks, all alike: what is said does not matter here."""
    folder.mkdir()
    rows = [f"{task},w{giver},yes" for task in range(tasks) for giver in range(redundancy)]
    (folder / "labels.csv").write_text("\n".join(["task,worker,label", *rows, ""]))
    return folder


if __name__ == "__main__":
    sys.exit(main(*(int(number) for number in sys.argv[1:3] or ("500", "2"))))
