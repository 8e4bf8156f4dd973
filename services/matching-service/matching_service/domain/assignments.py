"""Assignments: one worker's lease on one slot, and when it is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, RequesterId, TaskId, WorkerId

from matching_service.domain.errors import LeaseOver, NoMoreTime

EXTENSIONS_MAX = 2
SUBMIT_GRACE = timedelta(seconds=2)
"""How long after the deadline task-service still takes a submission in."""


class AssignmentStatus(StrEnum):
    LEASED = "leased"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Assignment:
    """`extension_keys` are the keys of the wishes for more time that were granted. `confirmed`:
    task-service said that nothing can come of it any more.
    """

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    worker_id: WorkerId
    pseudonym: Pseudonym
    claimed_at: datetime
    deadline: datetime
    claim_key: str
    status: AssignmentStatus = AssignmentStatus.LEASED
    extension_keys: tuple[str, ...] = ()
    confirmed: bool = False

    def check_held(self) -> None:
        """Raises LeaseOver unless the worker still holds it."""
        if self.status is not AssignmentStatus.LEASED:
            raise LeaseOver("You do not hold this item any more", status=str(self.status))

    def extended_deadline(self, *, lease_seconds: int) -> datetime:
        """Raises LeaseOver or NoMoreTime."""
        self.check_held()
        if len(self.extension_keys) >= EXTENSIONS_MAX:
            raise NoMoreTime("This item was prolonged as often as it can be", count=EXTENSIONS_MAX)
        return self.deadline + timedelta(seconds=lease_seconds)


def expired_before(watermark: datetime) -> datetime:
    """Leases with a deadline before this instant should have no submission we have not read."""
    return watermark - SUBMIT_GRACE
