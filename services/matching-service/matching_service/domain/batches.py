"""Batches as matching knows them, and who may see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId

from matching_service.domain.requirements import (
    NO_REQUIREMENTS,
    Asker,
    Reason,
    Requirements,
    unmet,
)


class BatchStatus(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


def status_of(*, paused: bool, cancelled: bool, completed: bool) -> BatchStatus:
    """The status that follows from what was said of a batch, in whatever order it was heard."""
    if completed:
        return BatchStatus.COMPLETED
    if cancelled:
        return BatchStatus.CANCELLED
    return BatchStatus.PAUSED if paused else BatchStatus.OPEN


@dataclass(frozen=True)
class PayPerHour:
    """Measured from claim to submission over the last `n` answers; quartiles of money an hour."""

    p25: Money
    p75: Money
    n: int


@dataclass(frozen=True)
class Batch:
    """Of its chunks of tasks, those below `chunks_heard` were heard of, or most of them.
    `open_slot_count` and `leased_slot_count` are counted every few seconds, None before that.
    `requester_served_at` is when somebody was last given work of any batch of its requester, where
    it was looked up. Of `answer_count` answers `newcomer_answer_count` came from workers who had
    given few till then. `known_count` counts the tasks that were ever marked as known.
    `recounted_count` answers were found at `recounted_at`, when they were last counted anew.
    """

    batch_id: BatchId
    requester_id: RequesterId
    requester_name: str
    title: str
    description: str
    language: str | None
    reward: Money
    task_count: int
    redundancy: int
    lease_seconds: int
    status: BatchStatus
    opened_at: datetime
    chunks_heard: int = 0
    open_slot_count: int | None = None
    leased_slot_count: int | None = None
    served_at: datetime | None = None
    requester_served_at: datetime | None = None
    pay_per_hour: PayPerHour | None = None
    requirements: Requirements = NO_REQUIREMENTS
    task_type: str | None = None
    wanted_at: datetime | None = None
    project_id: ProjectId | None = None
    known_count: int = 0
    choice_count: int | None = None
    answer_count: int = 0
    newcomer_answer_count: int = 0
    recounted_at: datetime | None = None
    recounted_count: int | None = None

    @property
    def project(self) -> str:
        """By what known items are counted; a batch of before that was told is one of its own."""
        return self.project_id or self.batch_id


@dataclass(frozen=True)
class SlotCounts:
    """Slots of a batch by what became of them: `wanted` is published and reopened ones less the
    withdrawn ones, `submitted` the answers that were received.
    """

    wanted: int
    submitted: int

    def open_beside(self, leased: int) -> int:
        """How many nobody holds. Never below zero: the parts are not counted at one instant."""
        return max(0, self.wanted - self.submitted - leased)


def explain(batch: Batch, asker: Asker) -> list[Reason]:
    """Every reason for which this worker may not be given work of the batch; none where he may.
    The queue, a claim and "why can't I see this?" all ask here.
    """
    reasons = []
    if batch.status is not BatchStatus.OPEN:
        reasons.append(Reason(f"batch_{batch.status}"))
    if asker.profile.closed:
        reasons.append(Reason("account_closed"))
    if batch.project in asker.profile.stopped:
        reasons.append(Reason("known_missed"))
    return [*reasons, *unmet(batch.requirements, batch.language, asker, batch.task_type)]
