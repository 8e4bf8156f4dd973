"""Apache Kafka (KRaft) from the published jars that `make engines` fetches, one node or three."""

import subprocess
from pathlib import Path

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from crowdloom_local.processes import ManagedProcess, Supervisor, free_port, wait_until

_LIBRARIES = ".engines/kafka/libs"
_START_SECONDS_MAX = 60
_HEAP = "-Xmx256m"


def kafka_is_here(root: Path) -> bool:
    return any((root / _LIBRARIES).glob("kafka_2.13-*.jar"))


class KafkaCluster:
    """Nodes that are broker and controller at once, replicated as far as there are nodes."""

    def __init__(self, supervisor: Supervisor, data: Path, root: Path, *, nodes: int) -> None:
        self._supervisor = supervisor
        self._folder = data / "kafka"
        self._logs = data / "logs"
        self._libraries = root / _LIBRARIES
        self._ports = [(free_port(), free_port()) for _ in range(nodes)]
        self.nodes: list[ManagedProcess] = []
        self.name = f"Apache Kafka ({nodes} node{'s' if nodes > 1 else ''})"
        self.replication = min(nodes, 3)

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port, _ in self._ports)

    def start(self) -> None:
        files = [self._write_properties(index) for index in range(len(self._ports))]
        if not self._is_formatted():
            self._format(files)
        for index, file in enumerate(files):
            command = self._java("kafka.Kafka", str(file))
            log = self._logs / f"kafka-{index + 1}.log"
            environment = {"LOG_DIR": str(self._logs)}
            node = ManagedProcess(f"kafka-{index + 1}", command, log, environment=environment)
            self.nodes.append(node)
            self._supervisor.start(node)
        wait_until(self._answers, what=self.name, seconds_max=_START_SECONDS_MAX)

    def wipe(self) -> None:
        """Delete every topic: ids and offsets begin anew, as after the loss of all disks."""
        with KafkaAdminClient(bootstrap_servers=self.bootstrap.split(",")) as admin:
            topics = [topic for topic in admin.list_topics() if not topic.startswith("__")]
            admin.delete_topics(topics)

    def _is_formatted(self) -> bool:
        return (self._folder / "1" / "meta.properties").exists()

    def _format(self, files: list[Path]) -> None:
        cluster = self._random_id()
        directories = [self._random_id() for _ in files]
        voters = ",".join(
            f"{index + 1}@127.0.0.1:{controller}:{directory}"
            for index, ((_, controller), directory) in enumerate(
                zip(self._ports, directories, strict=True)
            )
        )
        for file in files:
            self._storage_tool(
                "format", "-t", cluster, "-c", str(file), "--initial-controllers", voters
            )

    def _random_id(self) -> str:
        return self._storage_tool("random-uuid").strip().splitlines()[-1]

    def _storage_tool(self, *arguments: str) -> str:
        command = self._java("kafka.tools.StorageTool", *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        classpath = f"{self._libraries}/*"
        return ["java", _HEAP, "-cp", classpath, main_class, *arguments]

    def _write_properties(self, index: int) -> Path:
        broker, controller = self._ports[index]
        copies = self.replication
        everyone = ",".join(f"127.0.0.1:{port}" for _, port in self._ports)
        lines = {
            "node.id": index + 1,
            "process.roles": "broker,controller",
            "listeners": f"PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{broker}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.bootstrap.servers": everyone,
            "log.dirs": self._folder / str(index + 1),
            "default.replication.factor": copies,
            "min.insync.replicas": max(1, copies - 1),
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.num.partitions": 2,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"node-{index + 1}.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        return file

    def _answers(self) -> bool:
        try:
            with KafkaAdminClient(
                bootstrap_servers=self.bootstrap.split(","), request_timeout_ms=2_000
            ) as admin:
                return len(admin.describe_cluster()["brokers"]) == len(self._ports)
        except (KafkaError, OSError):
            return False
