"""A requester's pages with many tasks in the database: how long they take, and how large they are.

By the environment: ENGINE, TASKS (1,000,000, in batches of 100,000), ANSWERS (100,000 to the first
of them), VISITS (20 of each page) and PROFILE (a page's name: where its time in our process goes).
A page is asked for in the process that serves it, as a signed-in browser does; its first visit,
which compiles and counts what later ones remember, is told apart. The bars: p95 under
200 ms at a million tasks, under 100 kB packed by gzip, with the scripts and styles that it loads.
Beside other work a page takes as long as that makes it, so what does not depend on that is told as
well: its CPU, ours and the engine's, how many commands it sends and how many documents come back.
"""

import cProfile
import gzip
import os
import pstats
import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

from crowdloom.chassis.logs import configure_logging
from crowdloom.kernel import SystemClock
from crowdloom.testkit.commands import CommandCounter
from task_service.domain.tables import Table

from bench.claims_engine import Engine, started
from bench.creation import DATABASE, PER_TASK, Api, answering_time, put_answers

_TASKS_A_BATCH = 100_000
_PROFILED_LINES = 40
_MS_PER_SECOND, _BYTES_PER_KB = 1_000, 1_000


def run() -> Mapping[str, object]:
    """Returns the figures of each page by its name."""
    configure_logging(service="bench", process="requester_pages", level="WARNING")
    tasks = int(os.environ.get("TASKS", "1000000"))
    answers = int(os.environ.get("ANSWERS", "100000"))
    name = os.environ.get("ENGINE", "secantusdb")
    figures: dict[str, object] = {"engine": name, "tasks": tasks, "answers": answers}
    counter = CommandCounter()
    with started(name) as engine, engine.client() as client:
        clock = _BackClock(answering_time(answers // PER_TASK) + timedelta(minutes=1))
        api = Api(engine, clock, counter)
        began = time.perf_counter()
        batch_ids = [
            _filled(api, min(_TASKS_A_BATCH, tasks - at)) for at in range(0, tasks, _TASKS_A_BATCH)
        ]
        database, batch_id = client[DATABASE], batch_ids[0]
        batch = database["batches"].find_one({"_id": batch_id}) or {}
        first = api.tasks.page(batch["table_id"], after=0, count_max=answers // PER_TASK)
        put_answers(client, batch_id, [task.task_id for task in first])
        database["batches"].update_one({"_id": batch_id}, {"$set": {"status": "open"}})
        print(f"seeded in {time.perf_counter() - began:.0f} s", flush=True)
        clock.back = timedelta()
        for page, path in _pages(batch_id, batch_ids[-1], batch["project_id"]).items():
            figures |= _visited(api, engine, counter, page, path)
    return figures


class _BackClock:
    """The batches are made before the first answer, as any are."""

    def __init__(self, back: timedelta) -> None:
        self.back = back

    def now(self) -> datetime:
        return SystemClock().now() - self.back


def _filled(api: Api, count: int) -> str:
    """A draft with so many tasks, by the use case that the API's route calls."""
    batch_id = api.draft()
    rows = tuple((str(number), f"Sentence number {number} of many.") for number in range(count))
    application = api.application
    batch = application.reader.batches.get(batch_id)  # type: ignore[arg-type]
    assert batch is not None  # noqa: S101 # made a line above
    application.batches.set_table(batch, Table(("id", "text"), rows))
    return batch_id


def _pages(batch_id: str, draft_id: str, project_id: str) -> dict[str, str]:
    batch = f"/requester/batches/{batch_id}"
    return {
        "projects": "/requester/projects",
        "project": f"/requester/projects/{project_id}",
        "draft": f"/requester/batches/{draft_id}",
        "tasks": f"/api/tasks/v1/batches/{batch_id}/tasks?limit=200",
        "batch": batch,
        "progress": f"{batch}/progress",
        "review": f"{batch}/review",
        "results": f"{batch}/results",
        "answers": f"{batch}/answers",
        "figures": f"{batch}/figures",
        "known": f"{batch}/known",
        "extend": f"{batch}/grow",
        "workers": "/requester/workers",
    }


def _visited(
    api: Api, engine: Engine, counter: CommandCounter, page: str, path: str
) -> dict[str, object]:
    began = time.perf_counter()
    api.page(path)  # what may be remembered is read by this one
    first = (time.perf_counter() - began) * _MS_PER_SECOND
    packed, first_load = _packed(api, path)
    with counter.counting() as asked:
        api.page(path)
    taken = []
    used, engine_used = time.process_time(), engine.cpu_seconds()
    for _ in range(int(os.environ.get("VISITS", "20"))):
        began = time.perf_counter()
        api.page(path)
        taken.append(time.perf_counter() - began)
    ours = (time.process_time() - used) / len(taken) * _MS_PER_SECOND
    engines = (engine.cpu_seconds() - engine_used) / len(taken) * _MS_PER_SECOND
    if os.environ.get("PROFILE") == page:
        _profiled(api, path)
    p95 = quantiles(taken, n=20)[-1] * _MS_PER_SECOND
    commands, documents = asked.commands.total(), asked.documents.total()
    print(
        f"{page:<10} first {first:4.0f} ms, p95 {p95:4.0f} ms; "
        f"CPU {ours:4.0f} ms + the engine's {engines:4.0f} ms; "
        f"{commands:3} commands, {documents:5} documents; {packed / _BYTES_PER_KB:5.1f} kB packed, "
        f"{first_load / _BYTES_PER_KB:5.1f} with all it loads",
        flush=True,
    )
    told: dict[str, Any] = {
        "first_ms": first,
        "p95_ms": p95,
        "cpu_ms": ours,
        "engine_cpu_ms": engines,
    }
    rounded: dict[str, object] = {name: round(value) for name, value in told.items()}
    counted = {"commands": commands, "documents": documents}
    weights = {"packed_bytes": packed, "first_load_bytes": first_load}
    return {f"{page}_{name}": value for name, value in (rounded | counted | weights).items()}


def _packed(api: Api, path: str) -> tuple[int, int]:
    """Bytes by gzip: of the page, and with the scripts and styles that it names."""
    page = api.page(path).data
    named = sorted(set(re.findall(rb'(?:src|href)="(/[^"]*static/[^"]+)"', page)))
    parts = [page, *(api.page(one.decode()).data for one in named)]
    weights = [len(gzip.compress(part)) for part in parts]
    return weights[0], sum(weights)


def _profiled(api: Api, path: str) -> None:
    profile = cProfile.Profile()
    profile.runcall(api.page, path)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(_PROFILED_LINES)
