"""SIGKILL at every point of a payout run. `make faults` does it with 50 lines, this with two."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

SCRIPT = Path(__file__).parents[1] / "killed_payouts.py"
START_SECONDS_MAX = 30


@pytest.fixture
def simulator_url(tmp_path: Path) -> Iterator[str]:
    """A simulator in a process of its own: the children are killed, and it is not."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "stripe_simulator", "--port", str(port)]
    with subprocess.Popen([*command, "--data", str(tmp_path)], stdout=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_up(url)
            yield url
        finally:
            server.terminate()


def _wait_until_up(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            requests.get(f"{url}/_simulator/transfers", timeout=5)
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def test_killed_at_any_point_of_a_run_each_line_is_paid_exactly_once(
    mongodb_uri: str, simulator_url: str
) -> None:
    command = [sys.executable, str(SCRIPT), "--mongodb", mongodb_uri]
    outcome = subprocess.run(
        [*command, "--simulator", simulator_url, "--items", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout[-2000:] + outcome.stderr[-4000:]
    assert outcome.stdout.strip().endswith("10 runs of 2 lines: each paid exactly once")
