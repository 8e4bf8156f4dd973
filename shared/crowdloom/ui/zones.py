"""The reader's days: his browser tells its time zone by a cookie; without one they are UTC's."""

from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from flask import request

ZONE_COOKIE = "cl_zone"


def reader_zone() -> tzinfo:
    name = request.cookies.get(ZONE_COOKIE)
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no name of a zone, or of none that is known here
        return UTC


def day_began(day: date) -> datetime:
    """When that day, or the day of that instant, began where the reader is: in UTC."""
    zone = reader_zone()
    if isinstance(day, datetime):
        day = day.astimezone(zone).date()
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:  # the first or last day that there is
        return datetime.combine(day, time(), UTC)
