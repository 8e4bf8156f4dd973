"""Kill -9 the payout run at every point it has, and see that everybody is paid exactly once.

    python killed_payouts.py --mongodb URI --simulator URL --items 50 [--deep]

A child process carries the run out. Each of its calls of a port (a transaction, a call of the
processor) is a point, before it and after it took effect. The first, undisturbed run finds how
many calls a line takes; then, for each point, a whole run in which the child is killed by SIGKILL
at that point of every line, and started again, until nothing is left to do. Deep: at every point
of what comes after a restart as well. The processor's own record says who was paid.

One parent without threads and clients forks the children: MongoDB clients do not survive a fork.
"""

import argparse
import importlib.util
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import requests
import stripe
from crowdloom.chassis.tokens import new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.kernel import Currency, Money, TransientError
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from payment_service.application.book_lines import BookLines
from payment_service.application.execute_payouts import ExecutePayouts
from payment_service.application.poll_processor import PollProcessor
from payment_service.application.processor import ProcessorUnavailable
from payment_service.bootstrap import Application, build, stripe_processor
from payment_service.config import read_settings
from payment_service.domain.payouts import ItemState, PayoutItem, RunStatus
from payment_service.domain.processor_lines import BalanceTransaction
from payment_service.entrypoints.events import SUBSCRIPTIONS

REWARD_MINOR, ANSWERS_EACH = 5, 3
AFTER_A_RESTART = timedelta(seconds=100)  # longer than a line is leased
DATABASE = "killed_payouts"
USD = Currency.of("USD")
TRIES_MAX = 5

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Point:
    """The `call`-th port call of a step that began with the line in `state`."""

    state: str
    call: int
    after: bool

    def __str__(self) -> str:
        return (
            f"{'after' if self.after else 'before'} call {self.call} of a line that is {self.state}"
        )


@dataclass
class Round:
    """One run of payouts; what happened is kept in files, since children die."""

    folder: Path
    uri: str
    simulator: str
    number: int
    items: int
    points: tuple[Point, ...] = ()
    booking: bool = False
    restarts: int = 0
    killed: list[str] = field(default_factory=list)

    def notes(self, name: str) -> list[str]:
        path = self.folder / f"{self.number}.{name}"
        return path.read_text().splitlines() if path.exists() else []

    def note(self, name: str, line: str) -> None:
        with (self.folder / f"{self.number}.{name}").open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())


class Killer:
    """Counts the calls of a step and kills this process at the points that are still due."""

    def __init__(self, run: Round) -> None:
        self._run = run
        self._done = set(run.notes("killed"))
        self.subject, self.state, self.calls = "", "", 0

    def begin(self, subject: str, state: str) -> None:
        self.subject, self.state, self.calls = subject, state, 0

    def around(self, call: Callable[[], Any]) -> Any:
        if not self.subject:
            return call()
        self.calls += 1
        self._at(after=False)
        answer = call()
        self._at(after=True)
        return answer

    def _at(self, *, after: bool) -> None:
        point = Point(self.state, self.calls, after)
        name = f"{self.subject} {point}"
        if not after:
            self._run.note("seen", f"{self.state} {self.calls}")
        if name not in self._done and self._is_next(point):
            self._run.note("killed", name)
            os.kill(os.getpid(), signal.SIGKILL)

    def _is_next(self, point: Point) -> bool:
        """The points of a line come in their order: each kills it once."""
        earlier = sum(line.startswith(f"{self.subject} ") for line in self._done)
        if self._run.booking:
            return self.state == "booking"
        return earlier < len(self._run.points) and self._run.points[earlier] == point


class Port:
    """Passes calls of some methods through the killer."""

    def __init__(self, real: Any, killer: Killer, *names: str) -> None:
        self._real, self._killer, self._names = real, killer, names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in self._names:
            return found
        return lambda *given, **named: self._killer.around(lambda: found(*given, **named))


def carry_out(run: Round) -> None:
    """What the events process does, until nothing is left to do."""
    application = open_service(run)
    killer = Killer(run)
    store = Port(application.store, killer, "run")
    processor = Port(stripe_processor(application.settings), killer, "send", "transfers")

    class Stepping(ExecutePayouts):
        def _step(self, item: PayoutItem) -> None:
            killer.begin(item.item_id, item.state.value)
            super()._step(item)
            killer.begin("", "")

    class Booking(BookLines):
        def _book_one(self, line: BalanceTransaction) -> None:
            killer.begin(line.transaction_id, "booking")
            super()._book_one(line)
            killer.begin("", "")

    execute = Stepping(store, processor, clock=application.clock)
    poll = PollProcessor(
        application.store,
        stripe_processor(application.settings),
        book_lines=Booking(store),
        refresh_payees=application.refresh_payees,
        clock=application.clock,
    )
    while patiently(execute):
        pass
    patiently(poll.catch_up)


def open_service(run: Round) -> Application:
    """The service as a process started now builds it; each start is later than the one before."""
    clock = FrozenClock(BEGINNING + timedelta(days=run.number))
    clock.advance(seconds=run.restarts * AFTER_A_RESTART.total_seconds())
    environment = {
        "CROWDLOOM_MONGODB_URI": run.uri,
        "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
        "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": KEY[0],
        "CROWDLOOM_PUBLIC_KEYS": json.dumps({"payment-service": KEY[1]}),
        "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
        "CROWDLOOM_STRIPE_API_KEY": "sk_test_tests",
        "CROWDLOOM_STRIPE_WEBHOOK_SECRET": "whsec_test",
        "CROWDLOOM_STRIPE_API_BASE": run.simulator,
    }
    stripe.HTTPClient.INITIAL_DELAY = stripe.HTTPClient.MAX_DELAY = 0.001
    return build(read_settings(environment), database=DATABASE, clock=clock)


KEY = new_signing_key()


def prepare(run: Round) -> None:
    """Everybody has earned fifteen cents and asked for them; a run of all is approved."""
    application = open_service(run)
    if run.number == 1:
        application.store.migrate_all()
    _fund_and_earn(application, run)
    with requests.Session() as http:
        for worker in _workers(run):
            _payee, link = application.open_payout_account(worker)
            if link:
                http.post(link, data={"action": "complete"}, allow_redirects=False, timeout=10)
            application.ask_for_payout(worker, key=str(run.number))
    desk = application.runs
    run_id = patiently(lambda: desk.draft("stf_maker", USD, key=str(run.number))).run.run_id
    digest = patiently(lambda: desk.freeze("stf_maker", run_id)).run.content_hash
    patiently(lambda: desk.approve("stf_checker", run_id, seen_hash=str(digest)))
    run.note("run", run_id)


def patiently(act: Callable[[], ResultT]) -> ResultT:
    """Again, as a job and a person do, where the engine had no time on a busy machine."""
    for _ in range(TRIES_MAX - 1):
        with suppress(TransientError, ProcessorUnavailable):
            return act()
    return act()


def _workers(run: Round) -> Iterator[Any]:
    return (f"wrk_{number:03d}" for number in range(run.items))


def _fund_and_earn(application: Application, run: Round) -> None:
    make = _beside("builders")
    slots, batch = run.items * ANSWERS_EACH, f"bat_{run.number}"
    cost = make.funding(slot_count=slots, batch_id=batch)
    minor = 1000 + (cost.reward + cost.fee).minor * slots * 2
    top_up = application.start_top_up(
        make.REQUESTER, Money.of_minor(minor, USD), key=f"round {run.number}"
    )
    checkout = f"{run.simulator}/_simulator/checkout-sessions/{top_up.checkout_id}/pay"
    requests.post(checkout, json={}, timeout=10).raise_for_status()
    application.poll_processor.catch_up()
    deliver(application, run, cost)
    events: list[Event] = []
    for number in range(slots):
        worker, place = f"wrk_{number % run.items:03d}", run.number * 100_000 + number
        events.append(make.claimed(place, worker_id=worker, batch_id=batch))
        events.append(make.accepted(place, batch_id=batch))
    for start in range(0, len(events), 100):
        deliver(application, run, *events[start : start + 100])


def deliver(application: Application, run: Round, *events: Event) -> None:
    def work(session: Any) -> None:
        for place, event in enumerate(events):
            name = f"evt_{run.number}_{place}"
            at = application.clock.now()
            envelope = Envelope(name, at, key="key", cause=Cause(name), event=event)
            SUBSCRIPTIONS[type(event)](envelope, session)

    patiently(lambda: application.store.run(work))


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(run: Round) -> None:
    """The run is paid, the books are even, and the processor's own record has each line once."""
    application = open_service(run)
    (run_id,) = run.notes("run")
    view = application.runs.show(run_id)
    assert view.run.status is RunStatus.COMPLETED, view.run.status
    assert {item.state for item in view.items} == {ItemState.PAID}
    record = requests.get(f"{run.simulator}/_simulator/transfers", timeout=10).json()
    sent = Counter(
        transfer["metadata"]["payout_item"]
        for transfer in record["transfers"]
        if transfer["transfer_group"] == run_id
    )
    assert sent == Counter(item.item_id for item in view.items), sent
    _beside("books").check(application)
    asked = application.queue_reconciliation("stf_checker", key=str(run.number))
    application.reconcile()
    result = application.readers.reconciliations.get(asked["_id"])
    assert result
    assert result["status"] == "completed", result
    assert result["differences"] == [], result


def forked(work: Callable[[Round], None], run: Round) -> bool:
    """Run it in a child; returns whether it came to its end, and was not killed."""
    child = os.fork()
    if child == 0:
        try:
            work(run)
        except BaseException:  # noqa: BLE001 - a child says what went wrong, and ends
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if status:
        raise SystemExit(f"a child failed in round {run.number}")
    return True


def play(run: Round) -> Round:
    """One whole run with its kills, checked."""
    forked(prepare, run)
    while not forked(carry_out, run):
        run.restarts += 1
    forked(check, run)
    return run


def points_of(seen: list[str], state: str) -> list[Point]:
    """All points of a step that begins in a state, as an undisturbed round saw them."""
    calls = {int(line.split()[1]) for line in seen if line.split()[0] == state}
    return [Point(state, call, after) for call in sorted(calls) for after in (False, True)]


def plans(play_one: Callable[..., Round], *, deep: bool) -> tuple[int, int]:
    """Find the points and kill at each; returns how many points, and how many kills."""
    quiet = play_one()
    first = points_of(quiet.notes("seen"), ItemState.APPROVED.value)
    points, kills = 0, 0
    for point in first:
        done = play_one(points=(point,))
        points += 1
        kills += len(done.notes("killed"))
        again = {line.split()[0] for line in done.notes("seen")} - {ItemState.APPROVED.value}
        for state in sorted(again - {"booking"}) if deep else ():
            for second in points_of(done.notes("seen"), state):
                followed = play_one(points=(point, second))
                points += 1
                kills += len(followed.notes("killed"))
    booked = play_one(booking=True)
    points += len(points_of(booked.notes("seen"), "booking"))
    return points, kills + len(booked.notes("killed"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mongodb", required=True)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--deep", action="store_true")
    asked = parser.parse_args()
    rounds = 0
    with TemporaryDirectory() as folder:

        def play_one(points: tuple[Point, ...] = (), *, booking: bool = False) -> Round:
            nonlocal rounds
            rounds += 1
            run = Round(
                Path(folder), asked.mongodb, asked.simulator, rounds, asked.items, points, booking
            )
            began = time.monotonic()
            play(run)
            what = ", then ".join(map(str, points)) or (
                "while booking" if booking else "undisturbed"
            )
            sys.stdout.write(
                f"round {rounds}: {what}: {len(run.notes('killed'))} kills, "
                f"{time.monotonic() - began:.1f} s\n"
            )
            sys.stdout.flush()
            return run

        points, kills = plans(play_one, deep=asked.deep)
    sys.stdout.write(
        f"points {points}, killed {kills} times, {rounds} runs of {asked.items} lines: "
        f"each paid exactly once\n"
    )


if __name__ == "__main__":
    main()
