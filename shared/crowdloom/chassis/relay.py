"""The relay: publishes the outbox to the bus, in order per key, at least once.

MongoDB is the truth. A broker that lost its log is noticed by a changed topic id, or by an end
offset below the last acknowledged one, and is filled again from the outbox.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

from crowdloom.chassis.bus import PARTITION_COUNT, BusMessage, Producer
from crowdloom.chassis.pace import pause_after
from crowdloom.chassis.store import OUTBOX, OUTBOX_ORDER, TRANSACTION_SECONDS_MAX
from crowdloom.contracts import Cause, Event, envelope_of
from crowdloom.kernel import Clock, IdFactory, TransientError

log = structlog.get_logger(__name__)

RELAY_STATE = "relay_state"
BATCH_COUNT_MAX = 200
_LEASE_SECONDS = 3
_CHECK_SECONDS = 5
_IDLE_SECONDS_MIN, _IDLE_SECONDS_MAX = 0.02, 0.4
_RESTING_AFTER_SECONDS, RESTING_SECONDS = 20.0, 1.0
_RESTING_WATERMARK_FACTOR = 3
_LEASE_ID = "lease"
_BARRIER_ID = "barrier"


@dataclass(frozen=True)
class Watermark:
    """What the relay tells every partition of `topic` once the outbox is drained.

    `make(as_of)` builds the event that says: all that was committed before `as_of` is ahead of me.
    It is as true as the clocks of the service's processes agree, and as transactions keep to
    their time; so it says when to ask whether something will still come, and never that it won't.
    """

    topic: str
    make: Callable[[datetime], Event]
    every_seconds: float = 2.0


@dataclass(frozen=True)
class _Refill:
    """The filling of topics whose log is gone: what was published to them before, in its order, and
    what to note of them once all of it is there again. Nothing is noted on the way, so that one
    that breaks off begins anew.
    """

    rows: Iterator[dict[str, Any]]
    seen: Sequence[dict[str, Any]]


class Relay:
    """One relay is active per service; a lease decides which, should there be two."""

    def __init__(
        self,
        *,
        database: Database[dict[str, Any]],
        producer: Producer,
        topics: Sequence[str],
        clock: Clock,
        ids: IdFactory,
        watermark: Watermark | None = None,
        duplicate_every: int = 0,
    ) -> None:
        self._outbox = database[OUTBOX]
        self._state = database[RELAY_STATE]
        self._producer = producer
        self._topics = list(topics)
        self._clock = clock
        self._ids = ids
        self._holder = ids.new("session")
        self._watermark = watermark
        self._watermark_due = clock.now()
        self._lease_until = clock.now()
        self._check_due = clock.now()
        self._duplicate_every = duplicate_every
        self._published_count = 0
        self._was_silent = False
        self._refill: _Refill | None = None
        self._moved_at = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Publish until told to stop: what comes after a silence at once, what comes in a stream
        together (see crowdloom.chassis.pace), a backlog without a pause.
        """
        pause_seconds = _IDLE_SECONDS_MIN
        while not stop.is_set():
            began = time.monotonic()
            try:
                count = self.run_once()
            except (TransientError, PyMongoError) as error:
                log.warning("relay_waits", error=str(error))
                self._check_due = self._clock.now()
                stop.wait(_IDLE_SECONDS_MAX)
                continue
            if count:
                pause_seconds = _IDLE_SECONDS_MIN
                rest_seconds = pause_after(time.monotonic() - began)
                stop.wait(rest_seconds if count < BATCH_COUNT_MAX else 0)
            else:
                pause_seconds = min(pause_seconds * 2, self.patience_seconds())
                stop.wait(pause_seconds)

    def patience_seconds(self) -> float:
        """After a long silence it looks less often, so that a market at rest costs little."""
        return RESTING_SECONDS if self._is_resting() else _IDLE_SECONDS_MAX

    def _is_resting(self) -> bool:
        return time.monotonic() - self._moved_at > _RESTING_AFTER_SECONDS

    def run_once(self) -> int:
        """Publish one batch; returns how many rows. Raises TransientError."""
        if not self._holds_lease():
            self._refill = None
            return 0
        if self._refill is None and self._clock.now() >= self._check_due:
            self._look_for_lost_topics()
        # What waits is newer than what is gone, so it waits until that is there again.
        return self._publish_pending() if self._refill is None else self._go_on_with(self._refill)

    def _publish_pending(self) -> int:
        began = self._clock.now()
        is_due = self._watermark is not None and began >= self._watermark_due
        rows = [] if self._is_still_silent(is_due) else self._pending_rows(behind_barrier=is_due)
        self._was_silent = not rows
        if rows:
            self._publish(rows)
            self._outbox.update_many(
                {"_id": {"$in": [row["_id"] for row in rows]}}, {"$set": {"pending": False}}
            )
        if is_due and len(rows) < BATCH_COUNT_MAX:
            self._tell_watermark(as_of=began - timedelta(seconds=TRANSACTION_SECONDS_MAX))
        return len(rows)

    def _is_still_silent(self, is_due: bool) -> bool:
        """After a silence a plain look comes first: it costs half of one as of an instant."""
        if is_due or not self._was_silent:
            return False
        return self._outbox.find_one({"pending": True}, projection=["_id"]) is None

    def _look_for_lost_topics(self) -> None:
        """Make missing topics; begin to fill those again whose log is gone. While they are filled,
        this stays due: whoever breaks off looks again before anything else goes out.
        """
        self._producer.ensure_topics(self._topics)
        states = self._producer.topic_states(self._topics)
        lost: list[dict[str, Any]] = []
        for topic in self._topics:
            state = states.get(topic)
            if state is None:
                raise TransientError(f"{topic} is not there yet")
            known = self._state.find_one({"_id": topic})
            ends = {str(number): end for number, end in state.end_offsets.items()}
            seen = {"_id": topic, "topic_id": state.topic_id, "ends": ends}
            if known is not None and _is_lost(known, state.topic_id, ends):
                lost.append(seen)
                self._state.update_one({"_id": topic}, {"$set": {"is_lost": True}})
            elif seen != known:
                self._see(seen)
        if lost:
            topics = [seen["_id"] for seen in lost]
            log.warning("broker_was_wiped", topics=topics)
            self._refill = _Refill(rows=iter(self._published_rows(topics)), seen=lost)
        else:
            self._check_due = self._clock.now() + timedelta(seconds=_CHECK_SECONDS)

    def _see(self, seen: dict[str, Any]) -> None:
        self._state.replace_one({"_id": seen["_id"]}, seen, upsert=True)

    def _go_on_with(self, refill: _Refill) -> int:
        try:
            rows = list(islice(refill.rows, BATCH_COUNT_MAX))
            self._publish(rows)
        except (TransientError, PyMongoError):
            self._refill = None
            raise
        if len(rows) < BATCH_COUNT_MAX:
            for seen in refill.seen:
                self._see(seen)
            self._refill = None
            log.info("broker_was_refilled", topics=[seen["_id"] for seen in refill.seen])
        return len(rows)

    def _published_rows(self, topics: Sequence[str]) -> Cursor[dict[str, Any]]:
        """What was published to the topics, in order. It is read and not put back to pending: the
        embedded engine stands still over thousands of rows that were changed and are read in a
        transaction (docs/guides/engines.md).
        """
        published = self._outbox.find({"topic": {"$in": list(topics)}, "pending": False})
        return published.sort(OUTBOX_ORDER)

    def _pending_rows(self, *, behind_barrier: bool) -> list[dict[str, Any]]:
        """Read the oldest rows as of one instant: a plain query walks its index while others
        commit, and could see a row without the one that was committed before it.

        A majority-acknowledged write first makes sure that the instant lies behind all that the
        primary has committed, acknowledged to its writer or not.
        """
        with self._outbox.database.client.start_session() as session:
            if behind_barrier:
                self._state.update_one(
                    {"_id": _BARRIER_ID}, {"$inc": {"number": 1}}, upsert=True, session=session
                )
            with session.start_transaction(read_concern=ReadConcern("snapshot")):
                pending = self._outbox.find({"pending": True}, session=session)
                rows = list(pending.sort(OUTBOX_ORDER).limit(BATCH_COUNT_MAX))
                # Nothing was written: to end it costs less than to commit it.
                session.abort_transaction()
                return rows

    def _publish(self, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        messages: list[BusMessage] = []
        for row in rows:
            message = _message(row)
            messages.append(message)
            self._published_count += 1
            if self._duplicate_every and self._published_count % self._duplicate_every == 0:
                messages.append(message)
        self._producer.publish(messages)
        self._moved_at = time.monotonic()

    def _tell_watermark(self, *, as_of: datetime) -> None:
        if self._watermark is None:
            return
        now = self._clock.now()
        factor = _RESTING_WATERMARK_FACTOR if self._is_resting() else 1
        self._watermark_due = now + timedelta(seconds=self._watermark.every_seconds * factor)
        event_id = self._ids.new("event")
        envelope = envelope_of(
            self._watermark.make(as_of), event_id=event_id, occurred_at=now, cause=Cause(event_id)
        )
        self._producer.publish(
            [
                BusMessage(
                    topic=self._watermark.topic,
                    key=envelope.key,
                    value=envelope.body(),
                    headers=envelope.headers(),
                    partition=partition,
                )
                for partition in range(PARTITION_COUNT)
            ]
        )

    def _holds_lease(self) -> bool:
        now = self._clock.now()
        # Renewed at half time, so that a relay at rest writes little.
        if now + timedelta(seconds=_LEASE_SECONDS / 2) < self._lease_until:
            return True
        until = now + timedelta(seconds=_LEASE_SECONDS)
        free = {"$or": [{"holder": self._holder}, {"until": {"$lt": now}}]}
        try:
            self._state.update_one(
                {"_id": _LEASE_ID, **free},
                {"$set": {"holder": self._holder, "until": until}},
                upsert=True,
            )
        except DuplicateKeyError:
            return False
        self._lease_until = until
        return True


def unpublished(database: Database[dict[str, Any]]) -> dict[str, Any]:
    """The query for the rows of an outbox that are still to be published: those that never were,
    and all of a topic whose log is gone until it is filled again.
    """
    lost = [row["_id"] for row in database[RELAY_STATE].find({"is_lost": True}, {"_id": 1})]
    return {"$or": [{"pending": True}, {"topic": {"$in": lost}}]} if lost else {"pending": True}


def _is_lost(known: dict[str, Any], topic_id: str, ends: dict[str, int]) -> bool:
    if known["topic_id"] != topic_id:
        return True
    return any(ends.get(number, 0) < end for number, end in known["ends"].items())


def _message(row: dict[str, Any]) -> BusMessage:
    return BusMessage(
        topic=row["topic"],
        key=row["key"],
        value=bytes(row["value"]),
        headers=tuple((name, bytes(value)) for name, value in row["headers"]),
    )
