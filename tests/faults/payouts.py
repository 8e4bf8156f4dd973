"""SIGKILL at every point of a payout run of 50 lines, then deeper with few: `make faults`.

The deep part also kills at every point of what comes after a restart.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from crowdloom_local.engines.embedded import SecantusDb
from crowdloom_local.processes import (
    ManagedProcess,
    Supervisor,
    accepts_connections,
    free_port,
    wait_until,
)

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "services/payment-service/tests/killed_payouts.py"
RUNS = (("--items", "50"), ("--items", "2", "--deep"))
START_SECONDS_MAX = 30


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for place, options in enumerate(RUNS):
            code = _run(Path(folder) / str(place), options)
            if code:
                return code
    return 0


def _run(data: Path, options: tuple[str, ...]) -> int:
    """One script over books of its own: it counts what the processor has recorded."""
    supervisor = Supervisor()
    try:
        engine = SecantusDb(supervisor, data, ROOT)
        engine.start()
        url = _start_simulator(supervisor, data)
        command = [sys.executable, str(SCRIPT), "--mongodb", engine.uri, "--simulator", url]
        return subprocess.run([*command, *options], check=False).returncode
    finally:
        supervisor.stop()


def _start_simulator(supervisor: Supervisor, data: Path) -> str:
    port = free_port()
    command = [sys.executable, "-m", "stripe_simulator", "--port", str(port)]
    process = ManagedProcess(
        "stripe", [*command, "--data", str(data / "stripe")], data / "logs" / "stripe.log"
    )
    supervisor.start(process)
    wait_until(
        lambda: accepts_connections(port),
        what="the simulator",
        seconds_max=START_SECONDS_MAX,
        watched=process,
    )
    return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    sys.exit(main())
