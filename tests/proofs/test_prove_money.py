"""A small `make prove-money`: a few seeds here, all of them on command."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_money_is_conserved_in_random_order_and_every_broken_cent_is_found() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "proofs.money", "--seeds", "6", "--steps", "200"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = re.search(r"breaks found (\d+)/(\d+) in (.*)", done.stdout)
    assert found, done.stdout
    assert found[1] == found[2] != "0"
    assert "the same balances" in done.stdout, "the topic once more, into an empty database"
    assert {"liability:requester:wallet", "asset:stripe:available"} <= set(found[3].split(", "))
