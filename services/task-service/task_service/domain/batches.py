"""Batches: tasks published together under the same terms, and the states they go through."""

from dataclasses import dataclass, replace
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
    WANTED_SECONDS_MAX,
    WANTED_SECONDS_MIN,
)

from task_service.domain.errors import NothingToPublish, WrongBatchStatus
from task_service.domain.known_answers import known_fields
from task_service.domain.requirements import Requirements


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
    """What was announced to workers, and what a slot costs: reward, fee and the VAT on the fee, by
    a rate that holds from its publication on. `wanted_seconds`: so soon after it opens all answers
    are wanted; None where it does not press.
    """

    redundancy: int
    reward: Money
    fee: Money
    lease_seconds: int
    auto_accept_seconds: int
    wanted_seconds: int | None = None
    vat_basis_points: int = 0

    @property
    def vat(self) -> Money:
        """Half a unit up, at the ledger's scale."""
        return self.fee.share(self.vat_basis_points)

    @property
    def slot_cost(self) -> Money:
        return self.reward + self.fee + self.vat

    def cost_of(self, task_count: int) -> Money:
        return self.slot_cost * (task_count * self.redundancy)


@dataclass(frozen=True)
class Declined:
    """Why the last wish for funds was declined, and how much was missing."""

    code: str
    needed: Money
    missing: Money


class AdditionStatus(StrEnum):
    """`asked` waits for the funds; `funded` has them, and its tasks join the batch's."""

    DRAFT = "draft"
    ASKED = "asked"
    FUNDED = "funded"


@dataclass(frozen=True)
class AddedTable:
    """`held_back`: these rows were the batch's own, and waited for a pilot."""

    table_id: str
    task_count: int
    held_back: bool = False


@dataclass(frozen=True)
class Addition:
    """What a published batch is to get more of: the rows of tables of their own, in that order, and
    the redundancy, reward and fee that are to hold for the whole batch. `version` counts changes;
    `revision` is the wish for funds it was asked with.
    """

    status: AdditionStatus
    version: int
    redundancy: int
    reward: Money
    fee: Money
    tables: tuple[AddedTable, ...] = ()
    revision: int | None = None
    declined: Declined | None = None

    @property
    def task_count(self) -> int:
        return sum(table.task_count for table in self.tables)


@dataclass(frozen=True)
class Widening:
    """Chunks released before the redundancy grew, from `next_chunk` to before `until_chunk`, are
    released again with `by` slots more a task.
    """

    by: int
    next_chunk: int
    until_chunk: int


@dataclass(frozen=True)
class Batch:
    """`table_id` names the tasks that belong to it, in `chunk_count` chunks of at most
    TASKS_PER_EVENT_MAX, each released at once; `revision` counts wishes for funds;
    `withdrawn_count` are slots that a cancellation took back; the counts of open and leased slots
    come from matching-service and lag behind a little. `earlier_units` is by how much what was
    accepted before a raise cost less than it would now: not above zero. `has_marks`: the requester
    marked rows with their known answers, beside those of the table.
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
    addition: Addition | None = None
    archived: bool = False
    requirements: Requirements | None = None
    widening: Widening | None = None
    earlier_units: int = 0
    has_marks: bool = False

    @property
    def has_known(self) -> bool:
        """Whether an answer to one of its rows may be known."""
        return self.has_marks or bool(known_fields(self.columns))

    @property
    def slot_count(self) -> int:
        return self.task_count * self.terms.redundancy

    @property
    def cost(self) -> Money:
        return self.terms.cost_of(self.task_count) + self._earlier

    def spent(self, accepted_count: int) -> Money:
        """What so many accepted answers cost, fees and VAT included."""
        return self.terms.slot_cost * accepted_count + self._earlier

    @property
    def _earlier(self) -> Money:
        return Money(self.earlier_units, self.terms.reward.currency)

    @property
    def grows(self) -> bool:
        """Whether more of it was asked for that is not all in place yet."""
        asked = self.addition is not None and self.addition.status is not AdditionStatus.DRAFT
        return asked or self.widening is not None

    def slot_cost_of(self, addition: Addition) -> Money:
        """By the rate of VAT that the batch has."""
        terms = replace(self.terms, reward=addition.reward, fee=addition.fee)
        return terms.slot_cost

    def growth_cost(self, addition: Addition, settled_count: int) -> Money:
        """What an addition costs beyond what is reserved for the slots that are not settled."""
        left = max(0, self.slot_count - self.withdrawn_count - settled_count)
        slots = (self.task_count + addition.task_count) * addition.redundancy
        more = slots - self.slot_count
        now, then = self.terms.slot_cost, self.slot_cost_of(addition)
        return then * (left + more) - now * left

    def check_status(self, *allowed: BatchStatus) -> None:
        """Raises WrongBatchStatus."""
        if self.status not in allowed:
            raise WrongBatchStatus(
                "The batch is %(batch_status)s; this needs it to be %(needed)s",
                batch_status=str(self.status),
                needed=" or ".join(allowed),
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
    if terms.wanted_seconds is not None:
        bounds["wanted_seconds"] = (terms.wanted_seconds, WANTED_SECONDS_MIN, WANTED_SECONDS_MAX)
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
