"""The bus contract, on every bus there is."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from crowdloom.chassis.bus import BusMessage, Consumer
from crowdloom.chassis.kafka_bus import KafkaBusConsumer, KafkaBusProducer
from crowdloom.kernel import TransientError
from crowdloom.testkit.bus_contract import (
    PATIENCE_SECONDS,
    Bus,
    BusContract,
    messages_of,
    poll_until,
)
from crowdloom.testkit.memory_bus import MemoryBroker, MemoryConsumer, MemoryProducer
from crowdloom_local.engines import ROOT
from crowdloom_local.engines.embedded import Tansu
from crowdloom_local.engines.kafka import KafkaCluster, kafka_is_here
from crowdloom_local.processes import Supervisor
from kafka import KafkaAdminClient, KafkaProducer
from kafka.record import util as record_checksums


class TestMemoryBus(BusContract):
    @pytest.fixture
    def bus(self) -> Bus:
        broker = MemoryBroker()
        return Bus(
            producer=MemoryProducer(broker),
            consumer_of=lambda group, topics: MemoryConsumer(broker, group=group, topics=topics),
            wipe=broker.wipe,
        )


@pytest.mark.engines
class TestEmbeddedBroker(BusContract):
    @pytest.fixture(scope="class")
    @classmethod
    def broker(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
        supervisor = Supervisor()
        broker = Tansu(supervisor, tmp_path_factory.mktemp("tansu"), ROOT)
        broker.start()
        yield broker
        supervisor.stop()

    @pytest.fixture
    def bus(self, broker: Tansu) -> Iterator[Bus]:
        yield from bus_on(broker.bootstrap, 1, broker.wipe)

    def test_a_key_lies_where_every_other_client_of_kafka_puts_it(
        self, bus: Bus, topic: str, group: str, broker: Tansu
    ) -> None:
        keys = [f"bat_{number:04d}" for number in range(40)]
        ours = [BusMessage(topic, key, b"", ()) for key in [*keys, *keys]]
        bus.producer.publish(ours)
        theirs = KafkaProducer(bootstrap_servers=broker.bootstrap)
        for key in keys:
            theirs.send(topic, key=key.encode(), value=b"")
        theirs.close()
        places: dict[str, set[int | None]] = defaultdict(set)
        with closing(bus.consumer_of(group, [topic])) as consumer:
            for message in poll_until(consumer, 3 * len(keys)):
                places[message.key].add(message.partition)
        assert [len(places[key]) for key in keys] == [1] * len(keys)

    def test_a_member_that_its_group_has_forgotten_joins_anew(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        consumer = bus.consumer_of(group, [topic])
        bus.producer.publish(messages_of(topic, "k", range(3)))
        found = poll_until(consumer, 3)
        consumer.commit({found[0].place: 3})
        _strand(consumer)
        with pytest.raises(TransientError):
            consumer.poll(timeout_seconds=0.1, message_count_max=10)
        bus.producer.publish(messages_of(topic, "k", range(3, 5)))
        assert [int(message.value) for message in poll_until(consumer, 2)] == [3, 4]
        consumer.close()


@pytest.mark.kafka
@pytest.mark.parametrize("nodes", [1, 3], scope="class")
class TestRealKafka(BusContract):
    @pytest.fixture(scope="class")
    @classmethod
    def cluster(
        cls, nodes: int, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[KafkaCluster]:
        assert kafka_is_here(ROOT), "run `make engines` first"
        supervisor = Supervisor()
        cluster = KafkaCluster(supervisor, tmp_path_factory.mktemp("kafka"), ROOT, nodes=nodes)
        try:
            cluster.start()
            yield cluster
        finally:
            supervisor.stop()

    @pytest.fixture
    def bus(self, cluster: KafkaCluster) -> Iterator[Bus]:
        yield from bus_on(cluster.bootstrap, cluster.replication, cluster.wipe)


def _strand(consumer: Consumer) -> None:
    """Make it what an expelled member is that does not know: long without an answer."""
    assert isinstance(consumer, KafkaBusConsumer)
    coordinator = consumer._consumer._coordinator
    coordinator._disable_heartbeat()
    coordinator.heartbeat.last_receive -= 60
    coordinator.heartbeat.last_reset -= 60


def bus_on(bootstrap: str, replication: int, wipe) -> Iterator[Bus]:
    producer = KafkaBusProducer(bootstrap, replication=replication)
    yield Bus(
        producer=producer,
        consumer_of=lambda group, topics: KafkaBusConsumer(bootstrap, group=group, topics=topics),
        wipe=wipe,
    )
    producer.close()


@pytest.mark.kafka
class TestLossesOfRealKafka:
    @pytest.fixture(scope="class")
    @classmethod
    def cluster(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
        supervisor = Supervisor()
        cluster = KafkaCluster(supervisor, tmp_path_factory.mktemp("kafka"), ROOT, nodes=3)
        try:
            cluster.start()
            yield cluster
        finally:
            supervisor.stop()

    def test_the_loss_of_one_topic_costs_no_message_of_another(self, cluster: KafkaCluster):
        producer = KafkaBusProducer(cluster.bootstrap, replication=cluster.replication)
        _make(producer, "test.lost", "test.kept")
        consumer = KafkaBusConsumer(
            cluster.bootstrap, group="of-both", topics=["test.lost", "test.kept"]
        )
        producer.publish(messages_of("test.lost", "k", range(5)))
        assert len(poll_until(consumer, 5)) == 5
        with KafkaAdminClient(bootstrap_servers=cluster.bootstrap.split(",")) as admin:
            admin.delete_topics(["test.lost"])
        kept: list[int] = []
        for number in range(200):
            producer.publish(messages_of("test.kept", "k", range(number, number + 1)))
            if number == 20:
                _make(producer, "test.lost")
            found = _poll(consumer)
            kept += [int(message.value) for message in found if message.topic == "test.kept"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(set(kept)) < 200 and time.monotonic() < deadline:
            kept += [int(m.value) for m in _poll(consumer) if m.topic == "test.kept"]
        consumer.close()
        producer.close()
        assert sorted(set(kept)) == list(range(200))

    def test_what_was_acknowledged_outlives_the_kill_of_any_node(self, cluster: KafkaCluster):
        producer = KafkaBusProducer(cluster.bootstrap, replication=cluster.replication)
        _make(producer, "test.replicated")
        sent: list[int] = []
        for number in range(60):
            if number % 20 == 10:
                cluster.kill_a_node()
            try:
                producer.publish(messages_of("test.replicated", "k", range(number, number + 1)))
            except TransientError:
                continue
            sent.append(number)
        consumer = KafkaBusConsumer(
            cluster.bootstrap, group="afterwards", topics=["test.replicated"]
        )
        found: set[int] = set()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not found.issuperset(sent) and time.monotonic() < deadline:
            found |= {int(message.value) for message in _poll(consumer)}
        consumer.close()
        producer.close()
        assert len(sent) > 50
        assert found.issuperset(sent)


def _make(producer: KafkaBusProducer, *topics: str) -> None:
    """Make topics and wait until every one has partitions: elections take a moment."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(TransientError):
            producer.ensure_topics(topics)
            if set(producer.topic_states(topics)) == set(topics):
                return
        time.sleep(0.2)
    raise AssertionError(f"{topics} were not made in time")


def _poll(consumer: KafkaBusConsumer) -> list[BusMessage]:
    try:
        return consumer.poll(timeout_seconds=0.2, message_count_max=50)
    except TransientError:
        return []


def test_the_engines_are_where_the_launcher_looks_for_them():
    assert (Path(ROOT) / ".venv-engines" / "bin" / "secantusd-py").exists()


def test_checksums_of_records_are_not_counted_byte_by_byte_in_python() -> None:
    # Without the library's extra it falls back silently, at a fifth of a millisecond an event.
    assert record_checksums._crc32c is not record_checksums.crc32c_py
