"""Batches as the queue shows them: a card that events fill in, whatever order they come in."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from crowdloom.kernel.money import Money


@dataclass(frozen=True)
class Growth:
    """What holds since the batch grew for the `revision`-th time."""

    revision: int
    reward: Money
    task_count: int
    redundancy: int


@dataclass(frozen=True)
class BatchTerms:
    """What was published, or holds since the batch grew. `qualifications` are those that are asked
    for; `languages` those of which one is to be known, where that is another than its own.
    """

    project_id: ProjectId
    requester_id: RequesterId
    requester_name: str
    title: str
    description: str
    reward: Money
    task_count: int
    redundancy: int
    lease_seconds: int
    auto_accept_seconds: int
    opened_at: datetime
    language: str | None
    qualifications: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def asked_languages(self) -> tuple[str, ...]:
        """One of these is to be known; none where any will do."""
        return self.languages or ((self.language,) if self.language else ())


@dataclass(frozen=True)
class BatchCard:
    """`switch` is the id of the newest pause or resumption (ids sort by time); `chunks` the slot
    count of each released chunk; `open_slot_count` matching-service's newest count, if any.
    """

    batch_id: BatchId
    terms: BatchTerms | None = None
    growth: Growth | None = None
    paused: bool = False
    switch: str = ""
    cancelled: bool = False
    completed: bool = False
    chunks: dict[str, int] = field(default_factory=dict)
    open_slot_count: int | None = None
    counted_at: datetime | None = None

    @property
    def left_count(self) -> int:
        """Items one may still take: matching's count, else all that was released."""
        if self.open_slot_count is not None:
            return self.open_slot_count
        return sum(self.chunks.values())

    @property
    def listed(self) -> bool:
        """Whether the queue shows the batch."""
        over = self.paused or self.cancelled or self.completed
        return self.terms is not None and not over and self.left_count > 0

    def opened(self, terms: BatchTerms) -> "BatchCard":
        return replace(self, terms=_in_force(terms, self.growth))

    def grown(self, growth: Growth) -> "BatchCard":
        """The newest growth holds."""
        if self.growth is not None and growth.revision <= self.growth.revision:
            return self
        terms = None if self.terms is None else _in_force(self.terms, growth)
        return replace(self, terms=terms, growth=growth)

    def switched(self, event_id: str, *, paused: bool) -> "BatchCard":
        """The newest of pause and resumption holds."""
        if event_id <= self.switch:
            return self
        return replace(self, paused=paused, switch=event_id)

    def released(self, chunk: int, slot_count: int) -> "BatchCard":
        return replace(self, chunks={**self.chunks, str(chunk): slot_count})

    def progressed(self, open_slot_count: int, counted_at: datetime) -> "BatchCard":
        """The newest count holds."""
        if self.counted_at is not None and counted_at <= self.counted_at:
            return self
        return replace(self, open_slot_count=open_slot_count, counted_at=counted_at)

    def closed(self, *, cancelled: bool = False, completed: bool = False) -> "BatchCard":
        return replace(
            self,
            cancelled=self.cancelled or cancelled,
            completed=self.completed or completed,
        )


def _in_force(terms: BatchTerms, growth: Growth | None) -> BatchTerms:
    if growth is None:
        return terms
    return replace(
        terms,
        reward=growth.reward,
        task_count=growth.task_count,
        redundancy=growth.redundancy,
    )
