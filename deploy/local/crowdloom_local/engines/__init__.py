"""The engines of a market on one machine: what the environment names, else real Kafka where
`make engines` has fetched it, else the embedded pair.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from crowdloom_local.engines.embedded import SecantusDb, Tansu
from crowdloom_local.engines.kafka import KafkaCluster, kafka_is_here
from crowdloom_local.processes import Supervisor

ROOT = Path(__file__).resolve().parents[4]


class Broker(Protocol):
    """A Kafka-protocol broker of this machine."""

    name: str
    replication: int

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        ...

    def start(self) -> None:
        """Start it and wait until it answers. Raises DidNotStart."""
        ...

    def wipe(self) -> None:
        """Lose every topic, as a broker does whose disk is gone."""
        ...


@dataclass
class NamedBroker:
    """A broker that somebody else runs."""

    bootstrap: str
    replication: int
    name: str = "the Kafka that CROWDLOOM_KAFKA_BOOTSTRAP names"

    def start(self) -> None:
        """Nothing to do: it runs."""

    def wipe(self) -> None:
        raise RuntimeError("a broker that is not ours is not wiped")


class Engines:
    """A MongoDB-protocol server and a broker, started once."""

    def __init__(self, mongodb: SecantusDb | None, broker: Broker) -> None:
        self._mongodb = mongodb
        self._broker = broker

    @property
    def mongodb_uri(self) -> str:
        return self._mongodb.uri if self._mongodb else os.environ["CROWDLOOM_MONGODB_URI"]

    @property
    def kafka_bootstrap(self) -> str:
        return self._broker.bootstrap

    @property
    def kafka_replication(self) -> int:
        return self._broker.replication

    @property
    def description(self) -> str:
        database = self._mongodb.name if self._mongodb else "the MongoDB that is named"
        return f"{database}, {self._broker.name}"

    @property
    def broker(self) -> Broker:
        return self._broker

    def start(self) -> None:
        if self._mongodb:
            self._mongodb.start()
        self._broker.start()

    def wipe_broker(self) -> None:
        self._broker.wipe()

    def kill_a_broker_node(self) -> str:
        """Kill -9 a node of real Kafka; returns which. Raises RuntimeError on another broker."""
        if not isinstance(self._broker, KafkaCluster):
            raise RuntimeError(f"{self._broker.name} has no nodes of ours to kill")  # noqa: TRY004
        return self._broker.kill_a_node()


def choose_engines(supervisor: Supervisor, data: Path, *, kafka_nodes: int = 0) -> Engines:
    """Choose by the environment and by what is there; `kafka_nodes` insists on real Kafka."""
    named = os.environ.get("CROWDLOOM_MONGODB_URI")
    mongodb = None if named else SecantusDb(supervisor, data, ROOT)
    bootstrap = os.environ.get("CROWDLOOM_KAFKA_BOOTSTRAP")
    if bootstrap and not kafka_nodes:
        replication = int(os.environ.get("CROWDLOOM_KAFKA_REPLICATION", "1"))
        return Engines(mongodb, NamedBroker(bootstrap, replication))
    if kafka_nodes or kafka_is_here(ROOT):
        return Engines(mongodb, KafkaCluster(supervisor, data, ROOT, nodes=kafka_nodes or 1))
    return Engines(mongodb, Tansu(supervisor, data, ROOT))
