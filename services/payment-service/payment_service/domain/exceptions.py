"""What needs a person: the states of an exception, how old it is, and how bad that is.

money.md section 9. An exception is never deleted; one that is settled may be opened again.
"""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import Conflict


class ExceptionState(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    PENDING_RESOLUTION = "pending_resolution"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    WRITTEN_OFF = "written_off"


WAITING = (
    ExceptionState.OPEN,
    ExceptionState.ASSIGNED,
    ExceptionState.PENDING_RESOLUTION,
    ExceptionState.ESCALATED,
)
UNEXPLAINED = (
    ExceptionState.OPEN,
    ExceptionState.ASSIGNED,
    ExceptionState.PENDING_RESOLUTION,
)


class Severity(IntEnum):
    LOW = 1
    NORMAL = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        return self.name.lower()


class ExceptionSettled(Conflict):
    """It was resolved or written off in the meantime."""

    code = "exception_settled"


class ResolutionPending(Conflict):
    """A proposal about it waits for a second person already."""

    code = "resolution_pending"


class NotSettled(Conflict):
    """Only what was settled can be opened again."""

    code = "not_settled"


class UnknownResolution(DomainError):
    code = "unknown_resolution"


# Critical whatever the amount: money may have left twice, or nobody knows where it is.
CRITICAL_KINDS = frozenset(
    {
        "control_differs",
        "duplicate",
        "fingerprint_conflict",
        "invariant_broken",
        "kept_balance_drift",
        "ledger_unbalanced",
        "paid_twice_in_a_run",
        "suspense_aged",
        "unexplained_balance_drift",
        "unknown_outcome",
    }
)
# What these are about was booked to suspense, where nothing may stay.
SUSPENSE_KINDS = frozenset({"unidentified_line", "unmatched_bank_line"})
SUSPENSE_DAYS_MAX = 5
RESOLUTIONS = ("explained", "corrected", "suspense_cleared", "timing", "recovered")

# Minor units, so that the same figures serve currencies without decimals.
_LOW_BELOW_MINOR = 100
_HIGH_FROM_MINOR = 10_000
_CRITICAL_FROM_MINOR = 1_000_000
# (older than so many days, raised by so much)
RAISED_BY_AGE = ((30, 2), (7, 1))
# Code -> days, both included; the last has no end.
AGE_BUCKETS: dict[str, tuple[int, int | None]] = {
    "0-1": (0, 1),
    "2-3": (2, 3),
    "4-7": (4, 7),
    "8-30": (8, 30),
    "31+": (31, None),
}


def base_severity(kind: str, amount: Money | None) -> Severity:
    """By kind and amount alone, on the day it was opened."""
    if kind in CRITICAL_KINDS:
        return Severity.CRITICAL
    if amount is None:
        return Severity.NORMAL
    size_minor = abs(amount.minor)
    if size_minor >= _CRITICAL_FROM_MINOR:
        return Severity.CRITICAL
    if size_minor >= _HIGH_FROM_MINOR:
        return Severity.HIGH
    return Severity.NORMAL if size_minor >= _LOW_BELOW_MINOR else Severity.LOW


def severity(kind: str, base: Severity, age_days: int) -> Severity:
    """As bad as it is at that age."""
    if kind in SUSPENSE_KINDS and age_days > SUSPENSE_DAYS_MAX:
        return Severity.CRITICAL
    raised = next((by for days, by in RAISED_BY_AGE if age_days > days), 0)
    return Severity(min(base + raised, Severity.CRITICAL))


def age_days(opened_at: datetime, now: datetime) -> int:
    return max((now - opened_at).days, 0)


def bucket_of(days: int) -> str:
    return next(
        code for code, (first, last) in AGE_BUCKETS.items() if days >= first and _within(days, last)
    )


def _within(days: int, last: int | None) -> bool:
    return last is None or days <= last


def opened_between(bucket: str, now: datetime) -> tuple[datetime | None, datetime]:
    """(after, until) between which something was opened that is in the bucket now."""
    first, last = AGE_BUCKETS[bucket]
    after = None if last is None else now - timedelta(days=last + 1)
    return after, now - timedelta(days=first)
