"""Claim + submit over logged-in HTTP at growing backlogs, beside bare pymongo's same writes.

The clock stops when matching-, worker- and payment-service have consumed what follows from every
claim and answer. The market is the launcher's: four services behind gunicorn and their events
processes. What is beyond the first thousand tasks is inserted directly into matching-service's
collections.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from crowdloom.client import Requester
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.engines import ROOT
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD
from pymongo import MongoClient
from pymongo.database import Database

from bench.claims_bare import bare_cycles, same_fields
from bench.claims_engine import Engine, broken_promises, grow

WORKERS = 8
_FIRST_TASKS = 1_000
REDUNDANCY = 3
# So many that the median outlives an engine which stands still for seconds in one or two of them.
_ROUNDS = 6
_WARM_SECONDS = 2.0
_WAIT_SECONDS_MAX = 120
_TEMPLATE = '<p>${task}</p><p><label>Answer <input name="label" required></label></p>'


@dataclass(frozen=True)
class _Round:
    """Cycles a second of bare pymongo and then of the market, and answers that were not kept."""

    bare: float
    ours: float
    lost: int


def cycles(engine: Engine, sizes: Sequence[int], *, seconds: float) -> dict[str, float]:
    """Cycles a second at each backlog, their ratio to bare pymongo, and how flat that is. The two
    take turns, for a machine's pace may change by a third within minutes: each run of the market
    stands beside the bare ones before and after it. Bare pymongo has the machine for itself: a
    market at rest would cost it a twentieth. Raises AssertionError where bare pymongo has not
    written what the services do.
    """
    os.environ["CROWDLOOM_MONGODB_URI"] = engine.uri
    figures: dict[str, float] = {"broken_promises": 0}
    database = engine.client()["matching-service"]
    engine.widen_places(database)
    with Market(engine.folder / "market") as market:
        batch_id = published(market)
        load(market, database, batch_id, seconds=_WARM_SECONDS)
    for size in sizes:
        grow(database, batch_id, redundancy=REDUNDANCY, to=size)
        bare_cycles(engine, WORKERS, _WARM_SECONDS)  # what was put in is on its way to the disk
        rounds = [_round(engine, batch_id, size, seconds) for _ in range(_ROUNDS)]
        last = bare_cycles(engine, WORKERS, seconds)
        figures["broken_promises"] += sum(one.lost for one in rounds)
        figures |= _figures_at(size, rounds, last)
    figures["broken_promises"] += broken_promises(database, batch_id, REDUNDANCY)
    if differing := same_fields(database.client):
        raise AssertionError(f"bare pymongo writes something else: {differing}")
    first, largest = sizes[0], sizes[-1]
    for name in ("cycles_a_second", "bare_cycles_a_second"):
        of_both = figures[f"{name}_{largest}"] / figures[f"{name}_{first}"]
        figures[f"flatness_of_{name}"] = round(of_both, 3)
    for size in sizes[1:]:
        of_ratios = figures[f"ratio_to_bare_{size}"] / figures[f"ratio_to_bare_{first}"]
        figures[f"flatness_{size}"] = round(of_ratios, 3)
    return figures


def _round(engine: Engine, batch_id: str, size: int, seconds: float) -> _Round:
    bare = bare_cycles(engine, WORKERS, seconds)
    client = engine.client()
    database = client["matching-service"]
    with Market(engine.folder / "market") as market:
        # The broker starts empty and is given all earlier events again: these come behind them.
        load(market, database, batch_id, seconds=_WARM_SECONDS)
        grow(database, batch_id, redundancy=REDUNDANCY, to=size)
        load(market, database, batch_id, seconds=_WARM_SECONDS)
        ours, receipts = load(market, database, batch_id, seconds=seconds)
    kept = client["task-service"]["submissions"].count_documents({"_id": {"$in": receipts}})
    return _Round(bare, ours, len(receipts) - kept)


def _figures_at(size: int, rounds: Sequence[_Round], last_bare: float) -> dict[str, float]:
    bare = [*(one.bare for one in rounds), last_bare]
    ours = [one.ours for one in rounds]
    ratios = [rate / fmean(beside) for rate, beside in zip(ours, pairwise(bare), strict=True)]
    print(f" cycles  {size} open, runs: {said(ours)} a second", flush=True)
    print(f" cycles  bare pymongo in between: {said(bare)} a second", flush=True)
    print(f" cycles  ratios: {', '.join(f'{one:.3f}' for one in ratios)}", flush=True)
    return {
        f"cycles_a_second_{size}": round(fmean(ours), 1),
        f"bare_cycles_a_second_{size}": round(fmean(bare), 1),
        f"ratio_to_bare_{size}": round(median(ratios), 3),
    }


def said(rates: Sequence[float]) -> str:
    return ", ".join(f"{rate:.1f}" for rate in rates)


def published(market: Market) -> str:
    requester = Requester.sign_up(
        market.url, email="bench@example.org", password=PASSWORD, name="Bench"
    )
    amount = {"amount_minor": 20_000, "currency": "USD"}
    pay_checkout(requester.top_up(amount)["checkout_url"])
    _await("the top-up", lambda: requester.wallet()["free"] == amount)
    project = requester.create_project(
        title="Bench", description="Claims and answers.", template_html=_TEMPLATE
    )
    batch_id: str = requester.create_batch(
        project["project_id"],
        redundancy=REDUNDANCY,
        reward={"amount_minor": 5, "currency": "USD"},
        lease_seconds=3600,
        auto_accept_seconds=86_400,
    )["batch_id"]
    table = "task\n" + "".join(f"item {number}\n" for number in range(_FIRST_TASKS))
    requester.add_csv(batch_id, table.encode())
    requester.publish(batch_id)
    _await("the batch to open", lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def load(
    market: Market,
    database: Database[dict[str, Any]],
    batch_id: str,
    *,
    seconds: float,
) -> tuple[float, list[str]]:
    """Returns cycles a second, until all their events are consumed, and the receipts."""
    released = {"_id": batch_id, "chunks_heard": {"$gte": 1}}
    _await("the tasks", lambda: database["batches"].find_one(released))
    before = _consumed(database, batch_id)
    command = [sys.executable, "-m", "bench.claims_load", market.url, batch_id, str(WORKERS)]
    command.append(str(seconds))
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        assert load.stdin  # noqa: S101
        assert load.stdout  # noqa: S101
        load.stdout.readline()
        began = time.monotonic()
        load.stdin.write("\n")
        load.stdin.flush()
        found = json.loads(load.stdout.readline())
    wanted = before + found["cycles"]
    _await("the events", lambda: _consumed(database, batch_id) >= wanted)
    _await("what follows", lambda: _is_followed(database.client, found["last"]))
    return found["cycles"] / (time.monotonic() - began), found["receipts"]


def _consumed(database: Database[dict[str, Any]], batch_id: str) -> int:
    batch = database["batches"].find_one({"_id": batch_id}, {"submitted": 1}) or {}
    return int(batch.get("submitted", 0))


def _is_followed(client: MongoClient[dict[str, Any]], last: Sequence[str]) -> bool:
    """Whether the others know what became of each worker's last assignment: the events of a batch
    come in order, so that they know of all before.
    """
    named = {"_id": {"$in": last}, "worker_id": {"$exists": True}}
    done = {**named, "submitted_at": {"$exists": True}}
    seen = {**named, "in_review": True}
    items = client["worker-service"]["work_items"].count_documents(done)
    return items == client["payment-service"]["assignments"].count_documents(seen) == len(last)


def _await(what: str, reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS_MAX
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {_WAIT_SECONDS_MAX} s in vain for {what}")
        time.sleep(0.05)
