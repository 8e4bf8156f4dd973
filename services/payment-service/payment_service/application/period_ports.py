"""What closing a period needs of the outside world. The same contract as in `ports`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from payment_service.application.journal import AccountBalance
from payment_service.domain.controls import Heard, Told
from payment_service.domain.periods import Period, PeriodState


class Periods(Protocol):
    def get(self, month: str) -> Period:
        """An open one where nothing was ever said of it."""
        ...

    def states(self) -> Mapping[str, PeriodState]:
        """Of all months that anything was ever said of."""
        ...

    def listed(self) -> Sequence[Period]:
        """The same, newest first."""
        ...

    def replace(self, period: Period, *, version: int) -> None:
        """Raises PeriodNotInState where it is no longer the version that was read."""
        ...

    def keep_closing(self, closing: Mapping[str, Any]) -> None:
        """Keep what a closing would store; does nothing where it is known."""
        ...

    def closing(self, closing_id: str) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class Feed:
    """Until when a source of facts was read; None where it never was."""

    name: str
    until: date | None


@dataclass(frozen=True)
class ClosedBefore:
    """The newest close before a month: what was proved then is not read again."""

    closing_id: str
    month: str
    version: int
    sealed_count: int
    seal_head: str

    @property
    def chain(self) -> tuple[int, str]:
        """Where its chain of seals ended."""
        return self.sealed_count, self.seal_head


class PeriodBooks(Protocol):
    """Read outside of transactions. Blocks for as long as it takes to sum what was booked since
    the close before; iterators hold a page, never all.
    """

    def closed_before(self, month: str) -> ClosedBefore | None: ...

    def first_month(self) -> str | None:
        """Of the oldest entry."""
        ...

    def trial(self, month: str) -> Iterator[AccountBalance]:
        """All that was booked up to the end of the period, by path: what the close before stored
        and what moved since.
        """
        ...

    def counted_trial(self, month: str) -> Iterator[AccountBalance]:
        """The same from the balances by day, and from what they have not counted yet."""
        ...

    def keep_trial(self, month: str, version: int, rows: Iterable[AccountBalance]) -> None:
        """Idempotent by month and version; `rows` come by path."""
        ...

    def kept_trial(self, month: str, version: int, *, after: str = "") -> Iterator[AccountBalance]:
        """What was kept, by path, from the one after."""
        ...

    def entry_count(self, month: str) -> int: ...

    def unsealed_count(self, month: str) -> int:
        """Entries of the period that are not in the chain of seals yet."""
        ...

    def unsealed_lately(self, month: str) -> int:
        """The same of what was booked since the last seal."""
        ...

    def drift_count(self, month: str) -> int:
        """Kept balances that are not the sums of their lines, now: of what the close before the
        month stored, and of all lines since.
        """
        ...

    def counted_drift_count(self, month: str) -> int:
        """The same beside the balances by day."""
        ...

    def unexplained(self, until: datetime) -> int:
        """Exceptions opened before that are neither settled nor escalated."""
        ...

    def escalated(self, until: datetime) -> int: ...

    def unpublished(self, until: datetime) -> int:
        """Events written before that are not published."""
        ...

    def unsettled(self, until: datetime) -> int:
        """Submissions accepted before that are not settled."""
        ...

    def controls_apart(self, month: str) -> Sequence[str]:
        """Batches whose accepted work in the month differs from what task-service reported."""
        ...

    def controls_count(self, month: str) -> int:
        """Totals of a batch and a day that task-service reported for the month."""
        ...

    def dead_letters(self) -> int: ...

    def newest_reconciliation(self) -> Mapping[str, Any] | None:
        """The newest that ended."""
        ...

    def bank_feeds(self) -> Sequence[Feed]: ...


class TaskTotals(Protocol):
    def keep(self, told: Told) -> bool:
        """Keep the newest of a batch and day; returns whether it is new."""
        ...

    def get(self, key: str) -> Told | None: ...

    def heard(self, told: Told) -> Heard:
        """What the events say of the same batch and time."""
        ...
