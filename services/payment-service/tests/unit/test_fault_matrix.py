"""FAULTS.md names a test for each line of the fault matrix: each of them is there."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parents[2]
FOLDERS = (TESTS, ROOT / "tests" / "proofs", ROOT / "deploy" / "local" / "tests")
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def test_every_line_of_the_fault_matrix_names_a_test_that_there_is() -> None:
    page = (TESTS / "FAULTS.md").read_text()
    lines = [line for line in page.splitlines() if line.startswith("| ") and "test_" in line]
    assert [line for line in lines if not NAMED.search(line)] == []
    there = {
        (path.name, name)
        for folder in FOLDERS
        for path in folder.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert [each for each in NAMED.findall(page) if each not in there] == []
