"""Everything that anybody may do about money: a table from which a seed picks, again and again."""

from collections.abc import Mapping

from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId, WorkerId
from payment_service.domain.approvals import ApprovalStatus
from payment_service.domain.payouts import Rail, RunStatus
from payment_service.domain.refunds import RefundStatus

from proofs.money import banks
from proofs.money.batches import REQUESTERS, WORKERS
from proofs.money.hands import CHECKER, LISTED_MAX, MAKER, Move, key_of, propose, some_worker
from proofs.money.rails import (
    approve_all,
    ask_for_payout,
    asked_rail,
    choose_rail,
    hand_over_file,
    open_account,
    redeem,
)
from proofs.money.world import World

_TRANSFERS, _REFUNDS = "/v1/transfers", "/v1/refunds"
_FAULTS = ("lost_answer", "error_before", "error_stored", "reset", "rate_limit")
_PAID_IN_MINOR = (50, 300, 2_000, 5_000)
_OPENING_MINOR = 1_000_000
_CRASH_CALLS_MAX = 40
_HOMES = (("DE", ""), ("CH", ""), ("FR", ""), ("FR", "FR40303265045"), ("US", ""))


def open_books(world: World) -> None:
    """The platform's own money, by an entry that two people stand for."""
    amount = Money.of_minor(_OPENING_MINOR, world.currency)
    propose_entry(world, "asset:bank:main", "equity:opening", amount)
    banks.open_account(world, MAKER)
    desk = world.application.approvals
    for approval in world.application.readers.approvals.listed(1):
        desk.approve(CHECKER, approval.approval_id, seen_hash=approval.content_hash)


def start_top_up(world: World) -> None:
    requester, key = RequesterId(world.random.choice(REQUESTERS)), key_of(world)
    amount = Money.of_minor(world.random.choice(_PAID_IN_MINOR), world.currency)

    def act() -> None:
        made = world.application.start_top_up(requester, amount, key=key)
        if made.checkout_id is not None and made.checkout_id not in world.checkouts:
            world.checkouts.append(made.checkout_id)

    world.attempt(act)


def pay(world: World) -> None:
    if world.checkouts:
        world.processor.pay(world.checkouts.pop(world.random.randrange(len(world.checkouts))))


def poll(world: World) -> None:
    world.attempt(world.application.poll_processor)


def catch_up(world: World) -> None:
    world.attempt(world.application.poll_processor.catch_up)


def publish(world: World) -> None:
    declined = world.batches.unfunded()
    if declined and world.random.random() < 0.5:  # noqa: PLR2004
        batch = world.random.choice(declined)
        batch.revision += 1
        world.batches.ask_for_funds(batch)
    else:
        world.batches.publish()


def grow(world: World) -> None:
    """More slots, or more pay, for a batch that goes on."""
    world.batches.grow()


def deliver(world: World) -> None:
    world.attempt(world.deliver)


def settle_waiting(world: World) -> None:
    world.attempt(world.application.settle_waiting)


def mature(world: World) -> None:
    world.attempt(world.application.mature_rewards)


def pay_waiting_bonuses(world: World) -> None:
    world.attempt(world.application.pay_waiting_bonuses)


def draft(world: World) -> None:
    key = key_of(world)
    rail = asked_rail(world)

    def act() -> None:
        view = world.application.runs.draft(MAKER, world.currency, key=key, rail=rail)
        world.application.runs.freeze(MAKER, view.run.run_id)

    world.attempt(act)


def decide_run(world: World) -> None:
    runs = world.application.readers.payout_runs.listed(LISTED_MAX, status=RunStatus.FROZEN)
    if not runs:
        draft(world)
        return
    run, desk = world.random.choice(runs), world.application.runs
    who, chance = world.random.choice((MAKER, CHECKER, CHECKER)), world.random.random()
    if chance < 0.1:  # noqa: PLR2004
        world.attempt(lambda: desk.cancel(who, run.run_id))
    elif chance < 0.2:  # noqa: PLR2004
        items = world.application.readers.payout_runs.items(run.run_id)
        if items:
            gone = world.random.choice(items).item_id
            world.attempt(lambda: desk.remove_item(who, run.run_id, gone))
    else:
        world.attempt(lambda: desk.approve(who, run.run_id, seen_hash=str(run.content_hash)))


def execute(world: World) -> None:
    world.attempt(world.application.execute_payouts)


def execute_refunds(world: World) -> None:
    world.attempt(world.application.execute_refunds)


def ask_refund(world: World) -> None:
    """Some or all of what is free goes back to cards, if a second person says so."""
    requester, key = RequesterId(world.random.choice(REQUESTERS)), key_of(world)
    desk = world.application.ask_refund
    thirds = world.random.choice((1, 2, 3))

    def act() -> None:
        minor = desk.largest(requester).largest.minor * thirds // 3
        desk(requester, Money.of_minor(max(minor, 1), world.currency), key=key)

    world.attempt(act)
    asked = world.application.readers.refunds.listed(LISTED_MAX, status=RefundStatus.ASKED)
    if asked:
        propose(world, "refund", {"refund_id": world.random.choice(asked).refund_id})


def end_refund(world: World) -> None:
    """Its requester thinks again, or finance says no."""
    asked = world.application.readers.refunds.listed(LISTED_MAX, status=RefundStatus.ASKED)
    if not asked:
        return
    refund, app = world.random.choice(asked), world.application
    if world.random.random() < 0.5:  # noqa: PLR2004
        world.attempt(lambda: app.ask_refund.take_back(refund.requester_id, refund.refund_id))
    else:
        world.attempt(lambda: app.decline_refund(MAKER, refund.refund_id, reason="Not now"))


def mend_failed(world: World) -> None:
    """Send a refused line again, or give up on it."""
    failed = world.application.readers.payout_runs.failed_items(LISTED_MAX)
    if not failed:
        return
    item, desk = world.random.choice(failed), world.application.runs
    act = world.random.choice((desk.retry_item, desk.cancel_item))
    world.attempt(lambda: act(MAKER, item.run_id, item.item_id))


def hold(world: World) -> None:
    worker = some_worker(world)
    world.attempt(lambda: world.application.place_hold(MAKER, worker, reason="Looked into"))


def propose_release(world: World) -> None:
    holds = world.application.readers.holds.listed(LISTED_MAX)
    if holds:
        payload = {"hold_id": world.random.choice(holds).hold_id}
        propose(world, "hold_release", payload)
        if world.random.random() < 0.7:  # noqa: PLR2004
            approve_all(world, "hold_release")


def suspend(world: World) -> None:
    """Whatever is approved and not begun fails from now on, and no run takes the worker."""
    worker = some_worker(world)
    world.attempt(lambda: world.application.suspend_worker(MAKER, worker, reason="Looked into"))


def propose_lift(world: World) -> None:
    standing = world.application.readers.suspensions.listed(LISTED_MAX)
    if standing:
        payload = {"suspension_id": world.random.choice(standing).suspension_id}
        propose(world, "suspension_lift", payload)
        approve_all(world, "suspension_lift")


def propose_goodwill(world: World) -> None:
    """A gift to a worker, which goes the way of everything that is payable."""
    amount = Money.of_minor(world.random.choice((1, 3, 50)), world.currency)
    account = f"liability:worker:{some_worker(world)}:payable"
    propose_entry(world, "expense:goodwill", account, amount)


def propose_entry(world: World, debited: str, credited: str, amount: Money) -> None:
    code, wire = world.currency.code, amount.to_wire()
    lines = [
        {"account": f"{debited}:{code}", "side": "debit", "amount": wire},
        {"account": f"{credited}:{code}", "side": "credit", "amount": wire},
    ]
    propose(world, "manual_entry", {"lines": lines})


def propose_correction(world: World) -> None:
    """Only of what a person wrote: the opposite of a settled answer would be no correction."""
    manual = list(world.application.journal.entries(count_max=LISTED_MAX, code="manual"))
    gifts = [entry for entry in manual if any("goodwill" in n.account for n in entry.lines)]
    if gifts:
        propose(world, "correction", {"entry_id": world.random.choice(gifts).entry_id})


def propose_write_off(world: World) -> None:
    """What nobody could identify is given up, once two people agree."""
    waiting = world.application.readers.exceptions.listed(LISTED_MAX, kind="unidentified_line")
    if waiting:
        propose(world, "write_off", {"exception_id": world.random.choice(waiting)["_id"]})


def decide(world: World) -> None:
    waiting = world.application.readers.approvals.listed(LISTED_MAX, status=ApprovalStatus.PROPOSED)
    if not waiting:
        return
    approval, desk = world.random.choice(waiting), world.application.approvals
    who = world.random.choice((MAKER, CHECKER, CHECKER))
    if world.random.random() < 0.2:  # noqa: PLR2004
        world.attempt(lambda: desk.reject(who, approval.approval_id, note="No"))
    else:
        seen = approval.content_hash
        world.attempt(lambda: desk.approve(who, approval.approval_id, seen_hash=seen))


def reconcile(world: World) -> None:
    key = key_of(world)
    world.attempt(lambda: world.application.queue_reconciliation(MAKER, key=key))
    world.attempt(world.application.reconcile)


def fault(world: World) -> None:
    """The next transfer or refund goes wrong, retries of the package included, or not."""
    kind, repeats = world.random.choice(_FAULTS), world.random.choice((0, 2))
    path = world.random.choice((_TRANSFERS, _TRANSFERS, _REFUNDS))
    world.processor.strike(kind, path=path, repeats=repeats)


def sweep(world: World) -> None:
    """Some of our own money is paid out to our bank."""
    amount = Money.of_minor(world.random.choice((20, 20, 70)), world.currency)
    world.attempt(lambda: world.processor.sweep(amount))


def read_statement(world: World) -> None:
    banks.read_statement(world, MAKER)


def propose_match(world: World) -> None:
    """A line in suspense is a fee, or was matched wrongly."""
    proposal = banks.proposal(world)
    if proposal is not None:
        propose(world, *proposal)


def stray_line(world: World) -> None:
    """Something on the processor's books that nobody can explain: it goes to suspense."""
    name, amount = key_of(world), Money.of_minor(250, world.currency)
    world.attempt(lambda: world.processor.charge_a_stranger(name, amount))


def turn_account(world: World) -> None:
    """A worker's account is refused, restricted, or well again."""
    payee = world.application.show_money.payee(some_worker(world))
    if payee is None or payee.account_id is None or payee.rail is not Rail.STRIPE:
        return
    chance = world.random.random()
    if chance < 0.3:  # noqa: PLR2004
        world.processor.set_capability(payee.account_id, "restricted")
    elif chance < 0.6:  # noqa: PLR2004
        world.processor.set_capability(payee.account_id, "active")
    else:
        world.processor.refuse(payee.account_id, refuse=chance < 0.75)  # noqa: PLR2004


def move_house(world: World) -> None:
    """A requester is taxed elsewhere from now on; what is published keeps its rate."""
    requester = RequesterId(world.random.choice(REQUESTERS))
    country, number = world.random.choice(_HOMES)
    world.attempt(
        lambda: world.application.set_billed_to(
            requester, "Proof", country=country, vat_number=number
        )
    )


def wait(world: World) -> None:
    world.clock.advance(seconds=world.random.choice((1, 5, 91, 700, 4_000)))


MOVES: Mapping[Move, int] = {
    start_top_up: 9,
    pay: 9,
    poll: 7,
    catch_up: 3,
    publish: 6,
    grow: 4,
    move_house: 2,
    deliver: 30,
    settle_waiting: 2,
    mature: 3,
    pay_waiting_bonuses: 2,
    open_account: 2,
    choose_rail: 2,
    hand_over_file: 8,
    redeem: 3,
    ask_for_payout: 8,
    draft: 6,
    decide_run: 9,
    execute: 12,
    execute_refunds: 5,
    ask_refund: 3,
    end_refund: 1,
    mend_failed: 3,
    hold: 1,
    propose_release: 2,
    suspend: 1,
    propose_lift: 3,
    propose_goodwill: 1,
    propose_correction: 1,
    propose_write_off: 1,
    decide: 10,
    reconcile: 1,
    fault: 3,
    turn_account: 2,
    stray_line: 1,
    sweep: 2,
    read_statement: 7,
    propose_match: 2,
    wait: 9,
}
"""Move -> how often it is picked, of all."""


def step(world: World) -> None:
    """One move, with a crash in it now and then."""
    (move,) = world.random.choices(list(MOVES), weights=list(MOVES.values()))
    world.trace.append(move.__name__)
    world.run_in_trouble(move, crash_calls_max=_CRASH_CALLS_MAX)


def come_to_rest(world: World) -> None:
    """No more trouble: everybody does what is left to do."""
    world.processor.calm_down()
    for worker in WORKERS:
        payee = world.application.show_money.payee(WorkerId(worker))
        if payee is not None and payee.account_id and payee.rail is Rail.STRIPE:
            world.processor.refuse(payee.account_id, refuse=False)
            world.processor.set_capability(payee.account_id, "active")
    while any(world.batches.queues.values()):
        world.trace.append("deliver")
        deliver(world)
    for _ in range(8):
        world.clock.advance(seconds=4_000)
        world.application.settle_waiting()
        world.application.mature_rewards()
        world.application.pay_waiting_bonuses()
        world.application.execute_payouts()
        world.application.execute_refunds()
        world.application.import_statements.book_waiting()
        world.application.poll_processor.catch_up()
