"""What a worker may do with an assignment he holds: look, ask for more time, give it back."""

from dataclasses import replace

from crowdloom.contracts.matching import RETURN_REASONS, AssignmentReturned, TicketRevoked
from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId

from matching_service.application.claim_task import Claim, ClaimTask
from matching_service.application.ports import Reader, Session, Store
from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.errors import LeaseOver

NOTE_CHARACTERS_MAX = 500


class HoldAssignment:
    """An assignment of somebody else is answered like one that does not exist."""

    def __init__(
        self, *, store: Store, reader: Reader, clock: Clock, claim_task: ClaimTask
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._claim_task = claim_task

    def held(self, worker_id: WorkerId) -> list[Assignment]:
        return self._reader.assignments.held_by(worker_id)

    def next_held(
        self, worker_id: WorkerId, after: AssignmentId, batch_id: BatchId | None
    ) -> Claim | None:
        """Of several that he took at once, the one that was taken after this one, and whose time is
        not over.
        """
        waiting = sorted(one.assignment_id for one in self._beside(worker_id, after, batch_id))
        following = next((name for name in waiting if name > after), None)
        return None if following is None else self.get(worker_id, following)

    def holds_beside(self, worker_id: WorkerId, assignment: Assignment) -> bool:
        """Whether he holds other items of the batch."""
        return bool(self._beside(worker_id, assignment.assignment_id, assignment.batch_id))

    def _beside(
        self, worker_id: WorkerId, name: AssignmentId, batch_id: BatchId | None
    ) -> list[Assignment]:
        now = self._clock.now()
        return [
            one
            for one in self.held(worker_id)
            if one.assignment_id != name and batch_id in (None, one.batch_id) and one.deadline > now
        ]

    def get(self, worker_id: WorkerId, assignment_id: AssignmentId) -> Claim:
        """Raises NotFound."""
        return self._claim_task.claim_of(self._own(worker_id, assignment_id))

    def extend(self, worker_id: WorkerId, assignment_id: AssignmentId, key: str) -> Claim:
        """Prolong the lease by its full length; once for each key, however often it is sent.

        Raises NotFound, LeaseOver, NoMoreTime.
        """
        assignment = self._own(worker_id, assignment_id)
        if key in assignment.extension_keys:
            return self._claim_task.claim_of(assignment)
        batch = self._reader.batches.get(assignment.batch_id)
        if batch is None:
            raise NotFound("There is no such batch", batch_id=assignment.batch_id)
        deadline = assignment.extended_deadline(
            lease_seconds=batch.lease_seconds,
            extensions_max=self._reader.policies.current().policy.extensions_max,
        )
        if not self._store.run(lambda s: s.assignments.prolong(assignment, deadline, key)):
            raise LeaseOver("The item changed meanwhile; look at it again")
        return self._claim_task.claim_of(replace(assignment, deadline=deadline))

    def give_back(
        self,
        worker_id: WorkerId,
        assignment_id: AssignmentId,
        *,
        reason: str | None = None,
        note: str | None = None,
    ) -> None:
        """Return the assignment unanswered. Its slot opens again once task-service has confirmed
        that the ticket is honoured no more. Repeating it changes nothing. Raises LeaseOver.

        A reason that is none of RETURN_REASONS is dropped, a note cut to NOTE_CHARACTERS_MAX.
        """
        known = reason if reason in RETURN_REASONS else None
        told = (note or "").strip()[:NOTE_CHARACTERS_MAX] or None
        assignment = self._own(worker_id, assignment_id)
        if assignment.status is AssignmentStatus.RETURNED:
            return
        assignment.check_held()
        now = self._clock.now()

        def work(session: Session) -> bool:
            if not session.assignments.finish(assignment_id, AssignmentStatus.RETURNED, now):
                return False
            session.emit(
                AssignmentReturned(
                    assignment_id=assignment_id,
                    task_id=assignment.task_id,
                    batch_id=assignment.batch_id,
                    worker_id=worker_id,
                    returned_at=now,
                    reason=known,
                ),
                TicketRevoked(
                    assignment_id=assignment_id,
                    task_id=assignment.task_id,
                    batch_id=assignment.batch_id,
                    reason=known,
                    note=told,
                ),
            )
            return True

        if not self._store.run(work):
            raise LeaseOver("You do not hold this item any more")

    def _own(self, worker_id: WorkerId, assignment_id: AssignmentId) -> Assignment:
        assignment = self._reader.assignments.get(assignment_id)
        if assignment is None or assignment.worker_id != worker_id:
            raise NotFound("There is no such assignment", assignment_id=assignment_id)
        return assignment
