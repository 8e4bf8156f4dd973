"""Claim + submit over logged-in HTTP at growing backlogs, beside bare pymongo's same writes.

The clock stops when every answer's event has been consumed by matching-service. The market is the
launcher's: four services behind gunicorn and their events processes. What is beyond the first
thousand tasks is inserted directly into matching-service's collections.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from bson import Timestamp
from crowdloom.chassis.store import OUTBOX_INDEXES
from crowdloom.client import Requester
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.engines import ROOT
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD
from matching_service.adapters.mongo_session import INDEXES as MATCHING_INDEXES
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from task_service.adapters.mongo_session import INDEXES as TASK_INDEXES

from bench.claims_engine import Engine, broken_promises, grow

WORKERS = 8
_FIRST_TASKS = 1_000
REDUNDANCY = 3
_RUNS = 2
_WAIT_SECONDS_MAX = 120
_TEMPLATE = '<p>${task}</p><p><label>Answer <input name="label" required></label></p>'


def cycles(engine: Engine, sizes: Sequence[int], *, seconds: float) -> dict[str, float]:
    """Cycles a second at each backlog, their ratio to bare pymongo, and how flat they are. Bare
    pymongo runs before the market and after it; each figure is the mean of its runs.
    """
    os.environ["CROWDLOOM_MONGODB_URI"] = engine.uri
    figures: dict[str, float] = {"broken_promises": 0}
    bare = [_bare(engine, seconds)]
    with Market(engine.folder / "market") as market:
        batch_id = published(market)
        client = engine.client()
        load(market, client["matching-service"], batch_id, seconds=2)
        for size in sizes:
            grow(client["matching-service"], batch_id, to=size, redundancy=REDUNDANCY)
            rates = []
            for _ in range(_RUNS):
                rate, receipts = load(market, client["matching-service"], batch_id, seconds=seconds)
                named = {"_id": {"$in": receipts}}
                kept = client["task-service"]["submissions"].count_documents(named)
                figures["broken_promises"] += len(receipts) - kept
                rates.append(rate)
            figures[f"cycles_a_second_{size}"] = round(fmean(rates), 1)
            print(f" cycles  {size} open, runs: {said(rates)} a second", flush=True)
        figures["broken_promises"] += broken_promises(
            client["matching-service"], batch_id, REDUNDANCY
        )
    bare.append(_bare(engine, seconds))
    print(f" cycles  bare pymongo, runs: {said(bare)} a second", flush=True)
    first = figures[f"cycles_a_second_{sizes[0]}"]
    figures["bare_cycles_a_second"] = round(fmean(bare), 1)
    figures["ratio_to_bare"] = round(first / fmean(bare), 3)
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
    market: Market, database: Database[dict[str, Any]], batch_id: str, *, seconds: float
) -> tuple[float, list[str]]:
    """Returns cycles a second, until all their events are consumed, and the receipts."""
    _await("the tasks", lambda: database["tasks"].count_documents({"open": {"$gt": 0}}, limit=1))
    before = _consumed(database, batch_id)
    command = [sys.executable, "-m", "bench.claims_load", market.url, batch_id, str(WORKERS)]
    with subprocess.Popen(
        [*command, str(seconds)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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
    return found["cycles"] / (time.monotonic() - began), found["receipts"]


def _consumed(database: Database[dict[str, Any]], batch_id: str) -> int:
    batch = database["batches"].find_one({"_id": batch_id}, {"submitted": 1}) or {}
    return int(batch.get("submitted", 0))


def _await(what: str, reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS_MAX
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {_WAIT_SECONDS_MAX} s in vain for {what}")
        time.sleep(0.05)


def _bare(engine: Engine, seconds: float) -> float:
    """What pymongo alone reaches with the writes of a claim and a submit: two transactions, of an
    update and two inserts, and of two inserts, in collections with the services' own indexes. No
    HTTP, no check, no read; no event is published or consumed.
    """
    client = engine.client()
    for name in ("bare-matching", "bare-task"):
        client.drop_database(name)
    matching_db, task_db = client["bare-matching"], client["bare-task"]
    for database, indexes in ((matching_db, MATCHING_INDEXES), (task_db, TASK_INDEXES)):
        for name in ("tasks", "assignments", "submissions", "outbox"):
            database.create_collection(name)
            models = indexes.get(name, ()) if name != "outbox" else OUTBOX_INDEXES
            if models:
                database[name].create_indexes(list(models))
    rows = [
        {"_id": n, "batch_id": "bat", "pool": str(n // 32), "open": 10**6, "workers": []}
        for n in range(_FIRST_TASKS)
    ]
    matching_db["tasks"].insert_many(rows)
    until = time.monotonic() + seconds

    def work(worker: int) -> int:
        turn = 0
        while time.monotonic() < until:
            number = (worker * 131 + turn * 7) % _FIRST_TASKS
            _bare_claim(matching_db, f"{worker}:{turn}", number, str(worker))
            _bare_submit(task_db, f"{worker}:{turn}", str(number))
            turn += 1
        return turn

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(work, range(WORKERS))) / seconds


def _bare_claim(database: Database[dict[str, Any]], name: str, task: int, worker: str) -> None:
    now = datetime.now(UTC)
    assignment = {
        "_id": name,
        "task_id": str(task),
        "batch_id": "bat",
        "worker_id": worker,
        "claim_key": name,
        "place": name,
        "status": "leased",
        "deadline": now,
        "claimed_at": now,
        "text": "x" * 100,
    }
    fitting = {"_id": task, "open": {"$gt": 0}, "workers": {"$ne": name}}

    def claim(session: Any) -> None:
        database["tasks"].update_one(
            fitting, {"$inc": {"open": -1}, "$push": {"workers": name}}, session=session
        )
        database["assignments"].insert_one(assignment, session=session)
        database["outbox"].insert_one(_bare_event(name), session=session)

    _transact(database, claim)


def _bare_submit(database: Database[dict[str, Any]], name: str, task: str) -> None:
    now = datetime.now(UTC)
    submission = {
        "_id": name,
        "assignment_id": name,
        "task_id": task,
        "batch_id": "bat",
        "status": "submitted",
        "submitted_at": now,
        "auto_accept_at": now,
        "text": "x" * 100,
    }

    def submit(session: Any) -> None:
        database["submissions"].insert_one(submission, session=session)
        database["outbox"].insert_one(_bare_event(name), session=session)

    _transact(database, submit)


def _bare_event(name: str) -> dict[str, Any]:
    headers = [["ce_name", "a value of some length"]] * 10
    created = datetime.now(UTC)
    return {
        "_id": name,
        "headers": headers,
        "value": b"x" * 400,
        "pending": True,
        "created_at": created,
        "written_at": Timestamp(0, 0),
    }


def _transact(database: Database[dict[str, Any]], writes: Callable[[Any], None]) -> None:
    with database.client.start_session() as session:
        session.with_transaction(
            writes, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
        )
