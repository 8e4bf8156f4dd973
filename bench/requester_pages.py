"""A requester's pages with many tasks in the database: how long they take, and how large they are.

By the environment: ENGINE, TASKS (20,000, all of one batch), ANSWERS (20,000 of it) and VISITS (20
of each page). A page is asked for in the process that serves it, as a signed-in browser does. The
bars: p95 under 200 ms at a million tasks, under 100 kB packed by gzip. Beside other work a page
takes as long as that makes it; what it costs of the CPU, the engine included, is told as well.
"""

import gzip
import json
import os
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import quantiles

from crowdloom.chassis.logs import configure_logging
from crowdloom.kernel import SystemClock
from crowdloom.kernel.limits import TABLE_ROWS_MAX

from bench.claims_engine import Engine, started
from bench.creation import DATABASE, PER_TASK, Api, answering_time, put_answers

_ROWS_A_REQUEST = TABLE_ROWS_MAX // 10


def run() -> Mapping[str, object]:
    """Returns the 95th percentile in milliseconds and the packed bytes, by page."""
    configure_logging(service="bench", process="requester_pages", level="WARNING")
    tasks = int(os.environ.get("TASKS", "20000"))
    answers = int(os.environ.get("ANSWERS", "20000"))
    name = os.environ.get("ENGINE", "secantusdb")
    figures: dict[str, object] = {"engine": name, "tasks": tasks, "answers": answers}
    with started(name) as engine, engine.client() as client:
        clock = _BackClock(answering_time(answers // PER_TASK) + timedelta(minutes=1))
        api = Api(engine, clock)
        batch_id = api.draft()
        for at in range(0, tasks, _ROWS_A_REQUEST):
            numbers = range(at, min(at + _ROWS_A_REQUEST, tasks))
            rows = "".join(json.dumps({"text": str(number)}) + "\n" for number in numbers)
            api.post(f"/batches/{batch_id}/tasks?append=true", rows.encode())
        database = client[DATABASE]
        batch = database["batches"].find_one({"_id": batch_id}) or {}
        first = api.tasks.page(batch["table_id"], after=0, count_max=answers // PER_TASK)
        put_answers(client, batch_id, [task.task_id for task in first])
        database["batches"].update_one({"_id": batch_id}, {"$set": {"status": "open"}})
        clock.back = timedelta()
        for page, path in _pages(batch_id, batch["project_id"]).items():
            figures |= _visited(api, engine, page, path)
    return figures


class _BackClock:
    """The batch is made before the first of its answers, as any is."""

    def __init__(self, back: timedelta) -> None:
        self.back = back

    def now(self) -> datetime:
        return SystemClock().now() - self.back


def _pages(batch_id: str, project_id: str) -> dict[str, str]:
    batch = f"/requester/batches/{batch_id}"
    return {
        "projects": "/requester/projects",
        "project": f"/requester/projects/{project_id}",
        "batch": batch,
        "review": f"{batch}/review",
        "results": f"{batch}/results",
        "answers": f"{batch}/answers",
        "workers": "/requester/workers",
    }


def _visited(api: Api, engine: Engine, page: str, path: str) -> dict[str, object]:
    packed = len(gzip.compress(api.page(path).data))
    taken = []
    used = time.process_time() + engine.cpu_seconds()
    for _ in range(int(os.environ.get("VISITS", "20"))):
        began = time.perf_counter()
        api.page(path)
        taken.append(time.perf_counter() - began)
    used = time.process_time() + engine.cpu_seconds() - used
    p95, cpu = round(quantiles(taken, n=20)[-1] * 1_000), round(used / len(taken) * 1_000)
    print(f"{page:<28} p95 {p95} ms, {cpu} ms of CPU, {packed / 1_000:.1f} kB packed", flush=True)
    return {f"{page}_p95_ms": p95, f"{page}_cpu_ms": cpu, f"{page}_packed_bytes": packed}
