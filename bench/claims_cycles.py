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
from functools import partial
from statistics import fmean
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
_RUNS = 2
_WARM_SECONDS = 2.0
_WAIT_SECONDS_MAX = 120
_TEMPLATE = '<p>${task}</p><p><label>Answer <input name="label" required></label></p>'


def cycles(engine: Engine, sizes: Sequence[int], *, seconds: float) -> dict[str, float]:
    """Cycles a second at each backlog, their ratio to bare pymongo, and how flat they are. Bare
    pymongo runs before the market and after it; each figure is the mean of its runs. Raises
    AssertionError where it has not written what the services do.
    """
    os.environ["CROWDLOOM_MONGODB_URI"] = engine.uri
    figures: dict[str, float] = {"broken_promises": 0}
    bare = [bare_cycles(engine, WORKERS, seconds)]
    client = engine.client()
    engine.widen_places(client["matching-service"])
    with Market(engine.folder / "market") as market:
        batch_id = published(market)
        claim = partial(load, market, client["matching-service"], batch_id)
        grown = partial(grow, client["matching-service"], batch_id, redundancy=REDUNDANCY)
        claim(seconds=_WARM_SECONDS)
        for size in sizes:
            rates = []
            grown(to=size)
            claim(seconds=_WARM_SECONDS)  # what was put in last is still on its way to the disk
            for _ in range(_RUNS):
                grown(to=size)
                rate, receipts = claim(seconds=seconds)
                named = {"_id": {"$in": receipts}}
                kept = client["task-service"]["submissions"].count_documents(named)
                figures["broken_promises"] += len(receipts) - kept
                rates.append(rate)
            figures[f"cycles_a_second_{size}"] = round(fmean(rates), 1)
            print(f" cycles  {size} open, runs: {said(rates)} a second", flush=True)
        figures["broken_promises"] += broken_promises(
            client["matching-service"], batch_id, REDUNDANCY
        )
    bare.append(bare_cycles(engine, WORKERS, seconds))
    if differing := same_fields(client):
        raise AssertionError(f"bare pymongo writes something else: {differing}")
    alone = bare_cycles(engine, WORKERS, seconds, follow=False)
    print(f" cycles  bare pymongo, runs: {said(bare)} a second", flush=True)
    first = figures[f"cycles_a_second_{sizes[0]}"]
    figures["bare_cycles_a_second"] = round(fmean(bare), 1)
    figures["ratio_to_bare"] = round(first / fmean(bare), 3)
    figures["bare_without_what_follows"] = round(alone, 1)
    figures["ratio_to_it"] = round(first / alone, 3)
    figures["flatness_of_bare"] = round(bare[-1] / bare[0], 3)
    figures["flatness"] = round(figures[f"cycles_a_second_{sizes[-1]}"] / first, 3)
    return figures


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
    released = {"_id": batch_id, "pool_counts.0": {"$exists": True}}
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
