"""Accounting periods: calendar months that are closed one after the other.

open -> soft_closed -> closed -> (reopened, which is open again). A soft close is a fence: what
comes by itself is booked into a later month from then on, and only what two people agree on still
goes in. A hard close comes later than any posting that was begun before the fence.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import StaffId

# A clock that is a little behind must not post into a month that another one has closed.
SETTLING = timedelta(minutes=5)
# Longer than a transaction may take: whatever had not seen the fence has ended by then.
FENCE = timedelta(seconds=60)
BY_HAND = frozenset({"manual", "correction", "resolution", "write_off"})
_MONTH_CHARACTERS = 7


class PeriodState(StrEnum):
    OPEN = "open"
    SOFT_CLOSED = "soft_closed"
    CLOSED = "closed"
    REOPENED = "reopened"


class PeriodClosed(Conflict):
    """Nothing is booked into a closed period."""

    code = "period_closed"


class PeriodNotReady(Conflict):
    """Something on the checklist does not hold."""

    code = "period_not_ready"


class PeriodNotInState(Conflict):
    code = "period_not_in_state"


@dataclass(frozen=True)
class Period:
    """`version` changes with everything that changes what a close would find: each change of state,
    and each entry by hand into a soft-closed period. `closing_id` is the newest closing.
    """

    month: str
    state: PeriodState = PeriodState.OPEN
    version: int = 0
    changed_at: datetime | None = None
    changed_by: StaffId | None = None
    closed_at: datetime | None = None
    closing_id: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in {PeriodState.OPEN, PeriodState.REOPENED}

    def moved(self, to: PeriodState, who: StaffId, at: datetime) -> "Period":
        return replace(self, state=to, version=self.version + 1, changed_at=at, changed_by=who)


@dataclass(frozen=True)
class Check:
    """A line of the checklist. `figure` is what was looked at; one that does not `bind` is told
    and stops nobody.
    """

    code: str
    holds: bool
    figure: str
    link: str
    binds: bool = True


def month_of(day: date | datetime) -> str:
    return f"{day:%Y-%m}"


def is_month(text: str) -> bool:
    return len(text) == _MONTH_CHARACTERS and _parsed(text) is not None


def _parsed(month: str) -> date | None:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    # The first and the last year of the calendar have no month before, or after, them.
    return first if date.min.year < first.year < date.max.year else None


def next_month(month: str) -> str:
    first = date.fromisoformat(f"{month}-01")
    return month_of(first + timedelta(days=31))


def last_day(month: str) -> date:
    return date.fromisoformat(f"{next_month(month)}-01") - timedelta(days=1)


def has_ended(month: str, now: datetime) -> bool:
    """Long enough ago that nobody's clock still shows it."""
    return month_of(now - SETTLING) > month


def period_for(month: str, code: str, *, current: str, states: Mapping[str, PeriodState]) -> str:
    """Where an entry that took effect in `month` is booked: there, or in the first later month that
    takes it. The current one always does.
    """
    while month < current:
        state = states.get(month, PeriodState.OPEN)
        fenced = state is PeriodState.SOFT_CLOSED and code not in BY_HAND
        if state is not PeriodState.CLOSED and not fenced:
            return month
        month = next_month(month)
    return current


class TrialHash:
    """SHA-256 of a trial balance: of a JSON list of [path, debit, credit], units, by path. It is
    made row by row, so that no number of accounts is too large for it.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"[")
        self._count = 0

    def add(self, path: str, debit: int, credit: int) -> None:
        """Rows come by path."""
        between = ", " if self._count else ""
        self._digest.update(f"{between}{json.dumps([path, debit, credit])}".encode())
        self._count += 1

    def hex(self) -> str:
        whole = self._digest.copy()
        whole.update(b"]")
        return whole.hexdigest()
