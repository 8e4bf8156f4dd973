"""What every bus promises. In memory, on the embedded broker and on real Kafka: the same tests.

A test class inherits BusContract and gives it a fixture `bus` that returns a Bus.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from crowdloom.chassis.bus import PARTITION_COUNT, BusMessage, Consumer, Producer, TopicState
from crowdloom.kernel import TransientError

PATIENCE_SECONDS = 40


@dataclass
class Bus:
    """One broker: a producer, a way to make consumers, and a way to lose everything."""

    producer: Producer
    consumer_of: Callable[[str, list[str]], Consumer]
    wipe: Callable[[], None]


def messages_of(topic: str, key: str, numbers: range) -> list[BusMessage]:
    return [
        BusMessage(topic, key, str(number).encode(), (("ce_type", b"counted"),))
        for number in numbers
    ]


def poll_until(consumer: Consumer, count: int) -> list[BusMessage]:
    """Poll until `count` messages have come or patience is at its end."""
    found: list[BusMessage] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count and time.monotonic() < deadline:
        found += consumer.poll(timeout_seconds=0.5, message_count_max=100)
    return found


def values(messages: list[BusMessage]) -> list[int]:
    return [int(message.value) for message in messages]


class BusContract:
    @pytest.fixture
    def topic(self, bus: Bus) -> str:
        name = f"test.{uuid.uuid4().hex[:12]}"
        bus.producer.ensure_topics([name])
        return name

    @pytest.fixture
    def group(self) -> str:
        return f"group-{uuid.uuid4().hex[:12]}"

    def test_messages_of_one_key_arrive_in_order_with_key_headers_and_bytes(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        sent = [
            BusMessage(
                topic, "batch-1", "Grüße سلام".encode(), (("ce_type", b"a"), ("x", b"\xff"))
            ),
            *messages_of(topic, "batch-1", range(50)),
        ]
        bus.producer.publish(sent)
        consumer = bus.consumer_of(group, [topic])
        found = poll_until(consumer, len(sent))
        consumer.close()
        assert [(m.key, m.value, m.headers) for m in found] == [
            (m.key, m.value, m.headers) for m in sent
        ]
        assert len({message.partition for message in found}) == 1
        assert [message.offset for message in found] == list(range(len(sent)))

    def test_a_new_group_reads_from_the_beginning(self, bus: Bus, topic: str, group: str) -> None:
        bus.producer.publish(messages_of(topic, "k", range(3)))
        consumer = bus.consumer_of(group, [topic])
        assert values(poll_until(consumer, 3)) == [0, 1, 2]
        consumer.close()

    def test_what_was_committed_is_not_read_again_and_what_was_not_is(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        bus.producer.publish(messages_of(topic, "k", range(4)))
        first = bus.consumer_of(group, [topic])
        found = poll_until(first, 4)
        first.commit({found[1].place: (found[1].offset or 0) + 1})
        first.close()
        second = bus.consumer_of(group, [topic])
        assert values(poll_until(second, 2)) == [2, 3]
        second.close()

    def test_seek_brings_a_message_again(self, bus: Bus, topic: str, group: str) -> None:
        bus.producer.publish(messages_of(topic, "k", range(3)))
        consumer = bus.consumer_of(group, [topic])
        found = poll_until(consumer, 3)
        consumer.seek(found[1].place, found[1].offset or 0)
        assert values(poll_until(consumer, 2)) == [1, 2]
        consumer.close()

    def test_a_paused_place_is_silent_while_others_go_on(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        consumer = bus.consumer_of(group, [topic])
        bus.producer.publish([BusMessage(topic, "a", b"1", (), partition=0)])
        assert values(poll_until(consumer, 1)) == [1]
        consumer.pause((topic, 0))
        bus.producer.publish(
            [
                BusMessage(topic, "a", b"2", (), partition=0),
                BusMessage(topic, "b", b"3", (), partition=1),
            ]
        )
        assert values(poll_until(consumer, 1)) == [3]
        consumer.resume((topic, 0))
        assert values(poll_until(consumer, 1)) == [2]
        consumer.close()

    def test_a_place_paused_in_the_middle_of_what_was_fetched_goes_on_from_there(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        consumer = bus.consumer_of(group, [topic])
        bus.producer.publish(
            [BusMessage(topic, "a", str(n).encode(), (), partition=0) for n in range(30)]
        )
        first: list[BusMessage] = []
        while not first:
            first = consumer.poll(timeout_seconds=0.5, message_count_max=10)
        consumer.seek((topic, 0), 5)
        consumer.pause((topic, 0))
        # Something else comes meanwhile, so that polls in the pause have their hands full.
        bus.producer.publish([BusMessage(topic, "b", b"99", (), partition=1)])
        assert values(poll_until(consumer, 1)) == [99]
        consumer.resume((topic, 0))
        assert values(poll_until(consumer, 25)) == list(range(5, 30))
        consumer.close()

    def test_a_topic_has_an_identity_and_its_ends_count_messages(
        self, bus: Bus, topic: str
    ) -> None:
        before = _state_of(bus, topic)
        bus.producer.publish([BusMessage(topic, "k", b"1", (), partition=2)])
        after = _state_of(bus, topic)
        assert set(after.end_offsets) == set(range(PARTITION_COUNT))
        assert after.topic_id == before.topic_id
        assert after.end_offsets[2] == before.end_offsets[2] + 1

    def test_a_topic_that_is_not_there_has_no_state(self, bus: Bus) -> None:
        assert bus.producer.topic_states(["test.never-made"]) == {}

    def test_ensuring_a_topic_twice_changes_nothing(self, bus: Bus, topic: str) -> None:
        before = _state_of(bus, topic)
        bus.producer.ensure_topics([topic])
        assert _state_of(bus, topic) == before

    def test_after_a_wipe_a_topic_has_another_identity_and_is_read_from_its_beginning(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        bus.producer.publish(messages_of(topic, "k", range(3)))
        before = bus.producer.topic_states([topic])[topic]
        consumer = bus.consumer_of(group, [topic])
        found = poll_until(consumer, 3)
        consumer.commit({found[0].place: 3})
        bus.wipe()
        _insist(lambda: bus.producer.ensure_topics([topic]))
        _insist(lambda: bus.producer.topic_states([topic])[topic])
        # More than were read before, so that an old position would skip some of them.
        _insist(lambda: bus.producer.publish(messages_of(topic, "k", range(10, 16))))
        assert bus.producer.topic_states([topic])[topic].topic_id != before.topic_id
        assert values(_poll_patiently(consumer, 6)) == [10, 11, 12, 13, 14, 15]
        consumer.close()


def _state_of(bus: Bus, topic: str) -> TopicState:
    """Nodes learn of a fresh topic one by one: one that does not know it is asked again."""
    found: list[TopicState] = []
    _insist(lambda: found.append(bus.producer.topic_states([topic])[topic]))
    return found[0]


def _insist(action: Callable[[], object]) -> None:
    """Do it until it succeeds: a broker that is just coming back may refuse at first."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            action()
        except (TransientError, KeyError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _poll_patiently(consumer: Consumer, count: int) -> list[BusMessage]:
    """Like poll_until, for a consumer whose broker has just been lost: it may fail meanwhile.

    Each message is counted once: the loss of commits may bring one twice.
    """
    found: dict[tuple[int | None, int | None], BusMessage] = {}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found) < count and time.monotonic() < deadline:
        try:
            for message in consumer.poll(timeout_seconds=0.5, message_count_max=100):
                found[(message.partition, message.offset)] = message
        except TransientError:
            time.sleep(0.2)
    return list(found.values())
