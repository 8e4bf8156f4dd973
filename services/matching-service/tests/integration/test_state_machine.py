"""Workers, task-service and time against matching-service, in any order that they can take.

The model keeps what task-service would: which answers it took in, which tickets it closed, and its
log, which matching-service reads late. R3 (exactly N) and R4 (no worker twice) hold at each step.
Between what a claim reads and what it writes others get in, and it dies before or after its commit.
In memory whatever is done dies before or after any of its calls to the database, and is done again
by a process that knows nothing of it: at length there, and some runs on the real engine.
The batch may ask for a qualification, exclude some workers, or cap what each of them may answer;
its requester excludes workers and lets them in again while it is open.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import ModuleType
from typing import Any, ClassVar

from crowdloom.contracts import Event
from crowdloom.contracts.task import (
    BatchAudienceChanged,
    BatchCancelled,
    BatchPaused,
    BatchResumed,
    Condition,
    Requirements,
)
from crowdloom.contracts.worker import QualificationGranted, QualificationRevoked
from crowdloom.testkit.memory_mongo import MemoryClient
from crowdloom.testkit.ports import FrozenClock
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from matching_service.bootstrap import Application
from matching_service.domain.assignments import SUBMIT_GRACE, Assignment
from matching_service.domain.errors import LeaseOver, NoMoreTime, TooManyLeases
from matching_service.domain.pseudonyms import pseudonym_of

TASK_COUNT, WORKER_COUNT = 2, 12
EXAMPLES = int(os.environ.get("CROWDLOOM_EXAMPLES", "30"))
"""`make machine-matching` runs 500 in memory."""
ENGINE_EXAMPLES = 2
DEATH_CALLS_MAX = 40
"""An action makes some ten calls to the database; one that lets newcomers ask, many more."""
ACTIONS = [
    *("claim", "submit", "submit", "reject", "give_back", "extend", "pause", "resume", "cancel"),
    *("claim_while_others_do", "claim_while_others_do", "claim_and_die"),
    *("task_service_hears_of_ends", "matching_reads_the_log", "matching_reads_the_log"),
    *("time_passes", "time_passes", "leases_expire", "leases_expire", "jobs_run"),
    *("qualify", "disqualify", "exclude", "let_in"),
]
EXCLUDED = ("wrk_0", "wrk_1", "wrk_2")

_LEASED, _EXPIRED = {"status": "leased"}, {"status": "expired"}


class Died(BaseException):
    """The process was killed; whoever waited for it asks again, a client with the same key."""


@dataclass
class Interrupted:
    """The store of claims: what is in `meanwhile` happens before the next transaction; it dies at
    `dies`, which is "before" or "after" the commit.
    """

    inner: Any
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    dies: str = ""

    def run(self, work: Callable[[Any], Any]) -> Any:
        return self._interrupted(self.inner.run, work)

    def write(self, work: Callable[[Any], Any]) -> Any:
        return self._interrupted(self.inner.write, work)

    def _interrupted(self, transact: Callable[..., Any], work: Callable[[Any], Any]) -> Any:
        dies, self.dies = self.dies, ""
        meanwhile, self.meanwhile = self.meanwhile, []
        for act in meanwhile:
            act()
        if dies == "before":
            raise Died
        result = transact(work)
        if dies == "after":
            raise Died
        return result


@dataclass
class Held:
    """An assignment as its worker and task-service see it."""

    assignment: Assignment
    state: str = "held"  # or submitted, decided, reopened (another answer is wanted), closed


class MatchingMachine(RuleBasedStateMachine):
    build: ClassVar[Callable[..., Application]]
    hand_to: ClassVar[Callable[[Application, Event, str], None]]
    read_past: ClassVar[Callable[..., None]]
    make: ClassVar[ModuleType]

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.app = self.build(self.clock)
        self.store = Interrupted(self.app.store)
        self.app.claim_task._store = self.store
        self.dies_in = self.alive = 0
        if isinstance(self.app.database.client, MemoryClient):
            self.app.database.client.on_call = self._at_call
        self.read_to = self.clock.now()
        self.held: list[Held] = []
        self.revoked: list[Held] = []
        self.log: list[tuple[datetime, Event]] = []
        self.told_count = 0
        self.key_count = 0
        self.cancelled = False
        self.redundancy = 0
        self.marked = False
        self.asked = ""
        self.qualified: set[str] = set()
        self.excluded: set[str] = set()

    def _at_call(self, _what: str) -> None:
        """Before each call to the database, and before and after each commit."""
        if self.alive and self.dies_in:
            self.dies_in -= 1
            if not self.dies_in:
                raise Died

    def _survived(self, act: Callable[[Application], Any]) -> Any:
        """Done, and where the process died over it, done again by the next one."""
        self.alive += 1
        try:
            while True:
                try:
                    return act(self.app)
                except Died:
                    self._restart()
        finally:
            self.alive -= 1

    def _restart(self) -> None:
        if isinstance(self.app.database.client, MemoryClient):
            self.app = self.build(self.clock, self.app)
            self.store.inner = self.app.store
            self.app.claim_task._store = self.store

    @initialize(
        redundancy=st.sampled_from([1, 2]),
        asked=st.sampled_from(["", "qualification", "exclusion", "cap"]),
        pick=st.integers(0, 1_000),
    )
    def open_batch(self, redundancy: int, asked: str, pick: int) -> None:
        self.app.claim_task._random.seed(pick)
        self.redundancy, self.asked = redundancy, asked
        self.excluded = {*EXCLUDED} if asked == "exclusion" else set()
        requirements = {
            "": None,
            "qualification": Requirements(all_of=(Condition("trees"),)),
            "exclusion": Requirements(excluded=tuple(map(self._pseudonym, EXCLUDED))),
            "cap": Requirements(answers_per_worker_max=1),
        }[asked]
        batch = self.make.opened(
            task_count=TASK_COUNT, redundancy=redundancy, requirements=requirements
        )
        self._write(batch, self.make.released(count=TASK_COUNT, redundancy=redundancy))
        self.marked = pick % 2 == 0
        if self.marked:
            self._write(self.make.marked(0))
        self._read(3)
        self._newcomers_ask(pick)

    def _newcomers_ask(self, pick: int = 0) -> None:
        """An eager crowd: a slot too many is taken at once, and shows. Between what each of them
        reads and writes, another gets in, or the same one with other tabs, who gets all there is.
        """
        # First somebody the batch may not be for, or no slot would be left to be refused.
        self._ask(EXCLUDED[pick % 3] if self.asked == "exclusion" else f"wrk_{pick % WORKER_COUNT}")
        given, alone = True, True
        while given:
            worker = f"wrk_new_{self.key_count}"
            # With other tabs first: where one slot a task is left, nobody can get one twice.
            others = [worker] * TASK_COUNT if alone else [f"{worker}_other"]
            alone = not alone
            self.store.meanwhile[:] = [partial(self._ask, other) for other in others]
            given = self._ask(worker)
        self.store.meanwhile.clear()

    def _pseudonym(self, worker: str) -> str:
        return pseudonym_of(self.app.settings.pseudonym_key, "req_1", worker)

    def _tell(self, event: Event) -> None:
        """What worker-service says, heard of at once."""
        self.told_count += 1
        name = f"evt_{self.told_count:026d}"
        self._survived(partial(self._hand, event, name))

    def _hand(self, event: Event, name: str, app: Application) -> None:
        self.hand_to(app, event, name)

    def _may(self, worker: str) -> bool:
        """Whether the batch is for this worker, whatever he was given of it."""
        if self.asked == "qualification":
            return worker in self.qualified
        return worker not in self.excluded

    def qualify(self, pick: int) -> None:
        self._qualify(f"wrk_{pick % WORKER_COUNT}")

    def _qualify(self, worker: str) -> None:
        if self.asked == "qualification" and worker not in self.qualified:
            self.qualified.add(worker)
            self._tell(QualificationGranted(worker, "trees", "rule", self.clock.now()))

    def disqualify(self, pick: int) -> None:
        worker = f"wrk_{pick % WORKER_COUNT}"
        if worker in self.qualified:
            self.qualified.discard(worker)
            self._tell(QualificationRevoked(worker, "trees", self.clock.now()))

    def exclude(self, pick: int) -> None:
        self._change_audience(f"wrk_{pick % WORKER_COUNT}", excluded=True)

    def let_in(self, pick: int) -> None:
        if self.excluded:
            self._change_audience(sorted(self.excluded)[pick % len(self.excluded)], excluded=False)

    def _change_audience(self, worker: str, *, excluded: bool) -> None:
        (self.excluded.add if excluded else self.excluded.discard)(worker)
        name = self._pseudonym(worker)
        self._tell(BatchAudienceChanged("bat_1", name, excluded, self.clock.now()))

    def _write(self, *events: Event) -> None:
        self.log += [(self.clock.now(), event) for event in events]

    def _read(self, count: int, *, twice: bool = False) -> None:
        for _, event in self.log[:count]:
            self.told_count += 1
            name = f"evt_{self.told_count:026d}"
            for _ in range(2 if twice else 1):
                self._survived(partial(self._hand, event, name))
        del self.log[:count]

    def _one(self, pick: int, *states: str) -> Held | None:
        fitting = [held for held in self.held if held.state in states]
        return fitting[pick % len(fitting)] if fitting else None

    def _ask(self, worker: str) -> bool:
        """Returns whether the worker was given something."""
        self.key_count += 1
        key = f"k{self.key_count}"
        if not worker.removeprefix("wrk_").isdigit():
            self._qualify(worker)  # newcomers are: the slots are to be taken by somebody
        try:
            made = self._survived(lambda app: app.claim_task(worker, key))
        except TooManyLeases:
            return False
        if made is not None:
            assert self._may(worker), f"{worker} was given what is not for him"
            self.held.append(Held(made.assignment))
        return made is not None

    @rule(
        action=st.sampled_from(ACTIONS),
        pick=st.integers(0, 1_000),
        dies_in=st.one_of(st.just(0), st.integers(1, DEATH_CALLS_MAX)),
    )
    def step(self, action: str, pick: int, dies_in: int) -> None:
        """One rule for all, since Hypothesis would leave whole rules out of a run."""
        self.dies_in = dies_in
        getattr(self, action)(pick)
        self.dies_in = 0

    def claim(self, pick: int) -> None:
        self._ask(f"wrk_{pick % WORKER_COUNT}")

    def claim_while_others_do(self, pick: int) -> None:
        """The same worker in another tab, or newcomers, between a claim's read and its write."""
        worker = f"wrk_{pick % WORKER_COUNT}"
        if pick % 2:
            self.store.meanwhile.append(self._newcomers_ask)
        else:
            self.store.meanwhile.append(lambda: self._ask(worker))
        self._ask(worker)
        self.store.meanwhile.clear()

    def claim_and_die(self, pick: int) -> None:
        self.store.dies = "before" if pick % 2 else "after"
        self._ask(f"wrk_{pick % WORKER_COUNT}")
        self.store.dies = ""

    def submit(self, pick: int) -> None:
        """task-service takes an answer in while the ticket's time lasts and it is not closed."""
        held = self._one(pick, "held")
        if held and self.clock.now() <= held.assignment.deadline + SUBMIT_GRACE:
            held.state = "submitted"
            self._write(self.make.submitted(held.assignment, at=self.clock.now()))

    def reject(self, pick: int) -> None:
        held, reopened = self._one(pick, "submitted"), pick % 3 > 0
        if held:
            held.state = "reopened" if reopened else "decided"
            self._write(self.make.rejected(held.assignment, reopened=reopened))

    def give_back(self, pick: int) -> None:
        held = self._one(pick, "held", "submitted")
        if not held:
            return
        assignment = held.assignment
        try:
            self._survived(
                lambda app: app.hold_assignment.give_back(
                    assignment.worker_id, assignment.assignment_id
                )
            )
        except LeaseOver:
            return
        self.revoked.append(held)

    def task_service_hears_of_ends(self, _pick: int = 0) -> None:
        for held in self.revoked:
            if held.state == "held":
                held.state = "closed"
                self._write(self.make.closed(held.assignment))
        self.revoked.clear()

    def extend(self, pick: int) -> None:
        held = self._one(pick, "held")
        if not held:
            return
        self.key_count += 1
        assignment, key = held.assignment, f"x{self.key_count}"
        try:
            longer = self._survived(
                lambda app: app.hold_assignment.extend(
                    assignment.worker_id, assignment.assignment_id, key
                )
            )
        except (LeaseOver, NoMoreTime):
            return
        held.assignment = longer.assignment

    def time_passes(self, pick: int) -> None:
        self.clock.advance(seconds=(1, 300, 602, 700)[pick % 4])

    def matching_reads_the_log(self, pick: int) -> None:
        self._read(1 + pick % 4, twice=pick % 3 == 0)
        self._newcomers_ask(pick)

    def leases_expire(self, pick: int = 1) -> None:
        """The watermark is as far as the log was read. Now and then it is wrong by ten minutes, as
        with clocks that differ: the promises hold all the same.
        """
        read_to = self.log[0][0] if self.log else self.clock.now()
        wrong_by = timedelta(minutes=10 if pick % 3 == 0 else 0)
        read_past = read_to - SUBMIT_GRACE + wrong_by
        self.read_to = max(self.read_to, read_past)
        self._survived(lambda app: self.read_past(app, read_past))
        self._survived(lambda app: app.expire_leases())
        expired = {row["_id"] for row in self.app.database["assignments"].find(_EXPIRED)}
        self.revoked += [held for held in self.held if held.assignment.assignment_id in expired]
        self._newcomers_ask(pick)

    def pause(self, _pick: int) -> None:
        self._write(BatchPaused("bat_1"))

    def resume(self, _pick: int) -> None:
        self._write(BatchResumed("bat_1"))

    def cancel(self, pick: int) -> None:
        # Seldom, because little happens after it.
        if not self.cancelled and pick % 5 == 0:
            self.cancelled = True
            self._write(BatchCancelled("bat_1", self.clock.now()))

    def jobs_run(self, _pick: int = 0) -> None:
        self._survived(lambda app: app.withdraw_slots())
        self._survived(lambda app: app.count_progress())

    def _taken(self) -> Counter[str]:
        """Slots of each task that are leased, or were answered and not opened again."""
        leased = {row["_id"] for row in self.app.database["assignments"].find(_LEASED)}
        return Counter(
            held.assignment.task_id
            for held in self.held
            if held.state in ("submitted", "decided")
            or (held.state == "held" and held.assignment.assignment_id in leased)
        )

    @invariant()
    def no_task_has_more_than_n(self) -> None:
        taken = self._taken()
        assert all(count <= self.redundancy for count in taken.values()), taken

    @invariant()
    def no_lease_expires_before_the_watermark(self) -> None:
        early = {**_EXPIRED, "deadline": {"$gte": self.read_to}}
        assert self.app.database["assignments"].find_one(early) is None

    @invariant()
    def no_worker_has_a_task_twice(self) -> None:
        pairs = [(held.assignment.task_id, held.assignment.worker_id) for held in self.held]
        assert len(pairs) == len(set(pairs))

    @invariant()
    def nobody_has_more_than_the_cap(self) -> None:
        if self.asked == "cap":
            kept = {"status": {"$in": ["leased", "submitted"]}, "turn": {"$exists": True}}
            found = Counter(row["worker_id"] for row in self.app.database["assignments"].find(kept))
            assert max(found.values(), default=0) <= 1, found

    def teardown(self) -> None:
        """When faults stop, with enough workers asking, each task ends at exactly N."""
        if not self.redundancy:
            return
        if not self.cancelled:
            self._write(BatchResumed("bat_1"))
        self.task_service_hears_of_ends()
        self._read(len(self.log))
        self.clock.advance(seconds=100_000)
        self.leases_expire()
        self.task_service_hears_of_ends()
        self._read(len(self.log))
        self.jobs_run()
        late = [f"wrk_late_{number}" for number in range(TASK_COUNT * self.redundancy + 1)]
        for worker in late:
            self._ask(worker)
        if self.cancelled:
            assert not any(held.assignment.worker_id in late for held in self.held)
        else:
            assert set(self._taken().values()) == {self.redundancy}
            assert len(self._taken()) == TASK_COUNT
        self._check_the_books()

    def _check_the_books(self) -> None:
        """The counts kept beside the slots agree with the slots."""
        open_slots = sum(row["open"] for row in self.app.database["tasks"].find())
        batch = self.app.database["batches"].find_one({"_id": "bat_1"})
        assert batch is not None
        submitted = self.app.database["assignments"].count_documents({"status": "submitted"})
        assert batch.get("submitted", 0) == submitted
        leased = self.app.database["assignments"].count_documents({"status": "leased"})
        wanted = TASK_COUNT * self.redundancy + batch.get("reopened", 0) - batch.get("withdrawn", 0)
        assert wanted == submitted + leased + open_slots
        if self.marked:
            claims = Counter(held.assignment.worker_id for held in self.held)
            tallies = self.app.database["known_tallies"].find()
            assert {row["_id"].split(":")[1]: row["given"] for row in tallies} == claims


def _run(build: Any, hand_to: Any, read_past: Any, make: ModuleType, examples: int) -> None:
    bound = {
        "build": staticmethod(build),
        "hand_to": staticmethod(hand_to),
        "read_past": staticmethod(read_past),
        "make": make,
    }
    run_state_machine_as_test(
        type("BoundMachine", (MatchingMachine,), bound),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            # The same runs each time, and no shrinking: what fails is read in its steps.
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_workers_and_task_service_in_any_order_keep_the_promises(
    build_in_memory: Any, hand_to: Any, read_past: Any, make: ModuleType
) -> None:
    _run(build_in_memory, hand_to, read_past, make, EXAMPLES)


def test_they_keep_them_on_the_real_engine(
    build_application: Any, hand_to: Any, read_past: Any, make: ModuleType
) -> None:
    _run(build_application, hand_to, read_past, make, ENGINE_EXAMPLES)
