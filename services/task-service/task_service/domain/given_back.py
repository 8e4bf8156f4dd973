"""Items that workers gave back, with what they said about them; never who."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel.ids import AssignmentId, BatchId, TaskId

PROBLEMS = frozenset({"broken", "unclear", "underpaid", "language"})
"""Reasons that say something of the item; who skips one says nothing."""


@dataclass(frozen=True)
class GivenBack:
    """`reason` is one of matching-service's RETURN_REASONS, None where none was said."""

    assignment_id: AssignmentId
    batch_id: BatchId
    task_id: TaskId
    reason: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True)
class Complaints:
    """Of a batch: how often each reason was said, the most frequent first, and the tasks that were
    called broken, the most often so first.
    """

    counts: Sequence[tuple[str | None, int]]
    broken: Sequence[tuple[TaskId, int]]
    notes: Sequence[GivenBack]
    n: int


def complaints_of(given_back: Sequence[GivenBack]) -> Complaints:
    """From the newest items that were given back, the newest first."""
    broken = Counter(one.task_id for one in given_back if one.reason == "broken")
    return Complaints(
        counts=Counter(one.reason for one in given_back).most_common(),
        broken=broken.most_common(),
        notes=[one for one in given_back if one.note],
        n=len(given_back),
    )
