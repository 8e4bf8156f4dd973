"""Assignments: one worker's lease on one slot, and when it is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, RequesterId, TaskId, WorkerId

from matching_service.domain.errors import LeaseOver, NoMoreTime

REWORK_TIME_MIN = timedelta(days=1)
_REWORK = "rework:"
_FURTHER = ":further:"
SUBMIT_GRACE = timedelta(seconds=2)
"""How long after the deadline task-service still takes a submission in."""


def is_rework(claim_key: str) -> bool:
    """Whether the item was sent back to its worker: nobody claimed it."""
    return claim_key.startswith(_REWORK)


def further_key(claim_key: str, number: int) -> str:
    """Of several that are taken at once with one key, the first has it as it is."""
    return f"{claim_key}{_FURTHER}{number}" if number else claim_key


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

    @property
    def is_timed(self) -> bool:
        """Whether the time from claim to answer is that of the work on it. Of several taken at once
        the others wait for their turn, and what was sent back lies there until its worker sees it.
        """
        return not (is_rework(self.claim_key) or _FURTHER in self.claim_key)

    def reworked(
        self, assignment_id: AssignmentId, *, returned_at: datetime, lease_seconds: int
    ) -> "Assignment":
        """The same slot, the same worker's again: he is not at the screen, so he has a day."""
        return Assignment(
            assignment_id=assignment_id,
            task_id=self.task_id,
            batch_id=self.batch_id,
            requester_id=self.requester_id,
            worker_id=self.worker_id,
            pseudonym=self.pseudonym,
            claimed_at=returned_at,
            deadline=returned_at + max(timedelta(seconds=lease_seconds), REWORK_TIME_MIN),
            claim_key=f"{_REWORK}{assignment_id}",
        )

    def check_held(self) -> None:
        """Raises LeaseOver unless the worker still holds it."""
        if self.status is not AssignmentStatus.LEASED:
            raise LeaseOver("You do not hold this item any more", status=str(self.status))

    def extended_deadline(self, *, lease_seconds: int, extensions_max: int) -> datetime:
        """Raises LeaseOver or NoMoreTime."""
        self.check_held()
        if len(self.extension_keys) >= extensions_max:
            raise NoMoreTime("This item was prolonged as often as it can be", count=extensions_max)
        return self.deadline + timedelta(seconds=lease_seconds)


def expired_before(watermark: datetime) -> datetime:
    """Leases with a deadline before this instant should have no submission we have not read."""
    return watermark - SUBMIT_GRACE
