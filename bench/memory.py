"""How much memory a large batch takes: made, published, released and downloaded, at two sizes.

By the environment: ENGINE, TASKS (200,000; a tenth of it is the small size) and PART (10,000 rows a
request). Both run in one process, the small one first; a step's peak is the process's highest since
the step began (VmHWM, set back by the kernel). Flat is a ratio near 1.
"""

import gc
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from crowdloom.chassis.logs import configure_logging
from crowdloom.contracts.payment import BatchFunded
from crowdloom.kernel import SystemClock
from crowdloom.testkit.services import deliverer
from task_service.entrypoints.events import handlers

from bench.claims_engine import started
from bench.creation import Api, VoidRun, rows

_SMALLER = 10
_RESET_PEAK = "5"
_KB_PER_MB = 1_000


def run() -> Mapping[str, object]:
    """Returns each step's peaks in MB, and the ratio of the large to the small one."""
    name = os.environ.get("ENGINE", "secantusdb")
    large = int(os.environ.get("TASKS", "200000"))
    configure_logging(service="bench", process="memory", level="WARNING")
    figures: dict[str, object] = {"engine": name, "tasks": [large // _SMALLER, large]}
    with started(name) as engine:
        api = Api(engine)
        _steps(api, int(os.environ.get("PART", "10000")))  # what is loaded once is loaded
        small, big = (_steps(api, count) for count in (large // _SMALLER, large))
    for step, peak in small.items():
        figures[f"{step}_mb"] = [peak, big[step]]
        figures[f"{step}_ratio"] = round(big[step] / peak, 2)
        print(f"{step:<10} {peak} MB, {big[step]} MB at ten times the size", flush=True)
    return figures


def _steps(api: Api, count: int) -> Mapping[str, int]:
    batch_id = api.draft()
    part = min(count, int(os.environ.get("PART", "10000")))

    def create() -> None:
        for at in range(0, count, part):
            api.post(f"/batches/{batch_id}/tasks?append=true", rows(at, min(at + part, count)))
            gc.collect()  # the test client leaves each body in a cycle, which no server does

    return {
        "create": _peak_mb(create),
        "publish": _peak_mb(lambda: _publish(api, batch_id)),
        "download": _peak_mb(lambda: _download(api, batch_id, count)),
    }


def _publish(api: Api, batch_id: str) -> None:
    """Until all of its tasks are released."""
    made = api.application
    api.post(f"/batches/{batch_id}/publish", {})
    batch = made.reader.batches.get(batch_id)  # type: ignore[arg-type]
    if batch is None:
        raise VoidRun("the batch is gone")
    funded = BatchFunded(
        batch_id=batch.batch_id,
        requester_id=batch.requester_id,
        revision=batch.revision,
        reserved=batch.terms.cost_of(batch.task_count),
    )
    deliverer(made.store, SystemClock(), handlers(made.follow))(funded)
    while made.release_tasks():
        pass


def _download(api: Api, batch_id: str, count: int) -> None:
    """Every row, with no answer to it yet."""
    stream = api.get(f"/batches/{batch_id}/results?format=consensus").response
    lines = sum(1 for _ in stream)
    if lines != count + 1:
        raise VoidRun(f"{lines} of {count} rows were downloaded")


def _peak_mb(step: Callable[[], None]) -> int:
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    step()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) // _KB_PER_MB
