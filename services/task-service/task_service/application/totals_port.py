"""Counting what was accepted, as `tell_totals` needs it. The same contract as in `ports`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from crowdloom.kernel.ids import BatchId


@dataclass(frozen=True)
class Accepted:
    """How many submissions of a batch were accepted on a day; `overturned_count` of them, besides,
    after they had been rejected.
    """

    accepted_count: int
    overturned_count: int


class Totals(Protocol):
    def told_to(self) -> datetime | None:
        """Up to when it was told; None where it never was."""
        ...

    def tell(self, *, was: datetime | None, now: datetime) -> bool:
        """Note that it is told up to `now`; returns whether nobody else has told since `was`."""
        ...

    def touched(
        self, since: datetime | None, until: datetime, count_max: int
    ) -> tuple[set[tuple[BatchId, date]], datetime]:
        """Batches and days with anything accepted, or rejected, after `since`, and until when that
        is all.
        """
        ...

    def accepted(self, batch_id: BatchId, first: datetime, last: datetime) -> Accepted:
        """Both moments included."""
        ...

    def settled_slots(self, batch_id: BatchId, until: datetime) -> int:
        """Slots that were accepted, or closed by a rejection, up to a moment."""
        ...
