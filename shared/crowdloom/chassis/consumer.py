"""The consumer loop: many events a transaction, each taking effect once, offsets afterwards.

Three error families. DomainError in a handler is an expected result: logged, and the event counts
as handled. TransientError is tried again with back-off, then its partition is paused while others
go on. PoisonMessage, and whatever keeps failing, goes to the dead letters; a ceiling on those stops
the consumer before it hides a bad deploy.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import structlog
from pymongo.errors import PyMongoError

from crowdloom.chassis.bus import BusMessage, Consumer, Place
from crowdloom.chassis.context import caused_by
from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.pace import pause_after
from crowdloom.chassis.store import MongoSession, Store
from crowdloom.contracts import Cause, Envelope, Event, event_type, read_message
from crowdloom.contracts.envelope import type_name
from crowdloom.contracts.task import LogAdvanced
from crowdloom.kernel import DomainError, PoisonMessage, TransientError

log = structlog.get_logger(__name__)

SessionT = TypeVar("SessionT", bound=MongoSession)
Handler = Callable[[Envelope, SessionT], None]
WatermarkHandler = Callable[[SessionT, str, int, datetime], None]
"""(session, topic, partition, as_of): everything committed before `as_of` was handled before."""

POLL_COUNT_MAX = 200
TRANSACTION_EVENTS_MAX = 50
TRIES_MAX = 4
DEAD_LETTERS_MAX = 200
POLL_SECONDS_MIN, POLL_SECONDS = 0.05, 0.5
_RESTING_AFTER_SECONDS, RESTING_POLL_SECONDS = 20.0, 2.0
_BACK_OFF_SECONDS = 0.1
_PAUSE_SECONDS = 5.0
_REPLAY_SECONDS = 2.0
_LAG_SECONDS = 2.0
_WATERMARK = event_type(LogAdvanced).name


class TooManyDeadLetters(RuntimeError):
    """So much cannot be handled that going on would hide what is wrong."""


@dataclass(frozen=True)
class _Delivery:
    message: BusMessage
    envelope: Envelope


class ConsumerLoop(Generic[SessionT]):
    """Feeds a service's handlers. For one thread."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        store: Store[SessionT],
        subscriptions: Mapping[type[Event], Handler[SessionT]],
        dead_letters: DeadLetters,
        on_watermark: WatermarkHandler[SessionT] | None = None,
    ) -> None:
        self._consumer = consumer
        self._store = store
        self._handlers = {event_type(cls).name: work for cls, work in subscriptions.items()}
        self._dead_letters = dead_letters
        self._on_watermark = on_watermark
        self._paused_until: dict[Place, float] = {}
        self._replay_due = 0.0
        self._polled_at = 0.0
        self.moved_at = 0.0
        """When the last event was handled, by the monotonic clock: watermarks do not count."""
        self.handled_count = 0
        self.lag_seen: Mapping[Place, int] = {}
        self._lag_seen_at: float | None = None
        self._lag_due = 0.0

    def run(self, stop: threading.Event) -> None:
        """Consume until told to stop. Raises TooManyDeadLetters, and lets bugs out."""
        while not stop.is_set():
            try:
                count = self.run_once(timeout_seconds=self.patience_seconds())
                if 0 < count < POLL_COUNT_MAX:
                    # Of a stream, many take effect in one transaction; after a silence, at once.
                    stop.wait(pause_after(time.monotonic() - self._polled_at))
            except (TransientError, PyMongoError) as error:
                log.warning("consumer_waits", error=str(error))
                stop.wait(POLL_SECONDS)
        self._consumer.close()

    def patience_seconds(self) -> float:
        """As long as nothing came, so that a market at rest costs little; and no longer, as not
        every broker says at once what comes while it lets one wait.
        """
        silent_seconds = time.monotonic() - self.moved_at
        if silent_seconds > _RESTING_AFTER_SECONDS:
            return RESTING_POLL_SECONDS
        return min(max(silent_seconds, POLL_SECONDS_MIN), POLL_SECONDS)

    def run_once(self, *, timeout_seconds: float) -> int:
        """Handle one poll; returns how many messages it brought."""
        self._resume_paused()
        self._replay_requested()
        messages = self._consumer.poll(
            timeout_seconds=timeout_seconds, message_count_max=POLL_COUNT_MAX
        )
        self._polled_at = time.monotonic()
        self._look_at_lag()
        queues = _by_place(messages)
        positions = self._handle_together(queues)
        queues = {place: queue for place, queue in queues.items() if place not in positions}
        try:
            for place, queue in queues.items():
                reached = self._handle_in_order(queue)
                if reached is not None:
                    positions[place] = reached + 1
        except Exception:
            self._rewind({p: queue for p, queue in queues.items() if p not in positions})
            raise
        if positions:
            self._consumer.commit(positions)
        return len(messages)

    def _handle_together(self, queues: Mapping[Place, Sequence[BusMessage]]) -> dict[Place, int]:
        """A small poll of several partitions in one transaction, each in its order: a transaction
        costs the database more than an event. Where that fails, nothing is done, and partition by
        partition shows which event it is.
        """
        few = sum(map(len, queues.values())) <= TRANSACTION_EVENTS_MAX
        if len(queues) == 1 or not few:
            return {}
        together = [message for queue in queues.values() for message in queue]
        try:
            self._take_effect(list(self._readable(together)))
        except Exception as error:  # noqa: BLE001 - whatever it is, one by one finds which
            log.info("poll_failed", error=repr(error), events=len(together))
            return {}
        return {place: (queue[-1].offset or 0) + 1 for place, queue in queues.items()}

    def _rewind(self, queues: Mapping[Place, Sequence[BusMessage]]) -> None:
        """Have what was polled and not handled polled again, or a later commit would skip it."""
        for place, queue in queues.items():
            self._consumer.seek(place, queue[0].offset or 0)

    def _look_at_lag(self) -> None:
        # Here, because a consumer is for one thread; others read what was seen last.
        if time.monotonic() >= self._lag_due:
            self._lag_due = time.monotonic() + _LAG_SECONDS
            seen = self._consumer.lag()
            # No partition, or no broker, is no figure and not a lag of nothing: the last one ages.
            if seen:
                self.lag_seen, self._lag_seen_at = seen, time.monotonic()

    def lag_age_seconds(self) -> float | None:
        """How long ago the lag was looked at; None where it never was."""
        return None if self._lag_seen_at is None else time.monotonic() - self._lag_seen_at

    def _handle_in_order(self, messages: Sequence[BusMessage]) -> int | None:
        """Handle one partition's messages; returns the last offset done, None where none was."""
        done: int | None = None
        for start in range(0, len(messages), TRANSACTION_EVENTS_MAX):
            chunk = messages[start : start + TRANSACTION_EVENTS_MAX]
            try:
                self._take_effect(list(self._readable(chunk)))
                done = chunk[-1].offset
            except Exception as error:  # noqa: BLE001 - whatever it is, one by one finds which
                log.info("chunk_failed", error=repr(error), events=len(chunk))
                reached = self._handle_one_by_one(chunk)
                done = done if reached is None else reached
                if reached != chunk[-1].offset:
                    break
        return done

    def _handle_one_by_one(self, chunk: Sequence[BusMessage]) -> int | None:
        done: int | None = None
        for message in chunk:
            try:
                self.handle(message)
            except TransientError as error:
                self._pause(message, error)
                break
            except PoisonMessage as error:
                self._bury(message, str(error))
            done = message.offset
        return done

    def handle(self, message: BusMessage) -> None:
        """Handle one message. Raises TransientError where it may succeed later, PoisonMessage
        where it never will.
        """
        for delivery in self._readable([message], bury=False):
            self._try(delivery)

    def _try(self, delivery: _Delivery) -> None:
        for number in range(1, TRIES_MAX + 1):
            try:
                self._take_effect([delivery])
            except DomainError as refusal:
                log.warning("event_refused", event_id=delivery.envelope.event_id, why=str(refusal))
                self._store.run(lambda s: s.take_unhandled([delivery.envelope.event_id]))
            except PoisonMessage:
                raise
            except TransientError:
                if number == TRIES_MAX:
                    raise
                time.sleep(_BACK_OFF_SECONDS * 2**number)
                continue
            except Exception as error:
                log.exception("handler_failed", event_id=delivery.envelope.event_id, tries=number)
                if number == TRIES_MAX:
                    raise PoisonMessage(f"failed {number} times: {error!r}") from error
                time.sleep(_BACK_OFF_SECONDS * 2**number)
                continue
            return

    def _take_effect(self, deliveries: Sequence[_Delivery]) -> None:
        """One transaction: note the events in the inbox, and handle those that are new."""
        if not deliveries:
            return

        def work(session: SessionT) -> None:
            fresh = session.take_unhandled(
                [d.envelope.event_id for d in deliveries if not _is_watermark(d)]
            )
            for delivery in deliveries:
                if _is_watermark(delivery):
                    self._advance(session, delivery)
                elif delivery.envelope.event_id in fresh:
                    fresh.discard(delivery.envelope.event_id)
                    self._call(session, delivery.envelope)

        self._store.run(work)
        self.handled_count += len(deliveries)
        if not all(map(_is_watermark, deliveries)):
            self.moved_at = time.monotonic()

    def _call(self, session: SessionT, envelope: Envelope) -> None:
        cause = Cause(
            correlation_id=envelope.cause.correlation_id,
            causation_id=envelope.event_id,
            traceparent=envelope.cause.traceparent,
        )
        with caused_by(cause):
            self._handlers[envelope.type.name](envelope, session)

    def _advance(self, session: SessionT, delivery: _Delivery) -> None:
        event = delivery.envelope.event
        if self._on_watermark is not None and isinstance(event, LogAdvanced):
            topic, partition = delivery.message.place
            self._on_watermark(session, topic, partition, event.as_of)

    def _readable(
        self, messages: Iterable[BusMessage], *, bury: bool = True
    ) -> Iterable[_Delivery]:
        for message in messages:
            name = type_name(message.headers)
            wanted = name in self._handlers or (self._on_watermark and name == _WATERMARK)
            if name is not None and not wanted:
                continue
            try:
                yield _Delivery(message, read_message(message.headers, message.value))
            except PoisonMessage as error:
                if not bury:
                    raise
                self._bury(message, str(error))

    def _bury(self, message: BusMessage, reason: str) -> None:
        letter_id = self._dead_letters.bury(message, reason)
        log.error("message_buried", dead_letter_id=letter_id, topic=message.topic, reason=reason)
        if self._dead_letters.open_count() > DEAD_LETTERS_MAX:
            raise TooManyDeadLetters(f"more than {DEAD_LETTERS_MAX} dead letters are open")

    def _pause(self, message: BusMessage, error: TransientError) -> None:
        log.warning("partition_paused", place=message.place, error=str(error))
        self._consumer.seek(message.place, message.offset or 0)
        self._consumer.pause(message.place)
        self._paused_until[message.place] = time.monotonic() + _PAUSE_SECONDS

    def _resume_paused(self) -> None:
        now = time.monotonic()
        for place in [place for place, until in self._paused_until.items() if until <= now]:
            del self._paused_until[place]
            self._consumer.resume(place)

    def _replay_requested(self) -> None:
        if time.monotonic() < self._replay_due:
            return
        self._replay_due = time.monotonic() + _REPLAY_SECONDS
        for letter_id, message in list(self._dead_letters.requested()):
            try:
                self.handle(message)
            except (TransientError, PoisonMessage) as error:
                self._dead_letters.settle(letter_id, reason=str(error))
            else:
                self._dead_letters.settle(letter_id, reason=None)


def _is_watermark(delivery: _Delivery) -> bool:
    return isinstance(delivery.envelope.event, LogAdvanced)


def _by_place(messages: Iterable[BusMessage]) -> dict[Place, list[BusMessage]]:
    queues: dict[Place, list[BusMessage]] = defaultdict(list)
    for message in messages:
        queues[message.place].append(message)
    return queues


def topics_of(subscriptions: Mapping[type[Event], Any]) -> list[str]:
    """The topics a subscription table needs."""
    return sorted({event_type(cls).topic for cls in subscriptions})
