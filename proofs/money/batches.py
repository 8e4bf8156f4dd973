"""What task-service and matching-service would say: batches, whose every slot is decided at last.

The events of a batch come in the order of their topics; which topic is heard next is chance. What
payment-service has taken in decides what its books must say, and nothing else does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from crowdloom.contracts import Event
from crowdloom.contracts.matching import AssignmentClaimed, SlotsWithdrawn
from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import (
    BatchCompleted,
    BatchFundingRequested,
    BonusGranted,
    SubmissionAccepted,
    SubmissionRejected,
)
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
    WorkerId,
)
from crowdloom.testkit.ports import BEGINNING
from payment_service.domain.vat import NO_VAT, Vat

# Long enough for a bank line to name them.
REQUESTERS = (f"req_{1:026}", f"req_{2:026}")
WORKERS = ("wrk_1", "wrk_2", "wrk_3", "wrk_4")
SLOTS_MAX = 8
_EVENTS_TOGETHER_MAX = 5
_LATE_CHANCE = 0.5
_FATES = ("accept", "accept", "accept", "bonus", "close", "overturn", "reopen", "withdraw")
_PSEUDONYM = Pseudonym("A7F3K9Q2MC41TM08D")


@dataclass
class Batch:
    """Terms in force, and what was taken in of it: sets, so that a repetition says nothing new.
    `tax` is what held when it was funded, `paid_units` what each answer earned by the terms when
    it was settled.
    """

    batch_id: BatchId
    requester_id: RequesterId
    slots: int
    reward: Money
    tax: Vat = NO_VAT
    revision: int = 1
    funded: bool = False
    completed: bool = False
    withdrawal_count: int = 0
    paid_units: dict[str, int] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    overturned: set[str] = field(default_factory=set)
    claimed: dict[str, WorkerId] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    withdrawn: dict[int, int] = field(default_factory=dict)

    @property
    def fee(self) -> Money:
        return slot_fee(self.reward)

    @property
    def slot_units(self) -> int:
        return (self.reward + self.fee + self.tax.on(self.fee)).units

    @property
    def settled(self) -> set[str]:
        """Assignments that must have their entry, and no others."""
        return self.accepted & self.claimed.keys() if self.funded else set()

    @property
    def upheld(self) -> set[str]:
        """Assignments that were rejected first, and must have an entry of their own kind."""
        return self.overturned & self.claimed.keys() if self.funded else set()

    @property
    def escrow_units(self) -> int:
        """What must be reserved now."""
        if not self.funded:
            return 0
        if self.completed:
            return self.slot_units * len(self.accepted - self.claimed.keys())
        gone = len(self.settled) + len(self.closed) + sum(self.withdrawn.values())
        return self.slot_units * (self.slots - gone)

    def take_in(self, event: Event) -> None:
        if isinstance(event, AssignmentClaimed):
            self.claimed[event.assignment_id] = event.worker_id
        elif isinstance(event, SubmissionAccepted):
            (self.overturned if event.overturns else self.accepted).add(event.assignment_id)
        elif isinstance(event, SubmissionRejected):
            self.closed |= set() if event.slot_reopened else {event.assignment_id}
        elif isinstance(event, SlotsWithdrawn):
            self.withdrawn[event.revision] = event.slot_count
        elif isinstance(event, BatchCompleted):
            self.completed = True
        for assignment in (self.settled | self.upheld) - self.paid_units.keys():
            self.paid_units[assignment] = self.reward.units


class Batches:
    """All batches of a proof with the events that are under way."""

    def __init__(self, random: Random, currency: Currency) -> None:
        self._random = random
        self._currency = currency
        self.all: dict[str, Batch] = {}
        self.queues: dict[str, list[Event]] = defaultdict(list)
        self.seen: list[Event] = []
        self._late: dict[str, list[Event]] = defaultdict(list)
        # What each requester's next batch is taxed with.
        self.taxed: dict[str, Vat] = {}

    def publish(self) -> None:
        number = len(self.all) + 1
        batch = Batch(
            BatchId(f"bat_{number}"),
            RequesterId(self._random.choice(REQUESTERS)),
            slots=self._random.randint(1, SLOTS_MAX),
            reward=Money.of_minor(self._random.choice((1, 5, 7, 33)), self._currency),
        )
        self.all[batch.batch_id] = batch
        self.ask_for_funds(batch)

    def ask_for_funds(self, batch: Batch) -> None:
        self._lifecycle(batch).append(_asked(batch, batch.slots, batch.reward))

    def grow(self) -> None:
        """More slots, a higher reward, both or neither, asked for somewhere before the end."""
        going_on = [each for each in self.funded() if _end_of(self._lifecycle(each)) is not None]
        if not going_on:
            return
        batch = self._random.choice(going_on)
        batch.revision += 1
        slots = batch.slots + self._random.choice((0, 0, 1, 3))
        more = Money.of_minor(self._random.choice((0, 0, 1, 4)), self._currency)
        lifecycle = self._lifecycle(batch)
        place = self._random.randint(0, _end_of(lifecycle) or 0)
        lifecycle.insert(place, _asked(batch, slots, batch.reward + more))

    def take_in(
        self, event: Event, *, granted: Collection[tuple[str, int]], together: Collection[Event]
    ) -> None:
        """An event that was handled. `granted` are the askings (batch, revision) that got funds,
        `together` all events of the same transaction.
        """
        batch = self.batch_of(event)
        if not isinstance(event, BatchFundingRequested):
            batch.take_in(event)
        elif (event.batch_id, event.revision) in granted:
            before = batch.slots if batch.funded else 0
            if not batch.funded:
                batch.tax = self.taxed.get(batch.requester_id, NO_VAT)
            batch.slots, batch.reward = event.slot_count, event.reward
            self._open(batch, range(before, batch.slots), together)

    def _lifecycle(self, batch: Batch) -> list[Event]:
        return self.queues[f"{batch.batch_id} lifecycle"]

    def unfunded(self) -> list[Batch]:
        """Those whose asking was declined."""
        return [
            batch
            for batch in self.all.values()
            if not batch.funded and not self.queues[f"{batch.batch_id} lifecycle"]
        ]

    def _open(self, batch: Batch, slots: Iterable[int], together: Collection[Event]) -> None:
        """These slots are funded: they are claimed and decided from now on, before the batch ends,
        where it does not end in the same transaction.
        """
        lifecycle = self._lifecycle(batch)
        if not batch.funded:
            batch.funded = True
            lifecycle.append(
                BatchCompleted(
                    batch_id=batch.batch_id, requester_id=batch.requester_id, completed_at=BEGINNING
                )
            )
        end = _end_of(lifecycle)
        if end is None or any(each is lifecycle[end] for each in together):
            return
        decided: list[Event] = []
        withdrawn = 0
        for slot in slots:
            fate = self._random.choice(_FATES)
            if fate == "withdraw":
                withdrawn += 1
            else:
                self._decide(batch, f"{batch.batch_id[4:]}_{slot}", fate, decided)
        lifecycle[end:end] = decided
        if withdrawn:
            self._withdraw(batch, withdrawn)
        # An appeal may be upheld when the batch has long been over.
        lifecycle.extend(self._late.pop(batch.batch_id, ()))

    def _withdraw(self, batch: Batch, count: int) -> None:
        batch.withdrawal_count += 1
        self.queues[f"{batch.batch_id} withdrawn"].append(
            SlotsWithdrawn(
                batch_id=batch.batch_id,
                revision=batch.withdrawal_count,
                slot_count=count,
                leased_slot_count=0,
            )
        )

    def _decide(self, batch: Batch, slot: str, fate: str, lifecycle: list[Event]) -> None:
        self._claim(batch, slot)
        if fate in {"close", "overturn", "reopen"}:
            lifecycle.append(_rejected(batch, slot, reopened=fate == "reopen"))
        if fate == "overturn":
            late = self._late[batch.batch_id] if self._random.random() < _LATE_CHANCE else lifecycle
            late.append(_accepted(batch, slot, overturns=True))
        if fate in {"close", "overturn"}:
            return
        chosen = slot
        if fate == "reopen":
            chosen = f"{slot}b"
            self._claim(batch, chosen)
        lifecycle.append(_accepted(batch, chosen))
        if fate == "bonus":
            lifecycle.append(self._bonus(batch, chosen))

    def _bonus(self, batch: Batch, slot: str) -> BonusGranted:
        """It may be more than the wallet holds: then it is declined."""
        submission = _submission(batch, slot)
        return BonusGranted(
            bonus_id=f"bns_{slot}",
            submission_id=submission["submission_id"],
            assignment_id=submission["assignment_id"],
            batch_id=batch.batch_id,
            requester_id=batch.requester_id,
            amount=Money.of_minor(self._random.choice((1, 10, 400)), self._currency),
            reason="Very thorough.",
            granted_at=BEGINNING,
        )

    def _claim(self, batch: Batch, slot: str) -> None:
        self.queues[f"{batch.batch_id} claims"].append(
            AssignmentClaimed(
                **_assignment(batch, slot),
                worker_id=WorkerId(self._random.choice(WORKERS)),
                requester_id=batch.requester_id,
                pseudonym=_PSEUDONYM,
                claimed_at=BEGINNING,
                deadline=BEGINNING + timedelta(seconds=600),
            )
        )

    def next_events(self) -> tuple[str, list[Event]]:
        """The first few of one topic, in order; they stay until they are taken off."""
        waiting = [name for name, queue in self.queues.items() if queue]
        if not waiting:
            return "", []
        name = self._random.choice(waiting)
        return name, self.queues[name][: self._random.randint(1, _EVENTS_TOGETHER_MAX)]

    def take_off(self, name: str, count: int) -> None:
        self.seen += self.queues[name][:count]
        del self.queues[name][:count]

    def batch_of(self, event: Event) -> Batch:
        return self.all[event.batch_id]  # type: ignore[attr-defined]

    def earned(self) -> Mapping[str, int]:
        """What each worker must have earned by accepted work."""
        earned: dict[str, int] = defaultdict(int)
        for batch in self.all.values():
            for assignment, units in batch.paid_units.items():
                earned[batch.claimed[assignment]] += units
        return earned

    def funded(self) -> Iterator[Batch]:
        return (batch for batch in self.all.values() if batch.funded)


def _asked(batch: Batch, slots: int, reward: Money) -> BatchFundingRequested:
    return BatchFundingRequested(
        batch_id=batch.batch_id,
        requester_id=batch.requester_id,
        revision=batch.revision,
        slot_count=slots,
        reward=reward,
        fee=slot_fee(reward),
    )


def _end_of(lifecycle: list[Event]) -> int | None:
    """Where the batch's end stands; None where it is taken off already."""
    ends = (n for n, each in enumerate(lifecycle) if isinstance(each, BatchCompleted))
    return next(ends, None)


def _accepted(batch: Batch, slot: str, *, overturns: bool = False) -> SubmissionAccepted:
    return SubmissionAccepted(
        **_submission(batch, slot),
        accepted_at=BEGINNING,
        decided_by="requester",
        overturns=overturns,
    )


def _rejected(batch: Batch, slot: str, *, reopened: bool) -> SubmissionRejected:
    return SubmissionRejected(
        **_submission(batch, slot),
        rejected_at=BEGINNING,
        reason="It is about another sentence.",
        slot_reopened=reopened,
    )


def _assignment(batch: Batch, slot: str) -> dict[str, Any]:
    return {
        "assignment_id": AssignmentId(f"asg_{slot}"),
        "task_id": TaskId(f"tsk_{slot}"),
        "batch_id": batch.batch_id,
    }


def _submission(batch: Batch, slot: str) -> dict[str, Any]:
    return {
        **_assignment(batch, slot),
        "submission_id": SubmissionId(f"sub_{slot}"),
        "requester_id": batch.requester_id,
        "pseudonym": _PSEUDONYM,
    }
