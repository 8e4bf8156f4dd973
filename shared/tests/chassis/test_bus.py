"""The bus contract, on every bus there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from crowdloom.chassis.kafka_bus import KafkaBusConsumer, KafkaBusProducer
from crowdloom.testkit.bus_contract import Bus, BusContract
from crowdloom.testkit.memory_bus import MemoryBroker, MemoryConsumer, MemoryProducer
from crowdloom_local.engines import ROOT
from crowdloom_local.engines.embedded import Tansu
from crowdloom_local.engines.kafka import KafkaCluster, kafka_is_here
from crowdloom_local.processes import Supervisor


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


def bus_on(bootstrap: str, replication: int, wipe) -> Iterator[Bus]:
    producer = KafkaBusProducer(bootstrap, replication=replication)
    yield Bus(
        producer=producer,
        consumer_of=lambda group, topics: KafkaBusConsumer(bootstrap, group=group, topics=topics),
        wipe=wipe,
    )
    producer.close()


def test_the_engines_are_where_the_launcher_looks_for_them():
    assert (Path(ROOT) / ".venv-engines" / "bin" / "secantusd-py").exists()
