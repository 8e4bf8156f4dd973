"""A small service of the chassis' own: it counts the pauses of each batch."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from crowdloom.chassis.store import MongoSession, MongoStore
from crowdloom.kernel.clock import SystemClock
from crowdloom.testkit.memory_bus import MemoryBroker
from crowdloom.testkit.ports import FrozenClock, SequentialIds


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
