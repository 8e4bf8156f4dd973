"""The engine of the claims' bench, matching-service upon it, and a backlog of any size in it."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crowdloom.contracts import Cause, Envelope
from crowdloom.contracts.task import BatchOpened
from crowdloom.kernel import Money, SystemClock, TimeOrderedIds
from crowdloom.kernel.limits import TASKS_PER_EVENT_MAX
from crowdloom_local.engines import ROOT
from crowdloom_local.engines.embedded import SecantusDb
from crowdloom_local.processes import (
    ManagedProcess,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)
from crowdloom_local.secrets import new_secrets
from matching_service.adapters.mongo_policy import MongoPolicies
from matching_service.adapters.mongo_session import INDEXES
from matching_service.application.follow_batches import batch_opened
from matching_service.bootstrap import Application, build
from matching_service.config import read_settings
from matching_service.domain import pools
from matching_service.domain.policy import Policy
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SEEDED_AT_ONCE = 10_000
_PLACES_TO_WASTE = 20_000


@dataclass(frozen=True)
class Engine:
    """A MongoDB-protocol server of this bench alone."""

    name: str
    uri: str
    pid: int
    supervisor: Supervisor
    folder: Path

    def cpu_seconds(self) -> float:
        """CPU time of the server so far, of user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND

    def widen_places(self, database: Database[dict[str, Any]]) -> None:
        """Where a place for a lease is never free again, let workers have so many that none is
        asked for twice: secantusd-rs 0.5.3 keeps the old entry of a unique index when an update
        changes the indexed field. Before matching-service reads its policy.
        """
        if self.name == "secantusd-rs":
            MongoPolicies(database, None).put(Policy(held_max=_PLACES_TO_WASTE), version=0)

    def client(self, *listeners: CommandListener) -> "MongoClient[dict[str, Any]]":
        return MongoClient(self.uri, tz_aware=True, event_listeners=listeners)


@contextmanager
def started(name: str) -> Iterator[Engine]:
    """`secantusdb` (embedded, Python) or `secantusd-rs`, where it is found on the PATH."""
    with TemporaryDirectory(prefix="crowdloom-bench-claims-") as folder:
        supervisor = Supervisor()
        try:
            if name == "secantusd-rs":
                uri = _start_rust(supervisor, Path(folder))
            else:
                server = SecantusDb(supervisor, Path(folder), ROOT)
                server.start()
                uri = server.uri
            pid = supervisor.processes["mongodb"].pid
            yield Engine(name, uri, pid, supervisor, Path(folder))
        finally:
            supervisor.stop()


def rust_engine() -> str | None:
    beside_cargo = Path.home() / ".cargo/bin/secantusd-rs"
    return shutil.which("secantusd-rs") or (str(beside_cargo) if beside_cargo.exists() else None)


def _start_rust(supervisor: Supervisor, folder: Path) -> str:
    port = free_port()
    command = [rust_engine() or "secantusd-rs", "--port", str(port), "--sync-on-commit"]
    command += ["--storage-path", str(folder / "mongodb"), "--log-level", "WARNING"]
    log = folder / "logs" / "mongodb.log"
    supervisor.start(process := ManagedProcess("mongodb", command, log, restart=False))
    wait_until(
        lambda: accepts_connections(port), what="secantusd-rs", seconds_max=60, watched=process
    )
    return f"mongodb://127.0.0.1:{port}/?directConnection=true&serverMonitoringMode=poll"


def matching(engine: Engine, database: str) -> Application:
    """matching-service as its composition root builds it, with a database of its own."""
    settings = read_settings(
        {
            **new_secrets(),
            "CROWDLOOM_MONGODB_URI": engine.uri,
            "CROWDLOOM_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        }
    )
    made = build(settings, client=engine.client(), database=database)
    made.store.migrate(INDEXES)
    engine.widen_places(made.database)
    return made


def open_batch(application: Application, batch_id: str, *, redundancy: int, tasks: int) -> None:
    """Open a batch as task-service's event does; its tasks come by `grow`."""
    clock = SystemClock()
    event = BatchOpened(
        batch_id=batch_id,  # type: ignore[arg-type]
        requester_id="req_bench",  # type: ignore[arg-type]
        requester_name="Bench",
        project_id="prj_bench",  # type: ignore[arg-type]
        title="Bench",
        description="",
        language=None,
        reward=Money.of_minor(1, "USD"),
        redundancy=redundancy,
        task_count=tasks,
        lease_seconds=3600,
        auto_accept_seconds=86_400,
        opened_at=clock.now(),
    )
    event_id = TimeOrderedIds(clock).new("event")
    envelope = Envelope(
        event_id=event_id,
        occurred_at=clock.now(),
        key=batch_id,
        cause=Cause(event_id),
        event=event,
    )
    application.store.run(lambda session: batch_opened(envelope, session))


def grow(database: Database[dict[str, Any]], batch_id: str, *, to: int, redundancy: int) -> None:
    """Insert tasks directly, in the shape of the adapter, until the batch has `to` of them open: by
    events, a million would take longer than all the rest of the bench.
    """
    # To count a million keeps the embedded engine from all else for ten seconds.
    first = (database["batches"].find_one({"_id": batch_id}) or {}).get("chunks_heard", 0)
    taken = database["assignments"].count_documents({"batch_id": batch_id}) // redundancy
    to += -(-taken // TASKS_PER_EVENT_MAX) * TASKS_PER_EVENT_MAX
    chunks = range(first, -(-to // TASKS_PER_EVENT_MAX))
    rows: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    for chunk in chunks:
        count = min(TASKS_PER_EVENT_MAX, to - chunk * TASKS_PER_EVENT_MAX)
        names = [f"tsk_{batch_id}_{chunk:05d}_{number:03d}" for number in range(count)]
        rows += [
            {"_id": name, "batch_id": batch_id, "open": redundancy, "workers": [], "pool": pool}
            for name, pool in pools.dealt(batch_id, chunk, names)  # type: ignore[arg-type]
        ]
        counts[f"counts.{chunk}"] = pools.pool_count(count)
        if len(rows) >= _SEEDED_AT_ONCE:
            database["tasks"].insert_many(rows, ordered=False)
            rows = []
    if rows:
        database["tasks"].insert_many(rows, ordered=False)
    if not counts:
        return
    database["batch_pools"].update_one({"_id": batch_id}, {"$set": counts}, upsert=True)
    said = {"task_count": to, "chunks_heard": chunks.stop}
    database["batches"].update_one({"_id": batch_id}, {"$set": said})


def broken_promises(database: Database[dict[str, Any]], batch_id: str, redundancy: int) -> int:
    """R3 and R4 over all assignments of the batch: tasks given too often or twice to a worker."""
    pairs = [
        (row["task_id"], row["worker_id"])
        for row in database["assignments"].find({"batch_id": batch_id})
    ]
    per_task = Counter(task for task, _ in pairs)
    too_many = sum(count > redundancy for count in per_task.values())
    return too_many + len(pairs) - len(set(pairs))
