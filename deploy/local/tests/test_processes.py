"""The supervisor: what dies comes back, what is stopped is gone, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from crowdloom_local import processes
from crowdloom_local.processes import (
    DidNotStart,
    ManagedProcess,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)

PATIENCE_SECONDS = 20
SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]
# Tells that it heard, so that a test need not guess when its handler is in place.
STUBBORN = """
import signal, time, pathlib, sys
signal.signal(signal.SIGTERM, lambda *_: None)
pathlib.Path(sys.argv[1]).touch()
time.sleep(600)
"""
PARENT = """
import subprocess, sys, time, pathlib
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(600)
"""
LAUNCHER = """
import sys, time
from pathlib import Path
from crowdloom_local.processes import ManagedProcess, Supervisor
folder = Path(sys.argv[1])
process = ManagedProcess("p", [sys.executable, "-c", "import time; time.sleep(600)"], folder / "l")
Supervisor().start(process)
(folder / "pid").write_text(str(process.pid))
time.sleep(600)
"""


@pytest.fixture
def supervisor():
    supervisor = Supervisor()
    yield supervisor
    supervisor.stop()


@pytest.fixture
def managed(tmp_path: Path) -> Callable[..., ManagedProcess]:
    def make(name="p", command=None, **options):
        return ManagedProcess(name, command or SLEEPS, tmp_path / "logs" / f"{name}.log", **options)

    return make


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_in(path: Path) -> int:
    until(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def test_a_started_process_runs_with_its_environment_and_writes_its_log(supervisor, managed):
    command = [sys.executable, "-c", "import os; print('hello', os.environ['GREETS'])"]
    process = managed(command=command, environment={"GREETS": "Niko"}, restart=False)
    supervisor.start(process)
    until(lambda: not process.alive)
    assert process.exit_code == 0
    assert process.log.read_text() == "hello Niko\n"


def test_a_killed_process_comes_back_and_another_is_left_alone(supervisor, managed):
    one, other = managed("one"), managed("other")
    supervisor.start(one)
    supervisor.start(other)
    killed, kept = one.pid, other.pid
    one.send(signal.SIGKILL)
    until(lambda: one.pid != killed and one.alive)
    assert other.pid == kept


def test_a_process_that_is_to_end_is_not_brought_back(supervisor, managed):
    process = managed(command=[sys.executable, "-c", "raise SystemExit(3)"], restart=False)
    supervisor.start(process)
    until(lambda: not process.alive)
    supervisor.start(managed("later"))  # the watcher has been round since
    assert process.exit_code == 3


def test_stopping_ends_every_process_the_last_started_first(managed, monkeypatch):
    ended: list[str] = []
    stop = ManagedProcess.stop

    def noted(process: ManagedProcess) -> None:
        stop(process)
        ended.append(process.name)

    monkeypatch.setattr(ManagedProcess, "stop", noted)
    supervisor = Supervisor()
    started = [managed(name) for name in ("database", "broker", "web")]
    for process in started:
        supervisor.start(process)
    pids = [process.pid for process in started]
    supervisor.stop()
    assert ended == ["web", "broker", "database"]
    assert not any(lives(pid) for pid in pids)


def test_a_process_that_will_not_end_is_made_to_with_its_children(managed, monkeypatch, tmp_path):
    monkeypatch.setattr(processes, "_STOP_SECONDS_MAX", 0.2)
    ready, child = tmp_path / "ready", tmp_path / "child"
    stubborn = managed("stubborn", [sys.executable, "-c", STUBBORN, str(ready)])
    parent = managed("parent", [sys.executable, "-c", PARENT, str(child)])
    supervisor = Supervisor()
    supervisor.start(stubborn)
    supervisor.start(parent)
    until(ready.exists)
    child_pid = pid_in(child)
    parent.send(signal.SIGSTOP)  # also one that is stopped at the moment is ended
    supervisor.stop()
    assert not stubborn.alive
    assert not parent.alive
    until(lambda: not lives(child_pid))


def test_a_killed_process_takes_its_children_along_before_it_comes_back(
    supervisor, managed, tmp_path
):
    child = tmp_path / "child"
    process = managed(command=[sys.executable, "-c", PARENT, str(child)])
    supervisor.start(process)
    orphan, killed = pid_in(child), process.pid
    child.unlink()
    os.kill(killed, signal.SIGKILL)
    until(lambda: not lives(orphan))
    assert pid_in(child) != orphan


def test_no_process_outlives_a_launcher_that_was_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", LAUNCHER, str(tmp_path)]) as launcher:
        pid = pid_in(tmp_path / "pid")
        launcher.kill()
    until(lambda: not lives(pid))


def test_a_program_that_is_not_there_is_told_at_once(supervisor, managed):
    with pytest.raises(DidNotStart, match="nowhere"):
        supervisor.start(managed(command=["/nowhere/java"]))
    supervisor.start(managed("after"))


def test_nothing_is_started_any_more_once_all_is_being_stopped(managed):
    supervisor = Supervisor()
    supervisor.stop()
    with pytest.raises(DidNotStart):
        supervisor.start(managed())


def test_waiting_ends_when_what_is_waited_for_has_died(supervisor, managed):
    process = managed(command=[sys.executable, "-c", "raise SystemExit(1)"], restart=False)
    supervisor.start(process)
    with pytest.raises(DidNotStart, match=r"p\.log"):
        wait_until(lambda: False, what="it", seconds_max=PATIENCE_SECONDS, watched=process)


def test_waiting_has_an_end(managed):
    with pytest.raises(DidNotStart, match="it was not ready"):
        wait_until(lambda: False, what="it", seconds_max=0.1)


def test_a_free_port_accepts_no_connections():
    assert not accepts_connections(free_port())
