"""Appeals against rejections. They name the assignment alone: task-service may read them."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.worker.profiles import OWNER
from crowdloom.kernel.ids import AssignmentId, BatchId

TOPIC = "worker.appeals"


@event(
    "worker.appeal.opened.v1",
    owner=OWNER,
    topic=TOPIC,
    key="assignment_id",
    example={
        "assignment_id": ex.ASSIGNMENT,
        "batch_id": ex.BATCH,
        "opened_at": ex.INSTANT,
        "decide_by": ex.LATER,
    },
)
@dataclass(frozen=True)
class AppealOpened(Event):
    """A rejection is contested; a neutral reviewer decides by `decide_by`. One per assignment."""

    assignment_id: AssignmentId
    batch_id: BatchId
    opened_at: datetime
    decide_by: datetime


@event(
    "worker.appeal.decided.v1",
    owner=OWNER,
    topic=TOPIC,
    key="assignment_id",
    example={
        "assignment_id": ex.ASSIGNMENT,
        "batch_id": ex.BATCH,
        "upheld": True,
        "reason": "The answer follows the instructions as published.",
        "decided_at": ex.LATER,
    },
)
@dataclass(frozen=True)
class AppealDecided(Event):
    """Final. `upheld` means that the worker was right: the rejection is overturned, and paid."""

    assignment_id: AssignmentId
    batch_id: BatchId
    upheld: bool
    reason: str
    decided_at: datetime
