"""How workers are paid: the processor, a bank file that people carry, and credit spent here."""

from collections.abc import Callable

from crowdloom.kernel.ids import RequesterId, WorkerId
from payment_service.application.approvals import ApprovalDesk
from payment_service.domain.approvals import Approval, ApprovalStatus
from payment_service.domain.payouts import Rail, RunStatus

from proofs.money.batches import REQUESTERS, WORKERS
from proofs.money.hands import CHECKER, LISTED_MAX, key_of, propose, some_worker
from proofs.money.world import World

_IBAN = "GB82WEST12345698765432"


def open_account(world: World) -> None:
    worker = some_worker(world)
    world.attempt(lambda: _active_account(world, worker))


def choose_rail(world: World) -> None:
    """From now on by bank, or in credit; or by the processor again."""
    worker, choose = some_worker(world), world.application.choose_rail
    rail = world.random.choice(list(Rail))
    if rail is Rail.BANK_FILE:
        holder = world.random.choice(("Leila", "Omid"))
        world.attempt(lambda: choose.bank(worker, holder=holder, iban=_IBAN))
    elif rail is Rail.GIFT_CREDIT:
        world.attempt(lambda: choose.gift_credit(worker))
    else:
        world.attempt(lambda: _active_account(world, worker))


def _active_account(world: World, worker: WorkerId) -> None:
    world.application.open_payout_account(worker)
    payee = world.application.show_money.payee(worker)
    if payee is not None and payee.account_id is not None:
        world.processor.set_capability(payee.account_id, "active")


def ask_for_payout(world: World) -> None:
    """Everybody asks; now and then somebody who has no account. Who has nothing is refused."""
    for worker in map(WorkerId, WORKERS):
        world.attempt(_asking(world, worker, with_account=world.random.random() < 0.8))  # noqa: PLR2004


def _asking(world: World, worker: WorkerId, *, with_account: bool) -> Callable[[], None]:
    key = key_of(world)

    def act() -> None:
        payee = world.application.show_money.payee(worker)
        if with_account and (payee is None or payee.rail is Rail.STRIPE):
            _active_account(world, worker)
        world.application.ask_for_payout(worker, key=key)

    return act


def hand_over_file(world: World) -> None:
    """What waits in a bank file is handed to the bank, or never will be, once two people agree."""
    runs = world.application.readers.payout_runs.listed(LISTED_MAX, status=RunStatus.EXECUTING)
    by_bank = [run.run_id for run in runs if run.rail is Rail.BANK_FILE]
    if by_bank:
        kind = world.random.choice(("bank_file_sent",) * 5 + ("bank_file_void",))
        propose(world, kind, {"run_id": world.random.choice(by_bank)})
        approve_all(world, kind)


def approve_all(world: World, kind: str) -> None:
    """Whatever is proposed of a kind."""
    desk = world.application.approvals
    for made in world.application.readers.approvals.listed(LISTED_MAX, kind=kind):
        if made.status is ApprovalStatus.PROPOSED:
            world.attempt(_approving(desk, made))


def _approving(desk: ApprovalDesk, made: Approval) -> Callable[[], object]:
    return lambda: desk.approve(CHECKER, made.approval_id, seen_hash=made.content_hash)


def asked_rail(world: World) -> Rail:
    """By which somebody is paid who asked."""
    requests = world.application.readers.payout_requests.all_open(LISTED_MAX)
    payees = world.application.readers.payees.many({each.worker_id for each in requests})
    rails = sorted({payee.rail for payee in payees.values()})
    return world.random.choice(rails or [Rail.STRIPE])


def redeem(world: World) -> None:
    """A worker's credit becomes a requester's free money; the code is used twice now and then."""
    gifts = world.application.gifts
    worker = some_worker(world)
    requester = RequesterId(world.random.choice(REQUESTERS))

    def act() -> None:
        unused = {"worker_id": worker, "redeemed_at": None}
        mine = world.database["gifts"].find_one(unused, sort=[("_id", -1)])
        if mine is not None:
            _gift, code = gifts.show_code(worker, mine["_id"])
            gifts.redeem(requester, code)

    world.attempt(act)
