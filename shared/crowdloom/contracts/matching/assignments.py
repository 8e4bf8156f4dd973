"""Assignments: one worker's lease on one slot of one task."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    TaskId,
    WorkerId,
)

OWNER = "matching-service"
TOPIC = "matching.assignments"
RETURN_REASONS = ("broken", "unclear", "underpaid", "language", "skipped")
_ASSIGNMENT = {
    "assignment_id": ex.ASSIGNMENT,
    "task_id": ex.TASK,
    "batch_id": ex.BATCH,
    "worker_id": ex.WORKER,
}


@event(
    "matching.assignment.claimed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    pii=True,
    example={
        **_ASSIGNMENT,
        "requester_id": ex.REQUESTER,
        "pseudonym": ex.PSEUDONYM,
        "claimed_at": ex.INSTANT,
        "deadline": ex.LATER,
    },
)
@dataclass(frozen=True)
class AssignmentClaimed(Event):
    """A worker holds a slot until the deadline. The only place that links worker and pseudonym."""

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    worker_id: WorkerId
    pseudonym: Pseudonym
    claimed_at: datetime
    deadline: datetime


@event(
    "matching.assignment.returned.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    pii=True,
    example={**_ASSIGNMENT, "returned_at": ex.INSTANT, "reason": "unclear"},
)
@dataclass(frozen=True)
class AssignmentReturned(Event):
    """The worker gave the slot back unanswered. `reason` is one of RETURN_REASONS."""

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    worker_id: WorkerId
    returned_at: datetime
    reason: str | None = None


@event(
    "matching.assignment.expired.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    pii=True,
    example={**_ASSIGNMENT, "expired_at": ex.LATER},
)
@dataclass(frozen=True)
class AssignmentExpired(Event):
    """The lease ran out, and every submission that could have met it has been seen."""

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    worker_id: WorkerId
    expired_at: datetime
