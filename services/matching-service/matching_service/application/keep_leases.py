"""Leases that ran out: past the watermark, and on task-service's word, their slots go back."""

from datetime import datetime

from crowdloom.contracts.matching import AssignmentExpired, TicketRevoked
from crowdloom.kernel import Clock

from matching_service.application.ports import Reader, Session, Store
from matching_service.domain.assignments import Assignment, expired_before

_EXPIRED_AT_ONCE_MAX = 100


class ExpireLeases:
    """Expires what should have no submission any more: the watermark, the least over all partitions
    of task-service's topic, is past the deadline and its grace. Without one, nothing expires.

    A watermark is as good as the clocks it came from, so it alone gives no slot away: the ticket is
    revoked, and the slot opens when task-service confirms that nothing can come of it.
    """

    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many leases expired."""
        watermark = self._reader.watermarks.lowest()
        if watermark is None:
            return 0
        before = expired_before(watermark)
        overdue = self._reader.assignments.overdue(before, _EXPIRED_AT_ONCE_MAX)
        return sum(self._expire(assignment, before) for assignment in overdue)

    def _expire(self, assignment: Assignment, before: datetime) -> bool:
        now = self._clock.now()

        def work(session: Session) -> bool:
            if not session.assignments.expire(assignment.assignment_id, before, now):
                return False
            session.emit(
                AssignmentExpired(
                    assignment_id=assignment.assignment_id,
                    task_id=assignment.task_id,
                    batch_id=assignment.batch_id,
                    worker_id=assignment.worker_id,
                    expired_at=now,
                ),
                TicketRevoked(
                    assignment_id=assignment.assignment_id,
                    task_id=assignment.task_id,
                    batch_id=assignment.batch_id,
                ),
            )
            return True

        return self._store.run(work)
