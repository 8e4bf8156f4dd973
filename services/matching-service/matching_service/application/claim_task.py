"""A worker asks for work: one slot of one task, one lease, one ticket."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from crowdloom.chassis.tickets import Ticket
from crowdloom.kernel import Clock, IdFactory, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId, TaskId, WorkerId
from crowdloom.kernel.limits import LEASES_PER_WORKER_MAX

from matching_service.application.choose_batch import ChooseBatch
from matching_service.application.eligibility import Eligibility, Turns
from matching_service.application.open_work import OpenWork
from matching_service.application.ports import Reader, Session, Store, Tickets
from matching_service.application.schedule_known import ScheduleKnown
from matching_service.application.translate import claimed
from matching_service.domain.assignments import Assignment, further_key
from matching_service.domain.batches import Batch
from matching_service.domain.errors import (
    AlreadyClaimed,
    ClaimKeyReused,
    Overtaken,
    SlotTaken,
    TooManyLeases,
)
from matching_service.domain.pseudonyms import pseudonym_of
from matching_service.domain.requirements import Reason

NOTHING_LEFT = "nothing_left"
"""Every open slot of the batch is of a task that this worker was given before, or there is none."""
_SAME_MOMENT_MAX = LEASES_PER_WORKER_MAX
Note = Callable[[Session], None]
"""What else is noted in the transaction of a claim."""


@dataclass(frozen=True)
class Claim:
    """What a worker is given: the assignment, its signed ticket, and the reward."""

    assignment: Assignment
    ticket: str
    reward: Money
    title: str


class ClaimTask:
    """Claims are safe by one conditional write (`Tasks.take`); all before it is only a good guess.

    Repeating a claim with its key returns the same assignment.
    """

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        work: OpenWork,
        eligibility: Eligibility,
        choose: ChooseBatch,
        schedule: ScheduleKnown,
        tickets: Tickets,
        clock: Clock,
        ids: IdFactory,
        randomness: random.Random,
        pseudonym_key: bytes,
    ) -> None:
        self._store = store
        self._reader = reader
        self._work = work
        self._eligibility = eligibility
        self._choose = choose
        self._schedule = schedule
        self._tickets = tickets
        self._clock = clock
        self._ids = ids
        self._random = randomness
        self._pseudonym_key = pseudonym_key

    def __call__(
        self,
        worker_id: WorkerId,
        claim_key: str,
        *,
        batch_id: BatchId | None = None,
        device: str | None = None,
    ) -> Claim | None:
        """Return a claim, or None where there is nothing for this worker.

        Raises NotFound for an unknown batch, ClaimKeyReused, TooManyLeases, AlreadyClaimed.
        """
        # The key is asked about only where its unique index refuses it, or where nothing is found:
        # the first claim with a key is the common one.
        batch = None if batch_id is None else self._batch(batch_id)
        if self._work.was_full(worker_id):
            # To look costs less than a write that is refused.
            earlier = self._reader.assignments.by_claim_key(worker_id, claim_key)
            if earlier is not None:
                return self._again(earlier, batch_id)
            self._work.note_places(worker_id, self._free_place(worker_id) - 1)
        for one in self._choose(worker_id, batch, device):
            given = self._claim_of_batch(one, worker_id, claim_key)
            if given is not None:
                return self._again(given, batch_id)
        earlier = self._reader.assignments.by_claim_key(worker_id, claim_key)
        if earlier is not None:
            return self._again(earlier, batch_id)
        self._free_place(worker_id)
        self._choose.note_nothing(worker_id, batch, device)
        return None

    def several(
        self, worker_id: WorkerId, claim_key: str, count: int, **wanted: Any
    ) -> list[Claim]:
        """As many claims as there are and he may hold, at most `count`, each with a key that
        follows from this one. Raises what one claim raises where there is not even one.
        """
        made: list[Claim] = []
        for number in range(count):
            try:
                one = self(worker_id, further_key(claim_key, number), **wanted)
            except TooManyLeases:
                if not made:
                    raise
                break
            if one is None:
                break
            made.append(one)
        return made

    def _claim_of_batch(
        self, batch: Batch, worker_id: WorkerId, claim_key: str
    ) -> Assignment | None:
        for _ in range(_SAME_MOMENT_MAX):
            try:
                return self._claim_by_schedule(batch, worker_id, claim_key)
            except Overtaken:
                continue
        raise AlreadyClaimed("You are asking too often at the same moment; ask again")

    def _claim_by_schedule(
        self, batch: Batch, worker_id: WorkerId, claim_key: str
    ) -> Assignment | None:
        turn = self._schedule(batch, worker_id)
        wants_known = turn is not None and turn.wanted
        for task in self._work.candidates(batch, worker_id, known=wants_known):
            turns = self._eligibility.turns(batch, worker_id)
            if turns is None:
                return None
            wanted = self._assignment(batch, task.task_id, worker_id, claim_key)
            note = partial(turn.note, known=task.known) if turn else None
            given = self._take(wanted, batch, turns, note)
            if given == wanted:
                self._work.note_taken(batch.batch_id, task, worker_id)
                self._work.note_served(batch, given.claimed_at)
            if given is not None:
                return given
        return None

    def why_not(
        self, worker_id: WorkerId, batch_id: BatchId, *, device: str | None = None
    ) -> str | None:
        """Why a claim of this batch would be given nothing now, as a stable code; None where it
        would be given something. Asks what a claim asks, in its order. Raises NotFound.
        """
        batch = self._batch(batch_id)
        taken = self._reader.assignments.places_taken(worker_id)
        if len(taken) >= self._work.policy().held_max:
            return TooManyLeases.code
        reasons = self.reasons(worker_id, batch_id, device=device)
        if reasons:
            return reasons[0].code
        return None if self._work.has_any(batch, worker_id) else NOTHING_LEFT

    def reasons(
        self, worker_id: WorkerId, batch_id: BatchId, *, device: str | None = None
    ) -> list[Reason]:
        """Every reason for which the batch is not for this worker. Raises NotFound."""
        profile = self._reader.workers.get(worker_id)
        return self._eligibility.reasons(self._batch(batch_id), worker_id, profile, device)

    def _again(self, earlier: Assignment, batch_id: BatchId | None) -> Claim:
        if batch_id not in (None, earlier.batch_id):
            raise ClaimKeyReused(
                "This Idempotency-Key was used for work of another batch", batch_id=batch_id
            )
        return self.claim_of(earlier)

    def _free_place(self, worker_id: WorkerId) -> int:
        """One of the worker's places for leases that is free. Raises TooManyLeases."""
        taken = self._reader.assignments.places_taken(worker_id)
        held_max = self._work.policy().held_max
        free = [place for place in range(held_max) if place not in taken]
        if not free:
            self._work.note_places(worker_id, None)
            raise TooManyLeases(
                "Finish or return one of the items you hold first", held_max=held_max
            )
        return free[self._random.randrange(len(free))]

    def claim_of(self, assignment: Assignment) -> Claim:
        """The claim an assignment stands for, with a fresh signature over the same ticket."""
        return self._claim(assignment, self._batch(assignment.batch_id))

    def _batch(self, batch_id: BatchId) -> Batch:
        batch = self._work.batch(batch_id)
        if batch is None:
            raise NotFound("There is no such batch", batch_id=batch_id)
        return batch

    def _claim(self, assignment: Assignment, batch: Batch) -> Claim:
        ticket = Ticket(
            assignment_id=assignment.assignment_id,
            task_id=assignment.task_id,
            batch_id=assignment.batch_id,
            pseudonym=assignment.pseudonym,
            claimed_at=assignment.claimed_at,
            deadline=assignment.deadline,
        )
        return Claim(assignment, self._tickets.sign(ticket), batch.reward, batch.title)

    def _take(
        self, wanted: Assignment, batch: Batch, turns: Turns, note: Note | None
    ) -> Assignment | None:
        """Take a slot of the task, or return what this key was given before."""
        place = self._work.place_for(wanted.worker_id)
        for _ in range(_SAME_MOMENT_MAX):
            try:
                return self._try(wanted, place, turns, note)
            except AlreadyClaimed:
                earlier = self._reader.assignments.by_claim_key(wanted.worker_id, wanted.claim_key)
                if earlier is not None:
                    return earlier
                # The place or turn is taken, by an older lease or another claim of this moment.
                place = self._free_place(wanted.worker_id)
                self._work.note_places(wanted.worker_id, place)
                free = self._eligibility.turns(batch, wanted.worker_id)
                if free is None:
                    return None
                turns = free
        raise AlreadyClaimed("You are asking too often at the same moment; ask again")

    def _try(
        self, assignment: Assignment, place: int, turns: Turns, note: Note | None
    ) -> Assignment | None:
        def work(session: Session) -> None:
            session.tasks.take(assignment.task_id, assignment.worker_id)
            session.assignments.add(assignment, place, turns.whole, turns.today)
            if note is not None:
                note(session)
            session.emit(claimed(assignment))

        # What is noted is looked at as soon as it is written; all else is sent at once.
        transact = self._store.write if note is None else self._store.run
        try:
            transact(work)
        except SlotTaken:
            return None
        return assignment

    def _assignment(
        self, batch: Batch, task_id: TaskId, worker_id: WorkerId, claim_key: str
    ) -> Assignment:
        now = self._clock.now()
        return Assignment(
            assignment_id=AssignmentId(self._ids.new("assignment")),
            task_id=task_id,
            batch_id=batch.batch_id,
            requester_id=batch.requester_id,
            worker_id=worker_id,
            pseudonym=pseudonym_of(self._pseudonym_key, batch.requester_id, worker_id),
            claimed_at=now,
            deadline=now + timedelta(seconds=batch.lease_seconds),
            claim_key=claim_key,
        )
