"""Run the proof: `python -m proofs.money --seeds 200 --steps 300`. Exits 1 where anything broke."""

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence

from proofs.money.breaks import Breaks
from proofs.money.moves import come_to_rest, open_books, step
from proofs.money.replay import replay
from proofs.money.watch import require
from proofs.money.world import World

_TRACE_LINES = 40


def run_seed(seed: int, steps: int) -> World:
    """Raises Broken, with the world as it was then in `world`."""
    world = World(seed)
    try:
        world.trace.append("open_books")
        open_books(world)
        for _ in range(steps):
            step(world)
            check_step(world)
        come_to_rest(world)
        check_rest(world)
    except BaseException as error:
        error.add_note(told(world))
        world.close()
        raise
    return world


def check_step(world: World) -> None:
    world.watch.check_batches()
    world.watch.check_workers()
    world.watch.check_cover()


def check_rest(world: World) -> None:
    """All at once: the audit, the processor's own record, and a reconciliation."""
    check_step(world)
    sent = [each["metadata"]["payout_item"] for each in world.processor.transfers()["transfers"]]
    require(len(sent) == len(set(sent)), f"R2 paid twice: {sent}")
    items = world.watch.items.items()
    paid = [name for name, i in items if i.state == "paid" and i.rail == "stripe"]
    require(sorted(sent) == sorted(paid), f"R2 {set(sent) ^ set(paid)} paid, or not")
    refunded = sum(part.state in {"sent", "settled"} for part in world.watch.parts.values())
    theirs = world.processor.refund_count()
    require(refunded == theirs, f"R2 {theirs} refunds carried out, {refunded} known")
    balance = sum(n for p, n in world.watch.sums.items() if p.startswith("asset:stripe:"))
    theirs = world.processor.balance_minor() * 100
    require(balance == theirs, f"I7 {balance} here, {theirs} at the processor")
    waiting = world.application.readers.bonuses.waiting(1)
    require(not waiting, f"{waiting} was neither settled nor declined")
    broken = world.findings()
    require(not broken, "; ".join(broken))


def told(world: World) -> str:
    """The seed and the last of what was done."""
    done = "\n  ".join(world.trace[-_TRACE_LINES:])
    return f"seed {world.seed}, {world.currency.code}, step {len(world.trace) - 1}:\n  {done}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="prove-money", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    crashes = commits = conflicts = 0
    print(replay(given.first))
    breaks, codes = Breaks(), Counter[str]()
    for seed in range(given.first, given.first + given.seeds):
        try:
            world = run_seed(seed, given.steps)
        except Exception:  # noqa: BLE001 - whatever it is, it is told with its seed
            traceback.print_exc()
            print(f"broken at seed {seed}: python -m proofs.money --first {seed} --seeds 1")
            return 1
        crashes += world.crashes
        commits += world.watch.commits
        conflicts += world.conflicts
        codes += world.watch.codes
        breaks.try_kinds(world)
        world.close()
        if seed % 10 == 0:
            print(f"seed {seed}, {time.monotonic() - began:.0f} s", flush=True)
    print(
        f"{given.seeds} seeds x {given.steps} steps: {commits} commits, {crashes} crashes, "
        f"{conflicts} conflicts and lost answers; I1-I10 held after each"
    )
    print(f"entries posted: {', '.join(f'{code} {n}' for code, n in sorted(codes.items()))}")
    print(f"breaks found {breaks.found}/{breaks.made} in {', '.join(sorted(breaks.kinds))}")
    for missed in breaks.missed:
        print(f"not found: {missed}")
    return 1 if breaks.missed or not breaks.made else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
