"""The bus as the chassis sees it: Kafka in earnest, in memory for tests.

Both pass one contract suite, `crowdloom.testkit.bus_contract`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crowdloom.contracts.envelope import Headers

PARTITION_COUNT = 4
"""Partitions of every topic. A key always goes to the same one."""

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True)
class BusMessage:
    """One message. To publish: `partition` only where the key must not decide. As polled: with
    partition and offset.
    """

    topic: str
    key: str
    value: bytes
    headers: Headers
    partition: int | None = None
    offset: int | None = None

    @property
    def place(self) -> Place:
        return self.topic, self.partition or 0


@dataclass(frozen=True)
class TopicState:
    """A topic's identity and the offset after its last message, per partition. A changed identity
    or an offset that went back means that the broker lost its log.
    """

    topic_id: str
    end_offsets: Mapping[int, int]


class Producer(Protocol):
    """Puts messages on the bus."""

    def publish(self, messages: Sequence[BusMessage]) -> None:
        """Publish in order per key; return once every message is acknowledged by all replicas.

        Blocks. May publish a message twice. Raises TransientError where one is not acknowledged.
        """
        ...

    def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create what is missing. Blocks; idempotent. Raises TransientError."""
        ...

    def topic_states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        """Return the state of each topic that exists. Blocks. Raises TransientError."""
        ...

    def close(self) -> None: ...


class Consumer(Protocol):
    """Reads the topics it was made for, as one member of a group, from the group's last commit on,
    or from the beginning where there is none. For one thread.
    """

    def poll(self, *, timeout_seconds: float, message_count_max: int) -> list[BusMessage]:
        """Return the next messages, in order per partition. Blocks up to the timeout.

        Notices a topic that was lost and made anew, and reads it from its beginning.
        Raises TransientError where the broker is away.
        """
        ...

    def commit(self, positions: Mapping[Place, int]) -> None:
        """Note the next offset to read of each place. Raises TransientError."""
        ...

    def seek(self, place: Place, offset: int) -> None:
        """Read the place from this offset on at the next poll."""
        ...

    def pause(self, place: Place) -> None:
        """Return nothing of this place until it is resumed."""
        ...

    def resume(self, place: Place) -> None: ...

    def lag(self) -> Mapping[Place, int]:
        """Messages not yet polled, for each assigned place. Does not block; may be a little old."""
        ...

    def close(self) -> None: ...
