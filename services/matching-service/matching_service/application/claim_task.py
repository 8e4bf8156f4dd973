"""A worker asks for work: one slot of one task, one lease, one ticket."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdloom.chassis.tickets import Ticket
from crowdloom.kernel import Clock, IdFactory, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId, TaskId, WorkerId
from crowdloom.kernel.limits import LEASES_PER_WORKER_MAX

from matching_service.application.ports import Reader, Session, Store, Tickets
from matching_service.application.translate import claimed
from matching_service.domain.assignments import Assignment
from matching_service.domain.batches import Batch, BatchStatus, why_not
from matching_service.domain.errors import AlreadyClaimed, ClaimKeyReused, TooManyLeases
from matching_service.domain.pools import drawn
from matching_service.domain.pseudonyms import pseudonym_of
from matching_service.domain.routing import in_order_of_need

NOTHING_LEFT = "nothing_left"
"""Every open slot of the batch is of a task that this worker was given before, or there is none."""
_POOLS_TRIED_MAX = 4
_CANDIDATES_TRIED_MAX = 8
_LAST_CANDIDATES_MAX = 64
_SERVED_RESOLUTION = timedelta(seconds=1)
_SAME_MOMENT_MAX = LEASES_PER_WORKER_MAX


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
        tickets: Tickets,
        clock: Clock,
        ids: IdFactory,
        randomness: random.Random,
        pseudonym_key: bytes,
    ) -> None:
        self._store = store
        self._reader = reader
        self._tickets = tickets
        self._clock = clock
        self._ids = ids
        self._random = randomness
        self._pseudonym_key = pseudonym_key

    def __call__(
        self, worker_id: WorkerId, claim_key: str, *, batch_id: BatchId | None = None
    ) -> Claim | None:
        """Return a claim, or None where there is nothing for this worker.

        Raises NotFound for an unknown batch, ClaimKeyReused, TooManyLeases, AlreadyClaimed.
        """
        earlier = self._reader.assignments.by_claim_key(worker_id, claim_key)
        if earlier is not None:
            return self._again(earlier, batch_id)
        place = self._free_place(worker_id)
        for batch in self._batches_for(worker_id, batch_id):
            for task_id in self._candidates(batch, worker_id):
                wanted = self._assignment(batch, task_id, worker_id, claim_key)
                assignment = self._take(wanted, place)
                if assignment is not None:
                    self._note_served(batch, assignment.claimed_at)
                    return self._claim(assignment, batch)
        return None

    def why_not(self, worker_id: WorkerId, batch_id: BatchId) -> str | None:
        """Why a claim of this batch would be given nothing now, as a stable code; None where it
        would be given something. Asks what a claim asks, in its order. Raises NotFound.
        """
        batch = self._batch(batch_id)
        if len(self._reader.assignments.places_taken(worker_id)) >= LEASES_PER_WORKER_MAX:
            return TooManyLeases.code
        unfit = why_not(batch, self._reader.workers.get(worker_id))
        if unfit is not None:
            return unfit
        return None if any(self._candidates(batch, worker_id)) else NOTHING_LEFT

    def _again(self, earlier: Assignment, batch_id: BatchId | None) -> Claim:
        if batch_id not in (None, earlier.batch_id):
            raise ClaimKeyReused(
                "This Idempotency-Key was used for work of another batch", batch_id=batch_id
            )
        return self.claim_of(earlier)

    def _free_place(self, worker_id: WorkerId) -> int:
        """One of the worker's places for leases that is free. Raises TooManyLeases."""
        taken = self._reader.assignments.places_taken(worker_id)
        free = [place for place in range(LEASES_PER_WORKER_MAX) if place not in taken]
        if not free:
            raise TooManyLeases(
                "Finish or return one of the items you hold first", held_max=LEASES_PER_WORKER_MAX
            )
        return free[self._random.randrange(len(free))]

    def claim_of(self, assignment: Assignment) -> Claim:
        """The claim an assignment stands for, with a fresh signature over the same ticket."""
        return self._claim(assignment, self._batch(assignment.batch_id))

    def _batch(self, batch_id: BatchId) -> Batch:
        batch = self._reader.batches.get(batch_id)
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

    def _note_served(self, batch: Batch, now: datetime) -> None:
        # Once a second is enough to be fair, and keeps the batch from being written by all.
        if batch.served_at is None or now - batch.served_at >= _SERVED_RESOLUTION:
            self._reader.batches.note_served(batch.batch_id, now)

    def _batches_for(self, worker_id: WorkerId, batch_id: BatchId | None) -> list[Batch]:
        if batch_id is None:
            batches = self._reader.batches.with_status(BatchStatus.OPEN)
        else:
            batches = [self._batch(batch_id)]
        profile = self._reader.workers.get(worker_id)
        fitting = [batch for batch in batches if why_not(batch, profile) is None]
        return in_order_of_need(fitting, self._random)

    def _candidates(self, batch: Batch, worker_id: WorkerId) -> Iterator[TaskId]:
        """Some tasks worth trying, from pools drawn by chance. Where these have nothing, there is
        little left for this worker, and it is looked for by the index over open slots.
        """
        tasks = self._reader.tasks
        for pool in drawn(batch.batch_id, batch.pool_counts, _POOLS_TRIED_MAX, self._random):
            found = tasks.in_pool(pool, worker_id)
            self._random.shuffle(found)
            yield from found[:_CANDIDATES_TRIED_MAX]
        last = tasks.anywhere(batch.batch_id, worker_id, _LAST_CANDIDATES_MAX)
        self._random.shuffle(last)
        yield from last

    def _take(self, wanted: Assignment, place: int) -> Assignment | None:
        """Take a slot of the task, or return what this key was given at the same moment."""
        for _ in range(_SAME_MOMENT_MAX):
            try:
                return self._try(wanted, place)
            except AlreadyClaimed:
                earlier = self._reader.assignments.by_claim_key(wanted.worker_id, wanted.claim_key)
                if earlier is not None:
                    return earlier
                # Another claim of this worker took the place meanwhile.
                place = self._free_place(wanted.worker_id)
        raise AlreadyClaimed("You are asking too often at the same moment; ask again")

    def _try(self, assignment: Assignment, place: int) -> Assignment | None:
        def work(session: Session) -> bool:
            if not session.tasks.take(assignment.task_id, assignment.worker_id):
                return False
            session.assignments.add(assignment, place)
            session.emit(claimed(assignment))
            return True

        return assignment if self._store.run(work) else None

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
