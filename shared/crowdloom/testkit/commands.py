"""What a MongoDB client asked for: two counts that no other work on the machine changes."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

_ABOUT_THE_CONNECTION = {"hello", "ping", "endSessions", "killCursors"}


@dataclass
class Asked:
    """Commands by "<name> <collection>", and the documents that came back, by collection."""

    commands: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)


class CommandCounter(CommandListener):
    """Give it to a client as one of its `event_listeners`; one reader at a time."""

    def __init__(self) -> None:
        self._asked: Asked | None = None

    @contextmanager
    def counting(self) -> Iterator[Asked]:
        """What is asked for until the block ends."""
        self._asked = asked = Asked()
        try:
            yield asked
        finally:
            self._asked = None

    def started(self, event: CommandStartedEvent) -> None:
        if self._asked is not None and event.command_name not in _ABOUT_THE_CONNECTION:
            self._asked.commands[f"{event.command_name} {_collection(event)}"] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor: dict[str, Any] = event.reply.get("cursor", {})
        if self._asked is not None and cursor:
            came = len(cursor.get("firstBatch", ())) + len(cursor.get("nextBatch", ()))
            self._asked.documents[str(cursor.get("ns", "")).partition(".")[2]] += came

    def failed(self, event: CommandFailedEvent) -> None:
        """Counted when it started."""


def _collection(event: CommandStartedEvent) -> str:
    """A `getMore` names a cursor, and its collection beside it."""
    name = event.command.get("collection", event.command.get(event.command_name))
    return str(name) if isinstance(name, str) else ""
