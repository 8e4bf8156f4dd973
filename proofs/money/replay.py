"""The whole topic once more, one event at a time, into an empty database: the same balances."""

from collections.abc import Sequence

from crowdloom.contracts import Event
from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId
from payment_service.domain import chart
from payment_service.domain.entries import Entry, credit, debit

from proofs.money.batches import REQUESTERS
from proofs.money.moves import deliver
from proofs.money.watch import require
from proofs.money.world import World, handle

_BATCHES = 8
_OPENING_MINOR = 1_000_000


def replay(seed: int) -> str:
    """Says what was compared. Raises Broken."""
    first, again = World(seed), World(seed)
    for world in (first, again):
        _fill_wallets(world)
        world.application.set_billed_to(RequesterId(REQUESTERS[0]), "Proof", country="DE")
    for _ in range(_BATCHES):
        first.batches.publish()
        first.batches.grow()
        while any(first.batches.queues.values()):
            first.trace.append("deliver")
            deliver(first)
    _handle_again(again, first.batches.seen)
    ours, theirs = _sums(first), _sums(again)
    apart = {path for path in ours | theirs if ours.get(path, 0) != theirs.get(path, 0)}
    require(not apart, f"after a replay {sorted(apart)} are others")
    for world in (first, again):
        world.close()
    count = len(first.batches.seen)
    return f"{count} events again into an empty database: the same balances of {len(ours)} accounts"


def _fill_wallets(world: World) -> None:
    """More than all batches cost, so that nothing is declined."""
    amount = Money.of_minor(_OPENING_MINOR, world.currency)
    entries = [
        Entry(
            key=f"opening:{requester}",
            code="opening",
            currency=world.currency,
            lines=(
                debit(f"asset:bank:main:{world.currency.code}", amount),
                credit(chart.wallet(RequesterId(requester), world.currency), amount),
            ),
        )
        for requester in REQUESTERS
    ]
    world.application.store.run(lambda session: session.ledger.post(*entries))


def _handle_again(world: World, events: Sequence[Event]) -> None:
    for event in events:
        envelope = world.envelope(event)
        world.application.store.run(lambda s, e=envelope: handle(s, [e]))  # type: ignore[misc]


def _sums(world: World) -> dict[str, int]:
    return {row.path: row.signed for row in world.application.journal.trial_balance()}
