"""The bus on Kafka, through kafka-python 3. Make clients after a fork, never before."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import structlog
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.partitioner import Partitioner
from kafka.partitioner.default import murmur2
from kafka.structs import OffsetAndMetadata

from crowdloom.chassis.bus import PARTITION_COUNT, BusMessage, Place, TopicState
from crowdloom.kernel import TransientError

log = structlog.get_logger(__name__)

_REQUEST_TIMEOUT_MS = 10_000
_SESSION_TIMEOUT_MS = 6_000
_SILENT_SESSIONS_MAX = 3
_FETCH_SECONDS_MIN, _FETCH_SECONDS_MAX = 0.05, 2.0
_METADATA_AGE_MS_MAX = 5_000
_ACKNOWLEDGE_SECONDS_MAX = 20
_CLOSE_SECONDS_MAX = 2


class KafkaBusProducer:
    """Producer with idempotence and acknowledgement by all replicas."""

    def __init__(self, bootstrap: str, *, replication: int = 1) -> None:
        self._bootstrap = bootstrap.split(",")
        self._replication = replication
        self._producer: Any = None
        self._admin: Any = None

    def publish(self, messages: Sequence[BusMessage]) -> None:
        try:
            producer = self._connected_producer()
            futures = [
                producer.send(
                    message.topic,
                    key=message.key.encode(),
                    value=message.value,
                    headers=list(message.headers),
                    partition=message.partition,
                )
                for message in messages
            ]
            # flush() does not say what failed: every future is asked.
            for future in futures:
                future.get(timeout=_ACKNOWLEDGE_SECONDS_MAX)
        except (KafkaError, OSError, AssertionError) as error:
            self._drop_producer()
            raise TransientError(f"publishing failed: {error!r}") from error

    def ensure_topics(self, topics: Sequence[str]) -> None:
        try:
            admin = self._connected_admin()
            missing = sorted(set(topics) - set(admin.list_topics()))
            if missing:
                wanted = [NewTopic(name, PARTITION_COUNT, self._replication) for name in missing]
                with suppress(TopicAlreadyExistsError):
                    admin.create_topics(wanted, timeout_ms=_REQUEST_TIMEOUT_MS)
        except (KafkaError, OSError) as error:
            self._drop_admin()
            raise TransientError(f"topics could not be made: {error!r}") from error

    def topic_states(self, topics: Sequence[str]) -> Mapping[str, TopicState]:
        try:
            described = self._connected_admin().describe_topics(list(topics))
            found = {
                topic["name"]: topic
                for topic in described
                if not topic["error_code"] and topic["partitions"]
            }
            ends = self._end_offsets(found)
            return {
                name: TopicState(topic_id=str(topic.get("topic_id")), end_offsets=ends[name])
                for name, topic in found.items()
            }
        except (KafkaError, OSError, KeyError) as error:
            self._drop_admin()
            raise TransientError(f"topics could not be read: {error!r}") from error

    def close(self) -> None:
        self._drop_producer()
        self._drop_admin()

    def _end_offsets(self, topics: Mapping[str, Any]) -> dict[str, dict[int, int]]:
        places = [
            TopicPartition(name, partition["partition_index"])
            for name, topic in topics.items()
            for partition in topic["partitions"]
        ]
        reader = KafkaConsumer(
            bootstrap_servers=self._bootstrap,
            request_timeout_ms=_REQUEST_TIMEOUT_MS,
            metrics_enabled=False,
        )
        try:
            ends: dict[str, dict[int, int]] = {name: {} for name in topics}
            for place, offset in reader.end_offsets(places).items():
                ends[place.topic][place.partition] = offset
            return ends
        finally:
            reader.close(autocommit=False)

    def _connected_producer(self) -> Any:
        if self._producer is None:
            self._producer = KafkaProducer(
                bootstrap_servers=self._bootstrap,
                enable_idempotence=True,
                acks="all",
                allow_auto_create_topics=False,
                linger_ms=2,
                max_block_ms=_REQUEST_TIMEOUT_MS,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                delivery_timeout_ms=_ACKNOWLEDGE_SECONDS_MAX * 1_000,
                max_request_size=4_000_000,
                metrics_enabled=False,
                partitioner=_RememberingPartitioner(),
            )
        return self._producer

    def _connected_admin(self) -> Any:
        if self._admin is None:
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._bootstrap, request_timeout_ms=_REQUEST_TIMEOUT_MS
            )
        return self._admin

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            # What is still unsent goes down with it. close() alone would leave its sender alive
            # when the broker is away, and that would send old messages between newer ones.
            producer._sender.force_close()  # noqa: SLF001 - no public way to it
            with suppress(Exception):
                producer.close(timeout=_CLOSE_SECONDS_MAX)

    def _drop_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            with suppress(Exception):
                admin.close()


@lru_cache(maxsize=10_000)
def _hash_of(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF


class _RememberingPartitioner(Partitioner):  # type: ignore[misc]
    """Puts a key where Kafka's own does, and works that out once for the many events of a batch:
    byte by byte in Python it costs about as much as all the rest of sending one.
    """

    def partition(
        self,
        topic: str,
        key: object,  # noqa: ARG002
        serialized_key: bytes,
        value: object,  # noqa: ARG002
        serialized_value: object,  # noqa: ARG002
        cluster: Any,
    ) -> int:
        """Raises ValueError for a topic that is not there; keys are never missing here."""
        partitions = sorted(cluster.partitions_for_topic(topic) or ())
        if not partitions:
            raise ValueError(f"there is no topic {topic}")
        return int(partitions[_hash_of(serialized_key) % len(partitions)])


class KafkaBusConsumer:
    """Consumer that commits only what it is told to, after the effect."""

    def __init__(
        self,
        bootstrap: str,
        *,
        group: str,
        topics: Sequence[str],
        session_timeout_ms: int = _SESSION_TIMEOUT_MS,
    ) -> None:
        self._bootstrap = bootstrap.split(",")
        self._group = group
        self._topics = list(topics)
        self._session_timeout_ms = session_timeout_ms
        self._silence_seconds_max = _SILENT_SESSIONS_MAX * session_timeout_ms / 1_000
        self._consumer: Any = None
        self._topic_ids: dict[str, object] = {}
        self._paused: set[Place] = set()

    def poll(self, *, timeout_seconds: float, message_count_max: int) -> list[BusMessage]:
        try:
            consumer = self._connected()
            if _is_stranded(consumer, seconds_max=self._silence_seconds_max):
                self.close()
                raise TransientError("the group has not been heard of for too long: joining anew")
            _let_broker_wait(consumer, timeout_seconds)
            polled = consumer.poll(
                timeout_ms=int(timeout_seconds * 1_000), max_records=message_count_max
            )
            if polled:
                _refresh_metadata(consumer)
            lost = self._restart_lost_topics(consumer)
            return [
                _message(record)
                for place, records in polled.items()
                # What came of a lost log is read again from its beginning, all else is good.
                if place.topic not in lost
                for record in records
            ]
        except (KafkaError, OSError) as error:
            self.close()
            raise TransientError(f"polling failed: {error!r}") from error

    def commit(self, positions: Mapping[Place, int]) -> None:
        offsets = {
            TopicPartition(*place): OffsetAndMetadata(offset, "", -1)
            for place, offset in positions.items()
        }
        try:
            self._connected().commit(offsets)
        except (KafkaError, OSError, AssertionError) as error:
            raise TransientError(f"committing failed: {error!r}") from error

    def seek(self, place: Place, offset: int) -> None:
        if self._is_assigned(place):
            self._connected().seek(TopicPartition(*place), offset)

    def pause(self, place: Place) -> None:
        self._paused.add(place)
        if self._is_assigned(place):
            self._connected().pause(TopicPartition(*place))

    def resume(self, place: Place) -> None:
        self._paused.discard(place)
        if self._is_assigned(place):
            _forget_parked(self._connected(), TopicPartition(*place))
            self._connected().resume(TopicPartition(*place))

    def lag(self) -> Mapping[Place, int]:
        behind: dict[Place, int] = {}
        # A figure for people: where the broker is away there is none, and poll says why.
        with suppress(KafkaError, OSError):
            for assigned in self._consumer.assignment() if self._consumer else ():
                end = self._consumer.highwater(assigned)
                if end is not None:
                    position = self._consumer.position(assigned, timeout_ms=200)
                    behind[(assigned.topic, assigned.partition)] = max(0, end - (position or 0))
        return behind

    def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._topic_ids.clear()
        if consumer is not None:
            with suppress(Exception):
                consumer.close(autocommit=False)

    def _connected(self) -> Any:
        if self._consumer is None:
            consumer = KafkaConsumer(
                bootstrap_servers=self._bootstrap,
                group_id=self._group,
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                session_timeout_ms=self._session_timeout_ms,
                heartbeat_interval_ms=self._session_timeout_ms // 3,
                metadata_max_age_ms=_METADATA_AGE_MS_MAX,
                request_timeout_ms=_REQUEST_TIMEOUT_MS,
                metrics_enabled=False,
            )
            consumer.subscribe(self._topics, listener=_PausesKept(self))
            self._consumer = consumer
        return self._consumer

    def _restart_lost_topics(self, consumer: Any) -> set[str]:
        """Begin anew with topics whose id has changed. Returns which they are."""
        lost: set[str] = set()
        for topic in self._topics:
            now = consumer._cluster.topic_id(topic)  # noqa: SLF001 - no public way to it
            if now is None:
                continue
            before = self._topic_ids.setdefault(topic, now)
            if before != now:
                self._topic_ids[topic] = now
                lost.add(topic)
                log.warning("topic_was_lost", topic=topic, group=self._group)
        places = [place for place in consumer.assignment() if place.topic in lost]
        if places:
            consumer.seek_to_beginning(*places)
        return lost

    def _is_assigned(self, place: Place) -> bool:
        return self._consumer is not None and TopicPartition(*place) in self._consumer.assignment()

    def pause_again(self, assigned: Sequence[Any]) -> None:
        """After a rebalance, pause what was paused before."""
        again = [place for place in assigned if (place.topic, place.partition) in self._paused]
        if again and self._consumer is not None:
            self._consumer.pause(*again)


def _is_stranded(consumer: Any, *, seconds_max: float) -> bool:
    """Whether the group has long forgotten this member, and the member does not know.

    Seen with kafka-python 3.0.12 on a busy machine: a member that was expelled while it joined goes
    on polling what it was once assigned, sends no heartbeat, and never joins again.
    """
    beat = consumer._coordinator.heartbeat  # noqa: SLF001 - no public way to it
    silent_seconds: float = time.monotonic() - max(beat.last_receive, beat.last_reset)
    return silent_seconds > seconds_max


def _let_broker_wait(consumer: Any, timeout_seconds: float) -> None:
    """Have a fetch that finds nothing answered as late as whoever polls is patient: at rest the
    traffic of empty answers is most of what a broker and its clients do.
    """
    waits_ms = int(min(max(timeout_seconds, _FETCH_SECONDS_MIN), _FETCH_SECONDS_MAX) * 1_000)
    consumer._fetcher.config["fetch_max_wait_ms"] = waits_ms  # noqa: SLF001 - no public way to it


def _forget_parked(consumer: Any, partition: Any) -> None:
    """Have what was fetched of a paused partition fetched again.

    kafka-python 3.0.12 parks it, gives it back only while it holds no other batch in hand, though
    it be an emptied one, and until then asks for no more of the partition: it would stay silent.
    """
    fetcher = consumer._fetcher  # noqa: SLF001 - no public way to it
    fetcher._paused_completed_fetches.pop(partition, None)  # noqa: SLF001
    parked = fetcher._paused_partition_records.pop(partition, None)  # noqa: SLF001
    if parked is not None:
        parked.drain()


def _refresh_metadata(consumer: Any) -> None:
    """Ask for the topics' ids after a fetch that brought something, before it is believed.

    Fetches go by name: of a log made anew they would go on at the old position and skip its
    beginning, a watermark among the rest. Asked afterwards, the id is that of the log we read.
    """
    consumer._net.run(consumer._cluster.refresh_metadata)  # noqa: SLF001 - no public way to it


class _PausesKept(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, owner: KafkaBusConsumer) -> None:
        self._owner = owner

    def on_partitions_revoked(self, revoked: Sequence[Any]) -> None:
        """Nothing to do: offsets are committed after each effect."""

    def on_partitions_assigned(self, assigned: Sequence[Any]) -> None:
        self._owner.pause_again(assigned)


def _message(record: Any) -> BusMessage:
    return BusMessage(
        topic=record.topic,
        key=(record.key or b"").decode(errors="replace"),
        value=record.value or b"",
        headers=tuple((name, bytes(value or b"")) for name, value in record.headers),
        partition=record.partition,
        offset=record.offset,
    )
