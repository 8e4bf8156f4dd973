"""Batches as matching-service sees them, without a word about who works on them."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.matching.assignments import OWNER
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import AssignmentId, BatchId, TaskId

TOPIC = "matching.batches"


@event(
    "matching.batch.progressed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "open_slot_count": 120,
        "leased_slot_count": 6,
        "counted_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class BatchProgressed(Event):
    """A count for progress bars, at most one every few seconds. The newest `counted_at` wins."""

    batch_id: BatchId
    open_slot_count: int
    leased_slot_count: int
    counted_at: datetime


@event(
    "matching.slots.withdrawn.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"batch_id": ex.BATCH, "revision": 1, "slot_count": 120, "leased_slot_count": 2},
)
@dataclass(frozen=True)
class SlotsWithdrawn(Event):
    """Slots of a cancelled batch that nobody holds and nobody will. `revision` counts from 1
    within the batch: leases that lapse after the cancellation are withdrawn one revision later.
    """

    batch_id: BatchId
    revision: int
    slot_count: int
    leased_slot_count: int


@event(
    "matching.ticket.revoked.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "assignment_id": ex.ASSIGNMENT,
        "task_id": ex.TASK,
        "batch_id": ex.BATCH,
        "reason": "broken",
        "note": "The picture does not load.",
    },
)
@dataclass(frozen=True)
class TicketRevoked(Event):
    """A worker gave an assignment back. task-service is asked to honour its ticket no more, and
    answers with AssignmentClosed, or not at all where a submission was there first. `reason` is one
    of RETURN_REASONS, `note` what the worker wants the requester to know of the task.
    """

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    reason: str | None = None
    note: str | None = None
