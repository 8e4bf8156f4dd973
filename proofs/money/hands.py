"""Who does things in a proof, and how a proposal is made: what all moves have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from crowdloom.kernel.ids import StaffId, WorkerId

from proofs.money.batches import WORKERS
from proofs.money.world import World

Move = Callable[[World], None]

MAKER, CHECKER = StaffId("stf_maker"), StaffId("stf_checker")
LISTED_MAX = 50


def key_of(world: World) -> str:
    return f"key-{world.random.getrandbits(64):x}"


def some_worker(world: World) -> WorkerId:
    return WorkerId(world.random.choice(WORKERS))


def propose(world: World, kind: str, payload: Mapping[str, Any]) -> None:
    key, desk = key_of(world), world.application.approvals
    world.attempt(lambda: desk.propose(MAKER, kind, payload=payload, reason="It is so", key=key))
