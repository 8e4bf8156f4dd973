"""What a requester writes to one worker, by pseudonym: nobody else reads it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, RequesterId

LETTERS_MAX = 3
"""To one worker within LETTERS_WINDOW: who does not answer is left in peace."""
LETTERS_WINDOW = timedelta(days=1)


class LettersStopped(Conflict):
    """An operator has the requester write no more of them, after one was reported."""

    code = "letters_stopped"


@dataclass(frozen=True)
class Letter:
    """`assignment_id` is of the worker's newest answer, by which it finds him. `report` is what he
    says is wrong with it; `judged_at` is when an operator had looked at that.
    """

    letter_id: str
    requester_id: RequesterId
    pseudonym: Pseudonym
    assignment_id: AssignmentId
    batch_id: BatchId
    text: str
    said_at: datetime
    report: str = ""
    reported_at: datetime | None = None
    judged_at: datetime | None = None
    judged_by: str | None = None
