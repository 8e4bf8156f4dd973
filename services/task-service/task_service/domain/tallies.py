"""How many answers of a batch are in each state."""

from dataclasses import dataclass
from typing import Self

from task_service.domain.submissions import Submission, SubmissionStatus


@dataclass(frozen=True)
class Tally:
    """`closed_slots`: rejected ones whose slot was not opened again. `used_slots`: accepted and
    rejected ones, but for those whose slot was opened again.
    """

    submitted: int = 0
    accepted: int = 0
    rejected: int = 0
    returned: int = 0
    closed_slots: int = 0
    used_slots: int = 0

    @classmethod
    def of_state(cls, status: SubmissionStatus, reopened: bool) -> Self:
        """What one answer counts as; one that was never shown as nothing."""
        if status is SubmissionStatus.CLOSED:
            return cls()
        is_rejected = status is SubmissionStatus.REJECTED
        # An accepted one has reopened nothing unless its rejection was overturned; then the slot
        # is used by whoever has it now.
        is_decided = is_rejected or status is SubmissionStatus.ACCEPTED
        return cls(
            **{str(status): 1},
            closed_slots=int(is_rejected and not reopened),
            used_slots=int(is_decided and not reopened),
        )


def tally_of(submission: Submission) -> Tally:
    """Of a single answer."""
    return Tally.of_state(submission.status, submission.slot_reopened)
