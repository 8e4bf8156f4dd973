"""Processes of one machine: started in order, restarted when they die, all gone at the end."""

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_STOP_SECONDS_MAX = 8
_RESTART_PAUSE_SECONDS = 0.5
_WATCH_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class DidNotStart(RuntimeError):
    """A process ended, or was not ready in time; names its log."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ManagedProcess:
    """A command with its environment and log; `restart` has the supervisor revive it. What is a
    `leaf` no other process needs: all leaves are asked to end at once.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    restart: bool = True
    leaf: bool = False
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise DidNotStart(f"{self.name} was not started")
        return self._process.pid

    @property
    def started(self) -> bool:
        return self._process is not None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C reaches the launcher alone, which stops all in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - Linux only, one system call
            )

    def send(self, number: int) -> None:
        """Send a signal to the whole group of the process."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def ask_to_end(self) -> None:
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGCONT)
                os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end, then see to it that it and all its children have."""
        if not self.alive or self._process is None:
            return
        self.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS_MAX)
        self.send(signal.SIGKILL)
        self._process.wait()


@dataclass
class _Start:
    """A process to be started; `error` says why it could not be."""

    process: ManagedProcess
    done: threading.Event = field(default_factory=threading.Event)
    error: str | None = None


class Supervisor:
    """Keeps processes alive until it is stopped. Start it once; stop ends them in reverse order."""

    def __init__(self) -> None:
        self.processes: dict[str, ManagedProcess] = {}
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._starting: list[_Start] = []
        self._watcher.start()

    def start(self, process: ManagedProcess) -> None:
        """Start a process from the watching thread: the kernel ends a child when the thread that
        made it ends, so the one thread that lives as long as we do makes them all.

        Raises DidNotStart where there is no such program, or everything is being stopped.
        """
        start = _Start(process)
        with self._lock:
            if self._stopping.is_set():
                raise DidNotStart(f"{process.name} is not started: everything is being stopped")
            self.processes[process.name] = process
            self._starting.append(start)
        self._wanted.set()
        start.done.wait()
        if start.error is not None:
            raise DidNotStart(f"{process.name} could not be started: {start.error}")

    def stop(self) -> None:
        with self._lock:
            self._stopping.set()
        self._wanted.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait(_WATCH_SECONDS)
            self._wanted.clear()
            self._start_what_waits()
            for process in list(self.processes.values()):
                self._revive(process)
        self._start_what_waits()
        backwards = list(reversed(self.processes.values()))
        for process in backwards:
            if process.leaf:
                process.ask_to_end()
        for process in backwards:
            process.stop()

    def _start_what_waits(self) -> None:
        with self._lock:
            starting, self._starting = self._starting, []
        for start in starting:
            try:
                start.process.start()
            except OSError as error:
                start.error = str(error)
            start.done.set()

    def _revive(self, process: ManagedProcess) -> None:
        if process.restart and process.started and not process.alive:
            # A moment, so that what dies at once does not take all of the machine.
            if self._stopping.wait(_RESTART_PAUSE_SECONDS):
                return
            # Its children may live on, and hold the port it is to listen on again.
            process.send(signal.SIGKILL)
            with suppress(OSError):
                process.start()


def wait_until(
    ready: Callable[[], bool],
    *,
    what: str,
    seconds_max: float,
    watched: ManagedProcess | None = None,
) -> None:
    """Wait for a condition. Raises DidNotStart when time is up or a watched process has ended."""
    deadline = time.monotonic() + seconds_max
    while not ready():
        if watched is not None and not watched.restart and not watched.alive:
            raise DidNotStart(f"{watched.name} ended; its log is {watched.log}")
        if time.monotonic() > deadline:
            log = f"; its log is {watched.log}" if watched else ""
            raise DidNotStart(f"{what} was not ready after {seconds_max:.0f} s{log}")
        time.sleep(0.05)


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
