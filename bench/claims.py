"""The claim: exact under concurrency, flat in the backlog, near the raw engine's pace.

Parameters, by the environment: ENGINE (secantusdb, or secantusd-rs where it is found), SIZES (open
tasks, "1000,100000,1000000"), SECONDS of each load, REPEATS of the exactness run, and PARTS
("exact,tail,cpu,cycles,turkle"); for the last, TURKLE_SIZES ("1000,10000,100000") and TURKLE, the
folder of an environment that has it. Each figure that has a bar says whether it holds. Figures of
an embedded engine are never MongoDB's; so each stands beside what the same engine does for bare
pymongo in the same run. R3 to R5 are checked after each part; a broken one voids the run.

`cargo install secantus-mdb --version 0.5.3-beta.196 --ignore-rust-version` brings secantusd-rs
(without a version it takes 0.0.0, which has no program). It keeps the old entry of a unique index
when an update changes the indexed field, so that a place for a lease is never free again: there
each worker has twenty thousand.
"""

import os
from collections.abc import Mapping

from bench import claims_cycles, claims_direct, claims_turkle
from bench.claims_engine import Engine, started

_SIZES = "1000,100000,1000000"
_AT_LEAST = {"ratio_to_bare": 0.5, "flatness": 0.95}
"""Of every size: the name is followed by it."""
_AT_MOST = {
    "retries_a_claim": 0.2,
    "p99_ratio": 8.0,
    "cpu_by_size_ratio": 1.1,
    "cpu_by_done_ratio": 1.1,
    "broken_promises": 0,
}
_TURKLE_SIZES = "1000,10000,100000"
_TIMES_TURKLE = {100_000: 10.0}
_PARTS = "exact,tail,cpu,cycles,turkle"


class VoidRun(RuntimeError):
    """A promise was broken, so that no figure of the run counts."""


def run() -> Mapping[str, object]:
    """Returns every figure. Raises VoidRun."""
    engine_name = os.environ.get("ENGINE", "secantusdb")
    sizes = [int(size) for size in os.environ.get("SIZES", _SIZES).split(",")]
    parts = os.environ.get("PARTS", _PARTS).split(",")
    figures: dict[str, object] = {"engine": engine_name}
    with started(engine_name) as engine:
        print(f"engine: {engine_name}, of its own speed; not MongoDB's", flush=True)
        for part in parts:
            figures[part] = _part(part, engine, sizes)
    return figures


def _part(part: str, engine: Engine, sizes: list[int]) -> Mapping[str, object]:
    seconds = float(os.environ.get("SECONDS", "12"))
    if part == "exact":
        return _exact(engine)
    if part == "tail":
        return _checked(part, claims_direct.tail(engine))
    if part == "cpu":
        return _shown(part, claims_direct.cpu_per_claim(engine, sizes, count=200))
    if part == "turkle":
        named = os.environ.get("TURKLE_SIZES", _TURKLE_SIZES).split(",")
        beside = claims_turkle.beside(engine, [int(size) for size in named], seconds=seconds)
        return _checked(part, beside)
    return _checked(part, claims_cycles.cycles(engine, sizes, seconds=seconds))


def _exact(engine: Engine) -> Mapping[str, object]:
    repeats = int(os.environ.get("REPEATS", "20"))
    found = claims_direct.exactness(engine, repeats)
    print(
        f"exact-N violations {found['violations']}, duplicates {found['duplicates']}, "
        f"lost {found['lost']}  ({repeats} x 1,000 claims on 100 tasks of redundancy 3)",
        flush=True,
    )
    if found["violations"] or found["duplicates"] or found["lost"]:
        raise VoidRun(f"a promise was broken: {found}")
    return found


def _checked(part: str, figures: Mapping[str, float]) -> Mapping[str, object]:
    _shown(part, figures)
    if figures["broken_promises"]:
        raise VoidRun(f"{part}: {figures['broken_promises']} promises broken")
    return figures


def _shown(part: str, figures: Mapping[str, float]) -> Mapping[str, object]:
    for name, value in figures.items():
        print(f"{part:>7}  {name:<36} {value:<10} {_bar_of(name, value)}".rstrip(), flush=True)
    return figures


def _bar_of(name: str, value: float) -> str:
    if name.startswith("times_turkle_"):
        bar = _TIMES_TURKLE.get(int(name.rpartition("_")[2]), 1.0)
        return f"bar >= {bar}: {'holds' if value >= bar else 'misses'}"
    if (of := name.rstrip("_0123456789")) in _AT_LEAST:
        word = "holds" if value >= _AT_LEAST[of] else "misses"
        return f"bar >= {_AT_LEAST[of]}: {word}"
    if name in _AT_MOST:
        word = "holds" if value <= _AT_MOST[name] else "misses"
        return f"bar <= {_AT_MOST[name]}: {word}"
    return ""
