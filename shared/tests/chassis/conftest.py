"""A small service of the chassis' own: it counts the pauses of each batch."""

import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from crowdloom.chassis.store import MongoSession, MongoStore
from crowdloom.kernel.clock import SystemClock
from crowdloom.testkit.memory_bus import MemoryBroker
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from crowdloom.testkit.waiting import until


class CountingSession(MongoSession):
    """An effect that shows whether it took place twice."""

    def count(self, batch_id: str) -> None:
        self.database["counts"].update_one(
            {"_id": batch_id}, {"$inc": {"count": 1}}, upsert=True, session=self.session
        )


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """Tracebacks as Python prints them: structlog's own, with every local, take a second each."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    yield
    structlog.reset_defaults()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(SystemClock().now())


@pytest.fixture
def store(mongo_client: Any, clock: FrozenClock) -> Iterator[MongoStore[CountingSession]]:
    name = f"chassis-{uuid.uuid4().hex[:12]}"
    store = MongoStore(
        mongo_client, name, session_class=CountingSession, clock=clock, ids=SequentialIds()
    )
    store.migrate({"counts": []})
    yield store
    mongo_client.drop_database(name)


@pytest.fixture
def counts(store: MongoStore[CountingSession]) -> Callable[[], dict[str, int]]:
    """How often each batch was counted."""
    return lambda: {row["_id"]: row["count"] for row in store.database["counts"].find()}


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Runs the text of an application, `app`, on the web server of production; returns its port."""
    with ExitStack() as stack:
        yield lambda app, *, threads: stack.enter_context(_served(tmp_path, app, threads))


@contextmanager
def _served(folder: Path, app: str, threads: int) -> Iterator[int]:
    (folder / "told.py").write_text(app)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ["--worker-class", "crowdloom.chassis.http.web_worker.StayingThreadWorker"]
    options += ["--threads", str(threads), "--keep-alive", "30", "--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", *options, "--log-level", "warning"]
    server = subprocess.Popen(
        [*command, "--no-control-socket", "told:app"], cwd=folder, stderr=subprocess.PIPE
    )
    until(lambda: _listens(port))
    yield port
    server.terminate()
    _, said = server.communicate(timeout=20)
    assert said == b""


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
