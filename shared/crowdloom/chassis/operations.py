"""What an operator wants to know of one service: is anything stuck, silent or given up on?

Read from the service's own database alone, so that any web process can answer for all others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymongo
from pymongo.database import Database

from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.relay import unpublished
from crowdloom.chassis.store import OUTBOX, OUTBOX_ORDER
from crowdloom.chassis.worker import PROCESS_STATUS
from crowdloom.kernel import Clock

Check = Callable[[], str | None]
"""Returns what is wrong, or None where all is well. Must not block longer than two seconds."""

_READ_SECONDS_MAX = 5


@dataclass(frozen=True)
class OutboxState:
    """Rows still to be published, those of a lost log among them; `oldest_seconds` is None where
    there are none.
    """

    unpublished_count: int
    oldest_seconds: float | None


@dataclass(frozen=True)
class ConsumerState:
    """Messages not yet handled, in all and by `topic/partition`; None where nobody has looked yet.

    `age_seconds` is how long ago the consumer looked: an old figure is a warning of its own.
    """

    lag: int | None
    lag_by_partition: Mapping[str, int]
    age_seconds: float | None


@dataclass(frozen=True)
class EventsProcessState:
    """When the events process last wrote that it lives; None where it never did."""

    seen_at: datetime | None
    seen_seconds_ago: float | None
    handled_count: int | None


@dataclass(frozen=True)
class DeadLetter:
    """`state` is open, or replay_requested until the events process has tried again."""

    dead_letter_id: str
    topic: str
    partition: int | None
    offset: int | None
    reason: str
    buried_at: datetime
    burial_count: int
    state: str


@dataclass(frozen=True)
class DeadLetterState:
    """`items` are the newest hundred of those that are not yet replayed."""

    open_count: int
    items: Sequence[DeadLetter]


@dataclass(frozen=True)
class Report:
    as_of: datetime
    ready: Mapping[str, str | None]
    outbox: OutboxState
    consumer: ConsumerState
    events_process: EventsProcessState
    dead_letters: DeadLetterState


@dataclass(frozen=True)
class Figure:
    """A figure of the service's own for alarms; `read` returns None where there is none yet."""

    meaning: str
    read: Callable[[], float | None]


class Operations:
    """Reports on one service and asks for replays. Blocks up to five seconds; raises PyMongoError
    where the database does not answer. `figures` are told beside those that every service has.
    """

    def __init__(
        self,
        database: Database[dict[str, Any]],
        clock: Clock,
        *,
        figures: Mapping[str, Figure] | None = None,
    ) -> None:
        self.figures = figures or {}
        self._database = database
        self._clock = clock
        self._dead_letters = DeadLetters(database, clock)

    def report(self, checks: Mapping[str, Check]) -> Report:
        with pymongo.timeout(_READ_SECONDS_MAX):
            now = self._clock.now()
            status = self._database[PROCESS_STATUS].find_one(sort=[("seen_at", -1)])
            return Report(
                as_of=now,
                ready={name: outcome_of(check) for name, check in checks.items()},
                outbox=self._outbox(now),
                consumer=_consumer(status, now),
                events_process=_events_process(status, now),
                dead_letters=self._letters(),
            )

    def request_replay(self, dead_letter_id: str, *, asked_by: str) -> None:
        """Have the events process try the message again. Repeating it changes nothing.

        Raises NotFound.
        """
        self._dead_letters.request_replay(dead_letter_id, asked_by=asked_by)

    def _outbox(self, now: datetime) -> OutboxState:
        waiting = unpublished(self._database)
        outbox = self._database[OUTBOX]
        # As the relay takes them: the index has them in that order.
        oldest = next(iter(outbox.find(waiting).sort(OUTBOX_ORDER).limit(1)), None)
        age = (now - oldest["created_at"]).total_seconds() if oldest else None
        return OutboxState(outbox.count_documents(waiting), age)

    def _letters(self) -> DeadLetterState:
        items = [_letter(row) for row in self._dead_letters.listed()]
        return DeadLetterState(self._dead_letters.open_count(), items)


def outcome_of(check: Check) -> str | None:
    """What a check says, or what it failed with."""
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever fails is what the answer reports
        return f"{type(error).__name__}: {error}"


def _consumer(status: dict[str, Any] | None, now: datetime) -> ConsumerState:
    seen_seconds_ago = status.get("lag_age_seconds") if status else None
    if status is None or seen_seconds_ago is None:
        return ConsumerState(None, {}, None)
    age = (now - status["seen_at"]).total_seconds() + seen_seconds_ago
    return ConsumerState(status["lag"], status["lag_by_partition"], round(age, 1))


def _events_process(status: dict[str, Any] | None, now: datetime) -> EventsProcessState:
    if status is None:
        return EventsProcessState(None, None, None)
    ago = (now - status["seen_at"]).total_seconds()
    return EventsProcessState(status["seen_at"], ago, status["handled_count"])


def _letter(row: dict[str, Any]) -> DeadLetter:
    return DeadLetter(
        dead_letter_id=row["_id"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        reason=row["reason"],
        buried_at=row["buried_at"],
        burial_count=row["burials"],
        state=row["state"],
    )
