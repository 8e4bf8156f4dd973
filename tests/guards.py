"""`make guards`: is the net sound? Guards are taken away, one at a time; a test must notice.

Each is taken away in a copy of the project, so that the checkout itself is never touched. The same
tests must pass in the copy as it is, or their failure would say nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "shared",
    "services/task-service",
    "services/worker-service",
    "services/matching-service",
    "services/payment-service",
    "deploy/local",
)
SECONDS_MAX = 600


@dataclass(frozen=True)
class Guard:
    """`present` occurs once in the file and is replaced by `absent`; `tests` must then fail."""

    name: str
    file: str
    present: str
    absent: str
    tests: str


_TASKS = "services/matching-service/matching_service/adapters/mongo_tasks.py"
_MACHINE = "services/matching-service/tests/integration/test_state_machine.py"

GUARDS = (
    Guard(
        name="the unique index on journal keys",
        file="services/payment-service/payment_service/adapters/mongo_ledger.py",
        present='IndexModel([("key", ASCENDING)], name="key_once", unique=True)',
        absent='IndexModel([("key", ASCENDING)], name="key_once")',
        tests="services/payment-service/tests/integration/test_ledger.py",
    ),
    Guard(
        name="the inbox insert",
        file="shared/crowdloom/chassis/store.py",
        present="self.database[INBOX].insert_many(rows, session=self.session)",
        absent="del rows",
        tests="shared/tests/chassis/test_consumer.py",
    ),
    Guard(
        name="the ticket check",
        file="services/task-service/task_service/application/answer_task.py",
        present="if ticket.assignment_id != assignment_id:",
        absent="if not assignment_id:",
        tests="services/task-service/tests/integration/test_answers.py",
    ),
    Guard(
        name="the claim's condition",
        file=_TASKS,
        present='{"_id": task_id, "open": {"$gt": 0}, "workers": {"$ne": worker_id}},',
        absent='{"_id": task_id},',
        tests="services/matching-service/tests/integration/test_exact_claims.py",
    ),
)
MACHINE_GUARDS = (
    Guard(
        name="the claim's condition, for the state machine",
        file=_TASKS,
        present='{"_id": task_id, "open": {"$gt": 0}, "workers": {"$ne": worker_id}},',
        absent='{"_id": task_id, "workers": {"$ne": worker_id}},',
        tests=_MACHINE,
    ),
    Guard(
        name="the done check, for the state machine",
        file=_TASKS,
        present='{"_id": task_id, "open": {"$gt": 0}, "workers": {"$ne": worker_id}},',
        absent='{"_id": task_id, "open": {"$gt": 0}},',
        tests=_MACHINE,
    ),
    Guard(
        name="whom a batch is for, for the state machine",
        file="services/matching-service/matching_service/application/choose_batch.py",
        present="if not self._eligibility.reasons(one, worker_id, profile, device):",
        absent="if one:",
        tests=_MACHINE,
    ),
    Guard(
        name="the watermark, for the state machine",
        file="services/matching-service/matching_service/application/keep_leases.py",
        present="before = expired_before(watermark)",
        absent="before = expired_before(watermark).replace(year=9_000)",
        tests=_MACHINE,
    ),
)


def main(which: str = "") -> int:
    """Try the guards, or those of the state machine (`machine`). Returns the exit code."""
    guards = MACHINE_GUARDS if which == "machine" else GUARDS
    with tempfile.TemporaryDirectory(prefix="crowdloom-guards-") as folder:
        copy = Path(folder) / "copy"
        _copy_project(copy)
        if not _passes(copy, sorted({guard.tests for guard in guards})):
            print("the tests fail with every guard in place: mend that first")
            return 1
        caught = [_is_caught(copy, guard) for guard in guards]
    print(f"{sum(caught)}/{len(guards)} caught")
    return 0 if all(caught) else 1


def _copy_project(copy: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv-engines").symlink_to(ROOT / ".venv-engines")


def _is_caught(copy: Path, guard: Guard) -> bool:
    file = copy / guard.file
    text = file.read_text()
    if text.count(guard.present) != 1:
        print(f"{guard.name}: not found once in {guard.file}; mend the list of guards")
        return False
    file.write_text(text.replace(guard.present, guard.absent))
    caught = not _passes(copy, [guard.tests])
    file.write_text(text)
    print(f"without {guard.name}: {'a test fails, as it must' if caught else 'NOBODY NOTICES'}")
    return caught


def _passes(copy: Path, tests: Sequence[str]) -> bool:
    environment = {
        **os.environ,
        # Before the installed packages, which are the checkout's own.
        "PYTHONPATH": os.pathsep.join(str(copy / package) for package in PACKAGES),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    result = subprocess.run(
        command,
        check=False,
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    if result.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run: {result.stdout[-3000:]}{result.stderr[-3000:]}")
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
