"""Claim + submit beside Turkle, interleaved A B A B in the same run, at growing backlogs.

Turkle (PyPI, in an environment of its own, made here unless TURKLE names one) runs on SQLite behind
the same server with as many workers and threads. Its users are signed in beforehand, its check of
forged posts is off and its page is never loaded: all in its favour. Ours are events included.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from crowdloom_local.engines import ROOT
from crowdloom_local.market import Market
from crowdloom_local.processes import ManagedProcess, accepts_connections, free_port, wait_until

from bench import claims_cycles
from bench.claims_engine import Engine, broken_promises, grow

TURKLE_VERSION = "3.1.0"
_RUNS = 2
_SERVER = ["--workers", "2", "--threads", "8", "--worker-class", "gthread", "--timeout", "600"]


def beside(engine: Engine, sizes: Sequence[int], *, seconds: float) -> dict[str, float]:
    """How many times Turkle's cycles a second ours are, at each backlog."""
    os.environ["CROWDLOOM_MONGODB_URI"] = engine.uri
    figures: dict[str, float] = {"broken_promises": 0}
    turkle = _Turkle(engine)
    engine.widen_places(engine.client()["matching-service"])
    with Market(engine.folder / "market-turkle") as market:
        batch_id = claims_cycles.published(market)
        database = engine.client()["matching-service"]
        turkle.fill(sizes[0])
        turkle.start()
        for size in sizes:
            turkle.fill(size)
            ours, theirs = [], []
            for _ in range(_RUNS):
                grow(database, batch_id, to=size, redundancy=claims_cycles.REDUNDANCY)
                ours.append(claims_cycles.load(market, database, batch_id, seconds=seconds)[0])
                theirs.append(turkle.load(seconds))
            said = claims_cycles.said
            print(f" turkle  {size} open: ours {said(ours)}, Turkle {said(theirs)} a second")
            figures[f"times_turkle_{size}"] = round(fmean(ours) / max(fmean(theirs), 0.01), 1)
        figures["broken_promises"] = broken_promises(database, batch_id, claims_cycles.REDUNDANCY)
    return figures


class _Turkle:
    def __init__(self, engine: Engine) -> None:
        self._folder = engine.folder / "turkle"
        self._folder.mkdir()
        self._supervisor = engine.supervisor
        self._python = _environment(self._folder)
        self._port = free_port()
        self._named: list[str] = []
        site = Path(__file__).with_name("turkle_site.txt").read_text()
        (self._folder / "turkle_site.py").write_text(site)

    def fill(self, size: int) -> None:
        command = [str(self._python), "turkle_site.py", "seed", str(size)]
        told = subprocess.run(command, cwd=self._folder, check=True, capture_output=True, text=True)
        self._named = told.stdout.split()

    def start(self) -> None:
        command = [str(self._python), "-m", "gunicorn", "--bind", f"127.0.0.1:{self._port}"]
        command += [*_SERVER, "--chdir", str(self._folder), "turkle_site:application"]
        process = ManagedProcess("turkle", command, self._folder / "turkle.log", restart=False)
        self._supervisor.start(process)
        wait_until(
            lambda: accepts_connections(self._port),
            what="Turkle",
            seconds_max=60,
            watched=process,
        )

    def load(self, seconds: float) -> float:
        """Cycles a second; what was under way at the end is waited for."""
        batch, *sessions = self._named
        command = [sys.executable, "-m", "bench.turkle_load", f"http://127.0.0.1:{self._port}"]
        command += [batch, str(seconds), *sessions]
        told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found = json.loads(told.stdout)
        return float(found["cycles"] / found["seconds"])


def _environment(folder: Path) -> Path:
    """Python with Turkle and gunicorn: of TURKLE, a virtual environment's folder, or made here."""
    made = Path(os.environ.get("TURKLE", folder / "venv"))
    python = made / "bin" / "python"
    if not python.exists():
        print(f" turkle  setting up turkle {TURKLE_VERSION} in {made}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(made)], check=True)
        wanted = [f"turkle=={TURKLE_VERSION}", "gunicorn"]
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python
