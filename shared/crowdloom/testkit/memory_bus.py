"""A bus in memory with Kafka's semantics: partitions, groups, commits, redelivery, loss of all."""

import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from crowdloom.chassis.bus import PARTITION_COUNT, BusMessage, Place, TopicState
from crowdloom.kernel import TransientError

_TICK_SECONDS = 0.005


class MemoryBroker:
    """The log itself. Producers and consumers of one broker see each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = 0
        self._logs: dict[Place, list[BusMessage]] = {}
        self._topic_ids: dict[str, str] = {}
        self.committed: dict[tuple[str, Place], int] = {}
        self.away = False

    def wipe(self) -> None:
        """Lose every topic and every commit."""
        with self._lock:
            self._logs.clear()
            self._topic_ids.clear()
            self.committed.clear()

    def create(self, topic: str) -> None:
        self.check_is_there()
        with self._lock:
            if topic not in self._topic_ids:
                self._generation += 1
                self._topic_ids[topic] = f"{topic}-{self._generation}"
                for partition in range(PARTITION_COUNT):
                    self._logs[(topic, partition)] = []

    def append(self, message: BusMessage) -> None:
        self.check_is_there()
        chosen = message.partition
        if chosen is None:
            chosen = zlib.crc32(message.key.encode()) % PARTITION_COUNT
        with self._lock:
            log = self._logs.get((message.topic, chosen))
            if log is None:
                raise TransientError(f"{message.topic} does not exist")
            log.append(replace(message, partition=chosen, offset=len(log)))

    def read(self, place: Place, offset: int, count_max: int) -> list[BusMessage]:
        with self._lock:
            return self._logs.get(place, [])[offset : offset + count_max]

    def end(self, place: Place) -> int:
        with self._lock:
            return len(self._logs.get(place, []))

    def topic_id(self, topic: str) -> str | None:
        return self._topic_ids.get(topic)

    def check_is_there(self) -> None:
        if self.away:
            raise TransientError("the broker is away")


class MemoryProducer:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def publish(self, messages: Sequence[BusMessage]) -> None:
        for message in messages:
            self._broker.append(message)

    def ensure_topics(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self._broker.create(topic)

    def topic_states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        self._broker.check_is_there()
        return {
            topic: TopicState(
                topic_id=topic_id,
                end_offsets={
                    number: self._broker.end((topic, number)) for number in range(PARTITION_COUNT)
                },
            )
            for topic in topics
            if (topic_id := self._broker.topic_id(topic)) is not None
        }

    def close(self) -> None:
        """Nothing is held open."""


class MemoryConsumer:
    """The only member of its group: a second one would read the same messages."""

    def __init__(self, broker: MemoryBroker, *, group: str, topics: Sequence[str]) -> None:
        self._broker = broker
        self._group = group
        self._topics = list(topics)
        self._positions: dict[Place, int] = {}
        self._topic_ids: dict[str, str] = {}
        self._paused: set[Place] = set()

    def poll(self, *, timeout_seconds: float, message_count_max: int) -> list[BusMessage]:
        deadline = time.monotonic() + timeout_seconds
        while True:
            self._broker.check_is_there()
            self._restart_lost_topics()
            found = self._take(message_count_max)
            if found or time.monotonic() >= deadline:
                return found
            time.sleep(_TICK_SECONDS)

    def commit(self, positions: Mapping[Place, int]) -> None:
        self._broker.check_is_there()
        for place, offset in positions.items():
            self._broker.committed[(self._group, place)] = offset

    def seek(self, place: Place, offset: int) -> None:
        self._positions[place] = offset

    def pause(self, place: Place) -> None:
        self._paused.add(place)

    def resume(self, place: Place) -> None:
        self._paused.discard(place)

    def lag(self) -> Mapping[Place, int]:
        behind: dict[Place, int] = defaultdict(int)
        for place in self._places():
            behind[place] = self._broker.end(place) - self._position(place)
        return behind

    def close(self) -> None:
        self._positions.clear()

    def _take(self, count_max: int) -> list[BusMessage]:
        found: list[BusMessage] = []
        for place in self._places():
            if place not in self._paused:
                messages = self._broker.read(place, self._position(place), count_max - len(found))
                self._positions[place] = self._position(place) + len(messages)
                found += messages
        return found

    def _places(self) -> list[Place]:
        return [
            (topic, number)
            for topic in self._topics
            if self._broker.topic_id(topic)
            for number in range(PARTITION_COUNT)
        ]

    def _position(self, place: Place) -> int:
        if place not in self._positions:
            self._positions[place] = self._broker.committed.get((self._group, place), 0)
        return self._positions[place]

    def _restart_lost_topics(self) -> None:
        for topic in self._topics:
            now = self._broker.topic_id(topic)
            if now is not None and self._topic_ids.setdefault(topic, now) != now:
                self._topic_ids[topic] = now
                for number in range(PARTITION_COUNT):
                    self._positions[(topic, number)] = 0
