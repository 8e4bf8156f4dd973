"""Apache Kafka (KRaft) from the published jars that `make engines` fetches, one node or three."""

import json
import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from crowdloom_local.processes import (
    DidNotStart,
    ManagedProcess,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

_LIBRARIES = ".engines/kafka/libs"
_START_SECONDS_MAX = 90
# For a laptop: little memory, few threads, quick to start.
_JAVA = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "group.initial.rebalance.delay.ms": 0,
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 2,
    "share.coordinator.state.topic.num.partitions": 1,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "log.cleaner.dedupe.buffer.size": 8_000_000,
    "log.index.size.max.bytes": 1_000_000,
    "broker.session.timeout.ms": 6_000,
    # All nodes of this machine stop together: handing leadership on would only take time.
    "controlled.shutdown.enable": "false",
}

Ports = tuple[int, int]
"""Of one node: for clients, for the controllers among themselves."""


def kafka_is_here(root: Path) -> bool:
    return any((root / _LIBRARIES).glob("kafka_2.13-*.jar"))


class KafkaCluster:
    """Nodes that are broker and controller at once, replicated as far as there are nodes.

    A second start on the same folder finds topics and offsets again. The controllers' addresses
    are part of what is stored, so the ports stay the same as well; where one has been taken
    meanwhile, or the number of nodes differs, the cluster is made anew: a broker is disposable.
    """

    def __init__(self, supervisor: Supervisor, data: Path, root: Path, *, nodes: int) -> None:
        self._supervisor = supervisor
        self._folder = data / "kafka"
        self._logs = data / "logs"
        self._libraries = root / _LIBRARIES
        self._count = nodes
        self._ports: list[Ports] = []
        self.nodes: list[ManagedProcess] = []
        self.name = f"Apache Kafka ({nodes} node{'s' if nodes > 1 else ''})"
        self.replication = min(nodes, 3)

    @property
    def bootstrap(self) -> str:
        """Known once started."""
        return ",".join(f"127.0.0.1:{port}" for port, _ in self._ports)

    def start(self) -> None:
        if not kafka_is_here(self._libraries.parents[2]):
            raise DidNotStart("Apache Kafka is not here: run `make engines` first")
        self._ports = self._kept_ports() or self._make_anew()
        self._start_nodes()
        wait_until(self._answers, what=self.name, seconds_max=_START_SECONDS_MAX)

    def wipe(self) -> None:
        """Delete every topic: ids and offsets begin anew, as after the loss of all disks."""
        with self._admin() as admin:
            topics = [topic for topic in admin.list_topics() if not topic.startswith("__")]
            admin.delete_topics(topics)

    def kill_a_node(self) -> str:
        """Kill -9 one of the nodes; returns which. The supervisor starts it again."""
        node = random.choice(self.nodes)
        node.send(signal.SIGKILL)
        return node.name

    @property
    def _state(self) -> Path:
        # Written last, so that a folder without it was never formatted to the end.
        return self._folder / "ports.json"

    def _kept_ports(self) -> list[Ports]:
        """The ports of the cluster in the folder; none where it cannot be started again."""
        if not self._state.exists():
            return []
        kept = [(int(broker), int(own)) for broker, own in json.loads(self._state.read_text())]
        taken = any(accepts_connections(port) for ports in kept for port in ports)
        return kept if len(kept) == self._count and not taken else []

    def _make_anew(self) -> list[Ports]:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        ports = [(free_port(), free_port()) for _ in range(self._count)]
        for number in range(1, self._count + 1):
            self._write_properties(number, ports)
        self._format(ports)
        self._state.write_text(json.dumps(ports))
        return ports

    def _start_nodes(self) -> None:
        for number in range(1, self._count + 1):
            command = [*self._java, "kafka.Kafka", str(self._properties(number))]
            name = f"kafka-{number}"
            node = ManagedProcess(name, command, self._logs / f"{name}.log")
            self.nodes.append(node)
            self._supervisor.start(node)

    def _format(self, ports: list[Ports]) -> None:
        cluster, *directories = [self._random_id() for _ in range(self._count + 1)]
        voters = ",".join(
            f"{number}@127.0.0.1:{controller}:{directory}"
            for number, ((_, controller), directory) in enumerate(
                zip(ports, directories, strict=True), start=1
            )
        )
        for number in range(1, self._count + 1):
            file = str(self._properties(number))
            self._storage_tool("format", "-t", cluster, "-c", file, "-I", voters)

    def _random_id(self) -> str:
        return self._storage_tool("random-uuid").strip().splitlines()[-1]

    def _storage_tool(self, *arguments: str) -> str:
        command = [*self._java, "kafka.tools.StorageTool", *arguments]
        outcome = subprocess.run(command, check=False, capture_output=True, text=True)
        if outcome.returncode != 0:
            raise DidNotStart(f"Kafka's storage could not be made: {outcome.stderr[-500:]}")
        return outcome.stdout

    @property
    def _java(self) -> list[str]:
        return [*_JAVA, "-cp", f"{self._libraries}/*"]

    def _properties(self, number: int) -> Path:
        return self._folder / f"node-{number}.properties"

    def _write_properties(self, number: int, ports: list[Ports]) -> None:
        broker, controller = ports[number - 1]
        copies, in_sync = self.replication, max(1, self.replication - 1)
        lines = {
            **_SETTINGS,
            "node.id": number,
            "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
            "controller.quorum.bootstrap.servers": ",".join(
                f"127.0.0.1:{port}" for _, port in ports
            ),
            "log.dirs": self._folder / str(number),
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
        }
        text = "".join(f"{name}={value}\n" for name, value in lines.items())
        self._properties(number).write_text(text)

    def _answers(self) -> bool:
        from kafka.errors import KafkaError

        try:
            with self._admin(request_timeout_ms=2_000) as admin:
                return len(admin.describe_cluster()["brokers"]) == self._count
        except (KafkaError, OSError):
            return False

    def _admin(self, **settings: int) -> "KafkaAdminClient":
        # Here, for a market on the embedded broker starts sooner without it.
        from kafka import KafkaAdminClient

        return KafkaAdminClient(bootstrap_servers=self.bootstrap.split(","), **settings)
