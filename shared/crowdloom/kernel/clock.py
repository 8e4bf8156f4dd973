"""Time as a port. Instants are timezone-aware UTC, with milliseconds, as MongoDB keeps them."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Does not block; never fails; may be set in tests and in the sandbox."""

    def now(self) -> datetime:
        """Return the present instant in UTC, whole milliseconds."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))


def to_milliseconds(instant: datetime) -> datetime:
    """Cut what MongoDB would cut, so that a stored instant equals the one it came from."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every API and event writes it."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Read RFC 3339. Raises ValueError for anything else, a missing offset included."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset")
    try:
        return to_milliseconds(instant.astimezone(UTC))
    except OverflowError:  # at the ends of the calendar the instant has no day in UTC
        raise ValueError(f"{text!r} is beyond the calendar") from None
