"""The exceptions queue as the use cases need it. Each docstring is the contract.

Whoever finds that something does not match calls `open`, and `resolve` once it matches again; all
else is for people.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crowdloom.kernel import Money
from crowdloom.kernel.ids import StaffId

from payment_service.domain.exceptions import WAITING, ExceptionState, Severity

SORTS = ("oldest", "newest", "severity", "amount")
NOBODY = "nobody"


@dataclass(frozen=True)
class Wanted:
    """Which exceptions of the queue, in which order. `owner` may be NOBODY."""

    states: Sequence[ExceptionState] = WAITING
    kind: str | None = None
    owner: str | None = None
    severity: Severity | None = None
    opened_after: datetime | None = None
    opened_until: datetime | None = None
    sort: str = "oldest"


@dataclass(frozen=True)
class Note:
    """What somebody did about an exception, or said. `evidence` is (kind, id) of what proves it."""

    exception_id: str
    who: str
    what: str
    text: str = ""
    evidence: tuple[str, str] | None = None


class Exceptions(Protocol):
    def open(
        self,
        *,
        key: str,
        kind: str,
        subject: str,
        amount: Money | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Put it into the queue, once per key; it stays until it is resolved."""
        ...

    def resolve(self, key: str, *, resolution: str) -> None:
        """It matches again. Does nothing where none waits."""
        ...

    def listed(
        self, count_max: int, *, after: str | None = None, kind: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Waiting ones, oldest first; of one kind where it is named."""
        ...

    def found(
        self, wanted: Wanted, count_max: int, *, place: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Those wanted, beyond `place` (see `place_of`)."""
        ...

    def place_of(self, row: Mapping[str, Any], sort: str) -> str:
        """Where in a list of this order the row stands."""
        ...

    def totals(self, wanted: Wanted) -> tuple[int, Sequence[Money]]:
        """How many those wanted are, and their amounts without signs, by currency."""
        ...

    def get(self, exception_id: str) -> Mapping[str, Any] | None: ...

    def waiting_for(self, key: str) -> Mapping[str, Any] | None:
        """The one with this key that waits."""
        ...

    def change(
        self,
        exception_id: str,
        fields: Mapping[str, Any],
        *,
        was: Collection[ExceptionState],
    ) -> bool:
        """Set fields if it is in one of the states `was`; returns whether it was."""
        ...

    def raise_severity(self, now: datetime) -> int:
        """What got older is as bad as it is now; returns how many changed."""
        ...

    def note(self, note: Note) -> None:
        """Append; never changed, never removed."""
        ...

    def noted(self, exception_id: str, evidence: tuple[str, str]) -> bool:
        """Whether this was named as evidence before."""
        ...

    def notes(self, exception_id: str, count_max: int) -> Sequence[Mapping[str, Any]]:
        """Oldest first."""
        ...

    def open_amounts(self) -> Sequence[tuple[str, Money | None]]:
        """Kind and amount of every one that waits."""
        ...

    def open_keys(self, prefix: str) -> Sequence[str]: ...

    def settled(self, kind: str) -> Collection[str]:
        """Subjects of a kind that were settled, and about which none waits."""
        ...

    def owners(self) -> Sequence[StaffId]:
        """Whose anything is that waits."""
        ...
