"""Batches: tasks published together under the same terms, and the states they go through."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from crowdloom.kernel.limits import (
    AUTO_ACCEPT_SECONDS_MAX,
    LEASE_SECONDS_MAX,
    LEASE_SECONDS_MIN,
    REDUNDANCY_MAX,
    REWARD_MINOR_MAX,
    TASKS_PER_EVENT_MAX,
)

from task_service.domain.errors import NothingToPublish, WrongBatchStatus


class BatchStatus(StrEnum):
    DRAFT = "draft"
    FUNDING = "funding"
    OPEN = "open"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


LIVE = (BatchStatus.OPEN, BatchStatus.PAUSED, BatchStatus.CANCELLED)


@dataclass(frozen=True)
class Terms:
    """What was announced to workers, and what a slot costs: reward and fee."""

    redundancy: int
    reward: Money
    fee: Money
    lease_seconds: int
    auto_accept_seconds: int

    def cost_of(self, task_count: int) -> Money:
        return (self.reward + self.fee) * (task_count * self.redundancy)


@dataclass(frozen=True)
class Declined:
    """Why the last wish for funds was declined, and how much was missing."""

    code: str
    needed: Money
    missing: Money


@dataclass(frozen=True)
class Batch:
    """`table_id` names the tasks that belong to it, in `chunk_count` chunks of at most
    TASKS_PER_EVENT_MAX, each released at once; `revision` counts wishes for funds;
    `withdrawn_count` are slots that a cancellation took back; the counts of open and leased slots
    come from matching-service and lag behind a little.
    """

    batch_id: BatchId
    project_id: ProjectId
    requester_id: RequesterId
    title: str
    terms: Terms
    status: BatchStatus
    created_at: datetime
    table_id: str | None = None
    columns: tuple[str, ...] = ()
    task_count: int = 0
    chunk_count: int = 0
    revision: int = 0
    released_chunk_count: int = 0
    withdrawn_count: int = 0
    open_slot_count: int | None = None
    leased_slot_count: int | None = None
    declined: Declined | None = None

    @property
    def slot_count(self) -> int:
        return self.task_count * self.terms.redundancy

    @property
    def cost(self) -> Money:
        return self.terms.cost_of(self.task_count)

    def check_status(self, *allowed: BatchStatus) -> None:
        """Raises WrongBatchStatus."""
        if self.status not in allowed:
            raise WrongBatchStatus(
                f"The batch is {self.status}; this needs it to be {' or '.join(allowed)}",
                batch_status=str(self.status),
            )

    def check_publishable(self) -> None:
        """Raises WrongBatchStatus, NothingToPublish."""
        self.check_status(BatchStatus.DRAFT)
        if self.task_count == 0:
            raise NothingToPublish("Add a table first: the batch has no tasks")


def chunks_of(task_count: int) -> int:
    """How many chunks that many tasks fill."""
    return -(-task_count // TASKS_PER_EVENT_MAX)


def check_terms(terms: Terms) -> None:
    """Raises InvalidInput naming every term that is out of bounds."""
    bounds = {
        "redundancy": (terms.redundancy, 1, REDUNDANCY_MAX),
        "lease_seconds": (terms.lease_seconds, LEASE_SECONDS_MIN, LEASE_SECONDS_MAX),
        "auto_accept_seconds": (terms.auto_accept_seconds, 0, AUTO_ACCEPT_SECONDS_MAX),
    }
    errors = {
        name: [f"Must be between {low} and {high}."]
        for name, (value, low, high) in bounds.items()
        if not low <= value <= high
    }
    if (
        not Money.of_minor(1, terms.reward.currency)
        <= terms.reward
        <= Money.of_minor(REWARD_MINOR_MAX, terms.reward.currency)
    ):
        errors["reward"] = ["Must be at least one minor unit, and not absurdly high."]
    if terms.reward.floored_to_minor() != terms.reward:
        errors["reward"] = ["Must be whole minor units."]
    if errors:
        raise InvalidInput("The terms are out of bounds", errors=errors)
