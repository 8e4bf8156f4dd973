"""Batches as matching knows them, and who may see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId, RequesterId


class BatchStatus(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


@dataclass(frozen=True)
class PayPerHour:
    """Measured from claim to submission over the last `n` answers; quartiles of money an hour."""

    p25: Money
    p75: Money
    n: int


@dataclass(frozen=True)
class Batch:
    """`chunk_count` chunks of at most 500 tasks; `open_slot_count` is counted every few seconds."""

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
    chunk_count: int = 0
    open_slot_count: int | None = None
    served_at: datetime | None = None
    pay_per_hour: PayPerHour | None = None


@dataclass(frozen=True)
class WorkerProfile:
    """No languages means any language: a worker not heard of yet is turned away from nothing."""

    languages: frozenset[str] = frozenset()


def why_not(batch: Batch, profile: WorkerProfile) -> str | None:
    """Why this worker may not be given work of the batch, as a stable code; None where he may."""
    if batch.status is not BatchStatus.OPEN:
        return f"batch_{batch.status}"
    if batch.language and profile.languages and batch.language not in profile.languages:
        return "other_language"
    return None
