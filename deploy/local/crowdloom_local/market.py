"""A whole market on one machine: engines, processor simulator, web server, events processes."""

import os
import random
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from crowdloom_local.engines import Engines, choose_engines
from crowdloom_local.processes import (
    DidNotStart,
    ManagedProcess,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)
from crowdloom_local.secrets import environment_of_secrets

AREAS = ("tasks", "workers", "matching", "payments")
PACKAGES = ("task_service", "worker_service", "matching_service", "payment_service")
EVENT_PROCESSES = tuple(f"{package.split('_')[0]}-events" for package in PACKAGES)
SIMULATOR_KEY = "sk_test_simulator"
# Bank transfers can be tried out as well: an account that no bank has, for the simulator alone.
PLAY_BANK = {
    "CROWDLOOM_PAYOUT_RAILS": "stripe,bank_file,gift_credit",
    "CROWDLOOM_PAYOUT_BANK_HOLDER": "Crowdloom on one machine",
    "CROWDLOOM_PAYOUT_BANK_IBAN": "GB33BUKB20201555555555",
}
_START_SECONDS_MAX = 120
_LIVE_KEY_PREFIXES = ("sk_live_", "rk_live_")


class RefusedToStart(RuntimeError):
    """The environment is one in which a market with a simulator must not run."""


@dataclass
class Market:
    """Use as a context manager, or call start and stop. `port` 0 means any free one."""

    data: Path
    port: int = 0
    overrides: Mapping[str, str] = field(default_factory=dict)
    kafka_nodes: int = 0
    supervisor: Supervisor = field(default_factory=Supervisor)
    engines: Engines = field(init=False)
    simulator_url: str | None = None
    _simulator_port: int = 0
    _environment: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def on_simulator(self) -> bool:
        return not os.environ.get("CROWDLOOM_STRIPE_API_KEY")

    def start(self) -> None:
        self._refuse_live_key()
        self.data.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        if accepts_connections(self.port):
            raise RefusedToStart(f"port {self.port} is taken; choose another with PORT=...")
        self.engines = choose_engines(self.supervisor, self.data, kafka_nodes=self.kafka_nodes)
        if self.on_simulator:
            self._choose_simulator()
        self._environment = self._make_environment()
        # First, for it takes longest to begin, and waits for the database by itself.
        migration = self._start_migration()
        if self.on_simulator:
            self._start_simulator()
        self.engines.start()
        # Anew: where real Kafka listens is known only now.
        self._environment = self._make_environment()
        _wait_for_end(migration)
        if self.on_simulator:
            _wait_for_port(self._simulator_port, self.process("stripe-simulator"))
        self._start_services()
        self._wait_until_ready()

    def stop(self) -> None:
        self.supervisor.stop()

    def process(self, name: str) -> ManagedProcess:
        return self.supervisor.processes[name]

    def environment_of_services(self) -> dict[str, str]:
        return {**os.environ, **self._environment}

    def kill_a_web_worker(self) -> None:
        """Kill -9 one of the web server's workers; the server starts another."""
        workers = _children(self.process("web").pid)
        if workers:
            with suppress(ProcessLookupError):
                os.kill(random.choice(workers), signal.SIGKILL)

    def wipe_broker(self) -> None:
        self.engines.wipe_broker()

    def simulate_fault(self, fault: Mapping[str, object]) -> None:
        """Set one of the processor simulator's fault switches."""
        if self.simulator_url is None:
            raise RefusedToStart("faults can be simulated on the simulator alone")
        answer = requests.post(f"{self.simulator_url}/_simulator/faults", json=fault, timeout=10)
        answer.raise_for_status()

    def _refuse_live_key(self) -> None:
        key = os.environ.get("CROWDLOOM_STRIPE_API_KEY", "")
        if key.startswith(_LIVE_KEY_PREFIXES):
            raise RefusedToStart("a live Stripe key is set: this launcher is for trying things out")

    def _choose_simulator(self) -> None:
        self._simulator_port = free_port()
        self.simulator_url = f"http://127.0.0.1:{self._simulator_port}"

    def _start_simulator(self) -> None:
        secret = environment_of_secrets(self.data)["CROWDLOOM_STRIPE_WEBHOOK_SECRET"]
        command = [sys.executable, "-m", "stripe_simulator", "--port", str(self._simulator_port)]
        command += ["--data", str(self.data / "stripe")]
        command += ["--webhook-url", f"{self.url}/webhooks/stripe"]
        process = self._managed("stripe-simulator", command)
        process.environment = {"STRIPE_SIMULATOR_WEBHOOK_SECRET": secret}
        self.supervisor.start(process)

    def _make_environment(self) -> dict[str, str]:
        variables = {
            **environment_of_secrets(self.data),
            "CROWDLOOM_MONGODB_URI": self.engines.mongodb_uri,
            "CROWDLOOM_KAFKA_BOOTSTRAP": self.engines.kafka_bootstrap,
            "CROWDLOOM_KAFKA_REPLICATION": str(self.engines.kafka_replication),
            "CROWDLOOM_PUBLIC_URL": self.url,
            # The whole crowd of a market on one machine has one address.
            "CROWDLOOM_WORKER_FREE_REGISTRATIONS_PER_HOUR": "0",
            "CROWDLOOM_SANDBOX": "true" if self.on_simulator else "false",
            "PROMETHEUS_MULTIPROC_DIR": str(self._empty_folder("metrics")),
        }
        if self.simulator_url:
            variables["CROWDLOOM_STRIPE_API_KEY"] = SIMULATOR_KEY
            variables["CROWDLOOM_STRIPE_API_BASE"] = self.simulator_url
            variables |= PLAY_BANK
        return {**variables, **self.overrides}

    def _empty_folder(self, name: str) -> Path:
        folder = self.data / name
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            file.unlink()
        return folder

    def _start_migration(self) -> ManagedProcess:
        process = self._managed("migrate", [sys.executable, "-m", "crowdloom_local.migrate"])
        process.restart = False
        self.supervisor.start(process)
        return process

    def _start_services(self) -> None:
        gunicorn = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        gunicorn += ["--config", "python:crowdloom_local.gunicorn_conf"]
        gunicorn += ["crowdloom_local.composition:create()"]
        self.supervisor.start(self._managed("web", gunicorn))
        for package, name in zip(PACKAGES, EVENT_PROCESSES, strict=True):
            self.supervisor.start(self._managed(name, [sys.executable, "-m", package, "events"]))

    def _wait_until_ready(self) -> None:
        for area in AREAS:
            wait_until(
                lambda area=area: _answers(f"{self.url}/api/{area}/readyz"),  # type: ignore[misc]
                what=f"/api/{area}",
                seconds_max=_START_SECONDS_MAX,
                watched=self.process("web"),
            )

    def _managed(self, name: str, command: list[str]) -> ManagedProcess:
        log = self.data / "logs" / f"{name}.log"
        environment = dict(self._environment)
        return ManagedProcess(name, command, log, environment=environment, leaf=True)


def _wait_for_end(migration: ManagedProcess) -> None:
    wait_until(lambda: not migration.alive, what="the migration", seconds_max=_START_SECONDS_MAX)
    if migration.exit_code != 0:
        raise DidNotStart(f"the migration failed; its log is {migration.log}")


def _wait_for_port(port: int, process: ManagedProcess) -> None:
    wait_until(
        lambda: accepts_connections(port),
        what=process.name,
        seconds_max=_START_SECONDS_MAX,
        watched=process,
    )


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
