"""What matching-service says: who holds which task (closed to task-service), and how many do."""

from crowdloom.contracts.matching.assignments import (
    RETURN_REASONS,
    AssignmentClaimed,
    AssignmentExpired,
    AssignmentReturned,
)
from crowdloom.contracts.matching.batches import BatchProgressed, SlotsWithdrawn, TicketRevoked

__all__ = [
    "RETURN_REASONS",
    "AssignmentClaimed",
    "AssignmentExpired",
    "AssignmentReturned",
    "BatchProgressed",
    "SlotsWithdrawn",
    "TicketRevoked",
]
