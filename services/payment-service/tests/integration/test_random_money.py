"""Random interleavings of everything that moves money, with duplicates, delays and lost answers."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from types import ModuleType
from typing import Any

from crowdloom.kernel import Currency, Money
from crowdloom.testkit.ports import BEGINNING
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payment_service.application.book_lines import BookLines
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.payouts import (
    ItemState,
    MakerIsChecker,
    NothingEligible,
    RunStatus,
)
from payment_service.domain.people import TopUp

USD = Currency.USD
EXAMPLES_MAX = 12
PAYOUT_EXAMPLES_MAX = 5
WORKERS = ("wrk_1", "wrk_2", "wrk_3")
FAULTS = ("lost_answer", "error_before", "reset", "rate_limit")


@dataclass
class World:
    """The events of a few batches in the order of their topics, and what has to come of them."""

    random: Random
    make: ModuleType
    queues: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    seen: list[Any] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)
    completed: set[str] = field(default_factory=set)

    def add_batch(self, number: int) -> None:
        """A batch whose every slot is accepted, closed or withdrawn in the end."""
        make, batch_id = self.make, f"bat_{number}"
        lifecycle, slots = self.queues[f"lifecycle {number}"], self.random.randint(1, 6)
        reward = make.usd(self.random.choice((1, 5, 7)))
        lifecycle.append(make.funding(batch_id, slot_count=slots, reward=reward))
        withdrawn = 0
        for slot in range(number * 100, number * 100 + slots):
            fate = self.random.choice(("accept", "accept", "close", "reopen", "withdraw"))
            if fate == "withdraw":
                withdrawn += 1
                continue
            self._claim(number, slot)
            if fate == "close":
                lifecycle.append(make.rejected(slot, batch_id=batch_id))
                continue
            if fate == "reopen":
                lifecycle.append(make.rejected(slot, batch_id=batch_id, reopened=True))
                self._claim(number, slot + 50)
            chosen = slot + 50 if fate == "reopen" else slot
            lifecycle.append(make.accepted(chosen, batch_id=batch_id))
            self.accepted[f"asg_{chosen:03d}"] = batch_id
        if withdrawn:
            gone = make.withdrawn(batch_id, slot_count=withdrawn)
            self.queues[f"withdrawn {number}"].append(gone)
        lifecycle.append(make.completed(batch_id))
        self.completed.add(batch_id)

    def _claim(self, number: int, slot: int) -> None:
        worker_id = self.random.choice(WORKERS)
        claim = self.make.claimed(slot, batch_id=f"bat_{number}", worker_id=worker_id)
        self.queues[f"claims {number}"].append(claim)

    def next_events(self) -> list[Any]:
        """What one poll brings: of one topic in order, now and then with something seen before."""
        waiting = [name for name, queue in self.queues.items() if queue]
        if not waiting:
            return []
        queue = self.queues[self.random.choice(waiting)]
        count = self.random.randint(1, 5)
        events, queue[:count] = queue[:count], []
        if self.seen and self.random.random() < 0.3:
            events = [*self.random.sample(self.seen, 1), *events]
        self.seen += events
        return events


class Actors:
    """Everybody who acts by himself: the requester, workers, staff, the processor, time."""

    def __init__(
        self, application: Application, processor: Any, *, random: Random, clock: Any
    ) -> None:
        self.application, self.processor = application, processor
        self.random, self.clock = random, clock
        self.paid_in = 0
        self.acts: list[Callable[[], object]] = [
            self.pay_in,
            self.book,
            self.ask,
            self.draft,
            self.decide,
            self.execute,
            self.trouble,
            application.settle_waiting,
            lambda: clock.advance(seconds=random.choice((1, 30, 700))),
        ]

    def act(self) -> None:
        self.random.choice(self.acts)()

    def pay_in(self) -> None:
        minor = self.random.choice((50, 60, 250))
        amount, key = Money.of_minor(minor, USD), str(self.random.random())
        for _ in range(2):
            made = self.application.start_top_up("req_1", amount, key=key)
        self.processor.pay(made.checkout_id)
        self.paid_in += minor

    def book(self) -> None:
        """The poll's window overlaps: known lines come again, in any order."""
        lines = list(self.application.poll_processor._processor.lines_since(None))
        self.random.shuffle(lines)
        BookLines(self.application.store)(lines)

    def ask(self) -> None:
        worker_id = self.random.choice(WORKERS)
        payee, _ = self.application.open_payout_account(worker_id)
        account = payee.account_id or self.application.show_money.payee(worker_id).account_id
        self.processor.activate(account)
        if self.application.show_money.earnings(worker_id).payable.minor:
            self.application.ask_for_payout(worker_id)

    def draft(self) -> None:
        try:
            drafted = self.application.runs.draft("stf_1", USD, key=str(self.random.random()))
        except NothingEligible:
            return
        self.application.runs.freeze("stf_1", drafted.run.run_id)

    def decide(self) -> None:
        runs = self.application.readers.payout_runs.listed(5, status=RunStatus.FROZEN)
        for run in runs:
            if self.random.random() < 0.3:
                self.application.runs.cancel("stf_1", run.run_id)
                continue
            try:
                self.application.runs.approve("stf_1", run.run_id, seen_hash=run.content_hash)
            except MakerIsChecker:
                self.application.runs.approve("stf_2", run.run_id, seen_hash=run.content_hash)

    def execute(self) -> None:
        self.application.execute_payouts()

    def trouble(self) -> None:
        """The next transfers go wrong, or one worker's are refused for a while."""
        if self.random.random() < 0.6:
            self.processor.lose_answers(kind=self.random.choice(FAULTS))
            return
        payee = self.application.show_money.payee(self.random.choice(WORKERS))
        if payee is not None and payee.account_id is not None:
            refuse = self.random.random() < 0.5
            self.processor.control(f"accounts/{payee.account_id}/refusal", refuse=refuse)

    def come_to_rest(self) -> None:
        """No more trouble; all jobs run until there is nothing left to do."""
        self.processor.http.delete(f"{self.processor.url}/_simulator/faults", timeout=10)
        self.application.settle_waiting()
        for _ in range(3):
            self.clock.advance(seconds=700)
            self.execute()
            self.book()


_SETTINGS = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(_SETTINGS, max_examples=EXAMPLES_MAX)
@given(seed=st.integers(0, 2**32))
def test_in_whatever_order_events_and_money_come_every_answer_is_settled_once(
    application: Application,
    wipe: Callable[[], None],
    deliverer: Any,
    make: ModuleType,
    books: ModuleType,
    seed: int,
) -> None:
    wipe()
    random = Random(seed)
    deliver, world = deliverer(application), World(random, make)
    paid_in = sum(_pay_in_by_line(application, make, number) for number in range(2))
    for number in (1, 2, 3):
        world.add_batch(number)
    while events := world.next_events():
        deliver(*events)
        if random.random() < 0.2:
            application.settle_waiting()
            books.check(application)
    application.settle_waiting()
    books.check(application)
    check_outcome(application, world, books, paid_in_minor=paid_in)


def _pay_in_by_line(application: Application, make: ModuleType, number: int) -> int:
    """A booked top-up of the processor's books, seen three times. Not enough for every batch."""
    minor, top_up_id = 60, f"top_{number}"
    top_up = TopUp(top_up_id, "req_1", make.usd(minor), "open", BEGINNING)
    application.store.run(lambda session: session.top_ups.add(top_up))
    line = make.charge(top_up_id, minor, number=number, available=False)
    for each in (line, replace(line, available=True), line):
        BookLines(application.store)([each])
    return minor


@settings(_SETTINGS, max_examples=PAYOUT_EXAMPLES_MAX)
@given(seed=st.integers(0, 2**32))
def test_whatever_goes_wrong_on_the_way_out_the_books_hold_and_nobody_is_paid_twice(
    application: Application,
    wipe: Callable[[], None],
    plug: Callable[[], Any],
    deliverer: Any,
    clock: Any,
    make: ModuleType,
    books: ModuleType,
    seed: int,
) -> None:
    wipe()
    random = Random(seed)
    processor, deliver = plug(), deliverer(application)
    world = World(random, make)
    actors = Actors(application, processor, random=random, clock=clock)
    actors.pay_in()
    actors.pay_in()
    actors.book()
    world.add_batch(1)
    world.add_batch(2)
    while events := world.next_events():
        deliver(*events)
        actors.act()
        actors.act()
    actors.come_to_rest()
    books.check(application)
    check_outcome(application, world, books, paid_in_minor=actors.paid_in)
    check_payouts(application, processor)
    processor.http.close()


def check_outcome(
    application: Application, world: World, books: ModuleType, *, paid_in_minor: int
) -> None:
    """Every accepted assignment was settled once, and what was left went back."""
    funded = {
        batch_id
        for batch_id in world.completed
        if application.readers.batches.get(batch_id).terms is not None
    }
    settled = [entry.refs["assignment"] for entry in books.entries(application, "accept")]
    owed = [asg for asg, batch_id in world.accepted.items() if batch_id in funded]
    assert sorted(settled) == sorted(owed)
    kept = books.balances(application)
    for batch_id in funded:
        assert kept[chart.escrow("req_1", batch_id, USD)] == 0
    spent = books.total(application, "accept")
    assert kept[chart.wallet("req_1", USD)] == paid_in_minor * 100 - spent


def check_payouts(application: Application, processor: Any) -> None:
    """What the processor sent is what we say was paid, once per item; the rest is payable."""
    oracle = processor.transfers()
    items = [
        item
        for worker_id in WORKERS
        for item in application.readers.payout_runs.items_of_worker(worker_id, 100)
    ]
    paid = [item for item in items if item.state is ItemState.PAID]
    sent = [each["metadata"]["payout_item"] for each in oracle["transfers"]]
    assert sorted(sent) == sorted(item.item_id for item in paid)
    assert not [item for item in items if item.state in (ItemState.SENT, ItemState.SENDING)]
    result = application.reconcile.outcome()
    assert result["differences"] == [], result["differences"]
    assert result["journal_minor"] == result["processor_minor"]
