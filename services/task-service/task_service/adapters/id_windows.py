"""Windows over ids that sort by time, so that a page of a long range reads about a page.

The embedded engine reads a range whole before it limits it: a range with both ends that is probably
long enough, and a longer one where it was not, costs what is in it instead of all that follows.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from crowdloom.kernel.ids import decode_base32, least_id

_SHORTEST = timedelta(seconds=10)
_SHORTEST_BACK = timedelta(minutes=1)
_LONGEST = timedelta(days=400)
_TIME = slice(4, 14)


def ends_after(kind: str, earlier: str) -> Iterator[str]:
    """Ids of the kind, each further from the moment in which the id `earlier`, of any kind, was
    made. What is beyond the last one has to be asked for without an end.
    """
    made_at = _made_at(earlier)
    length = _SHORTEST
    while made_at is not None and length <= _LONGEST:
        yield least_id(kind, made_at + length)
        length *= 4


def starts_before(kind: str, now: datetime) -> Iterator[str]:
    """Ids of the kind, each further back from now."""
    length = _SHORTEST_BACK
    while length <= _LONGEST:
        yield least_id(kind, now - length)
        length *= 3


def _made_at(any_id: str) -> datetime | None:
    """None for an id of another making."""
    try:
        return datetime.fromtimestamp(decode_base32(any_id[_TIME]) / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
