"""Bonuses: what a requester adds to the pay of one answer."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.task.batches import OWNER, TOPIC
from crowdloom.kernel.ids import AssignmentId, BatchId, RequesterId, SubmissionId
from crowdloom.kernel.money import Money


@event(
    "task.bonus.granted.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "bonus_id": ex.BONUS,
        "submission_id": ex.SUBMISSION,
        "assignment_id": ex.ASSIGNMENT,
        "batch_id": ex.BATCH,
        "requester_id": ex.REQUESTER,
        "amount": ex.FIVE_CENTS,
        "reason": "Every source is named.",
        "granted_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class BonusGranted(Event):
    """To be paid from the requester's wallet to whoever held the assignment, and the published fee
    with it. Nothing is reserved for it: it is settled or declined.
    """

    bonus_id: str
    submission_id: SubmissionId
    assignment_id: AssignmentId
    batch_id: BatchId
    requester_id: RequesterId
    amount: Money
    reason: str
    granted_at: datetime
