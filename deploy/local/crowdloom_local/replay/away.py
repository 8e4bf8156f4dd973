"""`python -m crowdloom_local.replay.away`: a broker that is away, a worker's machine that stops.

The broker is stopped for a minute while a batch is worked on: workers go on claiming and
submitting, and it ends with every task at exactly its redundancy. Then a worker's program is
stopped while it holds a lease, somebody else does the item, and the program goes on: what it
submits then changes nothing and is kept as its draft.
"""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from crowdloom.client import Problem, Requester, Worker

from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.replay import run as replay
from crowdloom_local.replay.chaos import Chaos, Fault
from crowdloom_local.replay.kill_matching import dataset_of_equals
from crowdloom_local.replay.plan import Plan, console, wait_for
from crowdloom_local.staff import PASSWORD

_NAME = "crowdloom_local.replay.away"
_BROKER = "broker"
_TASKS, _REDUNDANCY, _WORKERS = 150, 2, 12
_FUNDS = {"amount_minor": 1_000, "currency": "USD"}
_ANSWER = [("label", "yes")]
_TEMPLATE = '<p>${n}</p><label>Label <input name="label" required></label>'


class BrokerAway(Chaos):
    """Stops the broker for so many seconds; `meanwhile` is by how much the progress grew then."""

    def __init__(self, market: Market, seconds: float) -> None:
        super().__init__(market, everything=False)
        self._seconds = seconds
        self._progress = 0.0
        self.meanwhile = 0.0
        stop: Fault = (0.1, self._stop)
        self._faults = [stop]

    def advance(self, progress: float) -> None:
        self._progress = progress
        super().advance(progress)

    def _stop(self) -> None:
        self._note(f"SIGSTOP the broker for {self._seconds:.0f} s")
        self._market.process(_BROKER).send(signal.SIGSTOP)
        before = self._progress

        def resume() -> None:
            time.sleep(self._seconds)
            self.meanwhile = self._progress - before
            self._market.process(_BROKER).send(signal.SIGCONT)
            self._note(f"SIGCONT; {self.meanwhile:.0%} of all answers were accepted meanwhile")

        self._pause = threading.Thread(target=resume, daemon=True)
        self._pause.start()


def main(away_seconds: float) -> int:
    """Returns 0 where all of it holds."""
    with tempfile.TemporaryDirectory(prefix="crowdloom-away-") as folder:
        plan = Plan(
            dataset=dataset_of_equals(Path(folder) / "alike", _TASKS, _REDUNDANCY),
            tasks=_TASKS,
            redundancy=_REDUNDANCY,
            workers=_WORKERS,
            chaos=False,
        )
        away: list[BrokerAway] = []

        def faults_of(market: Market) -> Chaos:
            away.append(BrokerAway(market, away_seconds))
            return away[0]

        with Market(Path(folder) / "market") as market:
            figures = replay.replay(market, plan, faults_of)
            zombie = _stopped_worker(market)
    wrong = list(replay.wrong_figures(figures, plan))
    print(json.dumps({**figures, "zombie": zombie}))
    held = not wrong and away[0].meanwhile > 0
    print(f"broker away: every task at {_REDUNDANCY}, work went on: {held} {wrong or ''}")
    fenced = zombie == {"told": "lease_expired", "draft": True, "answers": 1}
    print(f"stopped worker: a late answer changes nothing and is kept: {fenced}")
    return 0 if held and fenced else 1


def _stopped_worker(market: Market) -> dict[str, object]:
    """What a program is told that was stopped beyond its lease, and what became of the item."""
    console.print("a worker's program is stopped while it holds a lease")
    requester, batch_id = _one_item(market)
    command = [sys.executable, "-m", _NAME, "work"]
    program = subprocess.Popen(
        [*command, market.url, batch_id], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    if program.stdout is None or program.stdin is None:
        raise RuntimeError("the worker's program has no pipes")
    program.stdout.readline()
    program.send_signal(signal.SIGSTOP)
    other = Worker.sign_up(market.url)
    found = []

    def given() -> bool:
        item = other.claim(batch_id)
        found.extend([item] if item else [])
        return bool(item)

    wait_for("the lease to run out", given)
    other.submit(found[0], _ANSWER)
    program.send_signal(signal.SIGCONT)
    said, _ = program.communicate("go on\n", timeout=60)
    answers = len(list(requester.submissions(batch_id)))
    return {**json.loads(said), "answers": answers}


def _one_item(market: Market) -> tuple[Requester, str]:
    requester = Requester.sign_up(
        market.url, email="away@example.org", password=PASSWORD, name="Away"
    )
    pay_checkout(requester.top_up(_FUNDS)["checkout_url"])
    wait_for("the top-up to be booked", lambda: requester.wallet()["free"] == _FUNDS)
    project = requester.create_project(title="Away", description="x", template_html=_TEMPLATE)
    reward = {"amount_minor": 5, "currency": "USD"}
    batch = requester.create_batch(project["project_id"], reward=reward, lease_seconds=10)
    batch_id = str(batch["batch_id"])
    requester.add_csv(batch_id, b"n\n1\n")
    requester.publish(batch_id)
    wait_for("the batch to open", lambda: requester.batch(batch_id)["status"] == "open")
    return requester, batch_id


def work(url: str, batch_id: str) -> None:
    """The program that is stopped: claims, says so, and submits when it is told to go on."""
    worker = Worker.sign_up(url)
    held = None
    while held is None:
        held = _asked(worker, batch_id)
    print("held", flush=True)
    sys.stdin.readline()
    try:
        worker.submit(held, _ANSWER)
        told = "received"
    except Problem as problem:
        told = problem.code
    print(json.dumps({"told": told, "draft": bool(worker.draft(held))}), flush=True)


def _asked(worker: Worker, batch_id: str) -> dict[str, object] | None:
    try:
        return worker.claim(batch_id)
    except Problem as problem:
        # Open to its requester, and not heard of yet where work is given out.
        if problem.code != "not_found":
            raise
        time.sleep(0.25)
        return None


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(*sys.argv[2:4])
        sys.exit(0)
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else 60.0))
