"""The round trip of one file, over HTTP, on a market of its own."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from crowdloom.client import Requester, Worker
from crowdloom.client.api import Json
from rich.console import Console

from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.crowd.workers import Habits, SimulatedWorker
from crowdloom_local.market import Market
from crowdloom_local.roundtrip.wholes import Whole, first_difference, whole_of
from crowdloom_local.staff import PASSWORD

REWARD = {"amount_minor": 5, "currency": "USD"}
_COST_MINOR = 6  # with the fee
_TOP_UP_MINOR_MIN = 1_000
_LEASE_SECONDS = 600
# A book has ten thousand sentences: several make one task, unless their number was asked for.
_PIECES_WITHOUT_A_SIZE_MAX = 400
_THREADS = 8
# A worker holds ten items at most until it is heard that they were answered; on a machine that is
# busy that takes a while, and the others go on meanwhile.
_PEOPLE_PER_THREAD = 4
_STEP_SECONDS_MAX = 240
_LOOK_SECONDS = 0.25

console = Console(stderr=True)


class RoundtripFailed(RuntimeError):
    """A step did not come about in time; says which."""


def run_fresh(file: Path, by: str) -> bool:
    """Whether the file comes back itself. A market that failed leaves its folder for a look."""
    folder = Path(tempfile.mkdtemp(prefix="crowdloom-roundtrip-"))
    try:
        with Market(folder) as market:
            console.print(f"market: {market.url} on {market.engines.description}")
            identical = roundtrip(market.url, file, by)
    except BaseException:
        console.print(f"the market's logs are in {folder / 'logs'}")
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return identical


def roundtrip(url: str, file: Path, by: str) -> bool:
    """Split, publish, have every piece answered by itself, merge, compare."""
    content = file.read_bytes()
    whole = whole_of(by.partition(":")[0], content, url)
    requester = Requester.sign_up(
        url, email="roundtrip@example.org", password=PASSWORD, name="Roundtrip"
    )
    batch = _split(requester, whole, file.name, content=content, by=by)
    console.print(f"{file.name}: {len(content):,} bytes by {by}: {batch['task_count']:,} tasks")
    _publish(requester, batch)
    began = time.monotonic()
    _work(url, requester, batch, whole)
    console.print(f"answered in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    merged = requester.results(batch["batch_id"], kind="merged")
    console.print(f"merged in {time.monotonic() - began:.1f} s")
    identical = whole.is_same(merged)
    if not identical:
        console.print(first_difference(merged, content))
    return identical


def _split(requester: Requester, whole: Whole, name: str, *, content: bytes, by: str) -> Json:
    project = requester.create_project(
        title=f"Roundtrip of {name}", description="Nothing changes.", template_html=whole.template
    )
    draft = requester.create_batch(
        project["project_id"],
        redundancy=1,
        reward=REWARD,
        lease_seconds=_LEASE_SECONDS,
        auto_accept_seconds=86_400,
    )
    began = time.monotonic()
    batch = requester.split(draft["batch_id"], content, by=by, name=name)
    console.print(f"split in {time.monotonic() - began:.1f} s")
    kind, _, size = by.partition(":")
    if not size and kind in {"sentence", "paragraph"}:
        each = -(-batch["task_count"] // _PIECES_WITHOUT_A_SIZE_MAX)
        if each > 1:
            console.print(f"{batch['task_count']:,} by {kind}, {each} to a task")
            batch = requester.split(draft["batch_id"], content, by=f"{kind}:{each}", name=name)
    return batch


def _publish(requester: Requester, batch: Json) -> None:
    minor = max(batch["task_count"] * _COST_MINOR + 1, _TOP_UP_MINOR_MIN)
    amount = {"amount_minor": minor, "currency": "USD"}
    pay_checkout(requester.top_up(amount)["checkout_url"])
    _await("the top-up to be booked", lambda: requester.wallet()["free"] == amount)
    requester.publish(batch["batch_id"])
    _await("the batch to open", lambda: requester.batch(batch["batch_id"])["status"] != "funding")


def _work(url: str, requester: Requester, batch: Json, whole: Whole) -> None:
    """Have the crowd answer every task."""
    stop = threading.Event()
    habits = Habits(draft_share=0, return_share=0)
    people: list[SimulatedWorker] = []

    def person(seed: int) -> SimulatedWorker:
        joined = SimulatedWorker(
            Worker.sign_up(url, patience_seconds=_STEP_SECONDS_MAX),
            answers=whole,
            habits=habits,
            seed=seed,
            batch_id=batch["batch_id"],
        )
        people.append(joined)
        return joined

    def crew(number: int) -> None:
        """Each in turn, as long as there is work for that one."""
        ours = [person(number * _PEOPLE_PER_THREAD + one) for one in range(_PEOPLE_PER_THREAD)]
        while not stop.is_set():
            before = _acknowledged(ours)
            for one in ours:
                one.work(stop=stop, finished=lambda: True)
            if _acknowledged(ours) == before:
                stop.wait(_LOOK_SECONDS)

    with ThreadPoolExecutor(_THREADS) as pool:
        working = [pool.submit(crew, number) for number in range(_THREADS)]

        def answered() -> int:
            for gone in (one for one in working if one.done()):
                gone.result()  # whoever left before the end fell over something: say what
            return _acknowledged(people)

        try:
            _await_answers(batch["task_count"], answered)
        finally:
            stop.set()
    # What counts is what the market says of them, not what its crowd does.
    _await("the market to count them", lambda: _answers(requester, batch) >= batch["task_count"])


def _acknowledged(people: Sequence[SimulatedWorker]) -> int:
    return sum(len(person.acknowledged) for person in people)


def _await_answers(task_count: int, answered: Callable[[], int]) -> None:
    """As long as it takes, if only some come in each step's time. Raises RoundtripFailed."""
    before, deadline = 0, time.monotonic() + _STEP_SECONDS_MAX
    console.print("waiting for every piece to be answered")
    while (now := answered()) < task_count:
        if now > before:
            if now * 10 // task_count > before * 10 // task_count:
                console.print(f"{now:,} of {task_count:,} answered")
            before, deadline = now, time.monotonic() + _STEP_SECONDS_MAX
        elif time.monotonic() > deadline:
            raise RoundtripFailed(f"no answer more in {_STEP_SECONDS_MAX} s, {now:,} are there")
        time.sleep(_LOOK_SECONDS)


def _answers(requester: Requester, batch: Json) -> int:
    counts: dict[str, int] = requester.batch(batch["batch_id"])["counts"]
    return counts["submitted"] + counts["accepted"]


def _await(what: str, reached: Callable[[], Any]) -> None:
    console.print(f"waiting for {what}")
    deadline = time.monotonic() + _STEP_SECONDS_MAX
    while not reached():
        if time.monotonic() > deadline:
            raise RoundtripFailed(f"waited {_STEP_SECONDS_MAX} s in vain for {what}")
        time.sleep(_LOOK_SECONDS)
