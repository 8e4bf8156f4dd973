"""What the tests of each service need: builders beside them, a clean start, events in and out."""

import importlib.util
import itertools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from crowdloom.chassis.consumer import Handler
from crowdloom.chassis.store import MongoDatabase, MongoStore, SessionT
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.kernel import Clock
from crowdloom.testkit.ports import BEGINNING, FrozenClock


def module_beside(conftest: str, name: str) -> ModuleType:
    """`<name>.py` in the folder of a conftest, given by its `__file__`: tests are no package."""
    path = Path(conftest).with_name(f"{name}.py")
    known = f"{'_'.join(path.parts[-3:-1])}_{name}".replace("-", "_")
    spec = importlib.util.spec_from_file_location(known, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[known] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def set_back(clock: FrozenClock) -> FrozenClock:
    """To where it began, whatever the test before did to it."""
    clock.advance(seconds=(BEGINNING - clock.now()).total_seconds())
    return clock


def empty(database: MongoDatabase) -> None:
    """Delete all documents; collections and indexes stay."""
    for name in database.list_collection_names():
        database[name].delete_many({})


def deliverer(
    store: MongoStore[SessionT], clock: Clock, handlers: Mapping[type[Event], Handler[SessionT]]
) -> Callable[..., None]:
    """Hands events to a service's handlers, each in a transaction, as the consumer does."""
    numbers = itertools.count(1)

    def deliver(*events: Event) -> None:
        for event in events:
            event_id = f"evt_{next(numbers):026d}"
            envelope = Envelope(
                event_id=event_id,
                occurred_at=clock.now(),
                key="key",
                cause=Cause(event_id),
                event=event,
            )
            handler = handlers[type(event)]
            store.run(lambda session, told=envelope, take=handler: take(told, session))  # type: ignore[misc]

    return deliver


def published(database: MongoDatabase) -> list[tuple[str, Any]]:
    """What the service has published: (name, body) in order."""
    rows = database["outbox"].find().sort("_id", 1)
    return [(row["type"], json.loads(row["value"])) for row in rows]
