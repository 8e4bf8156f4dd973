"""Letters of requesters that workers report. They name the assignment alone: task-service may read
them.
"""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.worker.profiles import OWNER
from crowdloom.kernel.ids import AssignmentId

TOPIC = "worker.letters"


@event(
    "worker.letter.reported.v1",
    owner=OWNER,
    topic=TOPIC,
    key="assignment_id",
    example={
        "message_id": ex.MESSAGE,
        "assignment_id": ex.ASSIGNMENT,
        "reason": "It asks me to write to an address outside.",
        "reported_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class LetterReported(Event):
    """Whoever a requester wrote to asks an operator to look at it. One per letter."""

    message_id: str
    assignment_id: AssignmentId
    reason: str
    reported_at: datetime
