"""Project talk: what a requester answers to a worker's question, for whoever asked it."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.task.batches import OWNER
from crowdloom.kernel.ids import AssignmentId, BatchId

TOPIC = "task.talk"


@event(
    "task.talk.answered.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "message_id": ex.MESSAGE,
        "assignment_id": ex.ASSIGNMENT,
        "batch_id": ex.BATCH,
        "question": "Does a bot count as a person?",
        "answer": "No: choose neither.",
        "answered_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class TalkAnswered(Event):
    """A requester answered what was asked with this assignment's ticket; the asker reads it. With
    no question the requester wrote first, to whoever did the assignment.
    """

    message_id: str
    assignment_id: AssignmentId
    batch_id: BatchId
    question: str
    answer: str
    answered_at: datetime
