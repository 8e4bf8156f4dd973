"""Windows over ids that sort by time, so that a page of a long range reads about a page.

The embedded engine reads a range whole before it limits it: a range with both ends that is probably
long enough, and another one where it was not, costs what is in it instead of all that follows.
"""

from datetime import UTC, datetime, timedelta

from crowdloom.kernel.ids import decode_base32, least_id

_SHORTEST = timedelta(seconds=10)
_SHORTEST_BACK = timedelta(minutes=1)
_LONGEST = timedelta(days=400)
_SPARE = 1.25
_FURTHER_MAX = 5
_FURTHER_OF_NONE = 3
_TIME = slice(4, 14)


class Windows:
    """Neighbouring windows over the ids of a kind, away from a moment; each is as long as what was
    found in the one before promises to be enough.
    """

    def __init__(self, kind: str, moment: datetime | None, first: timedelta) -> None:
        """`first` is negative to go back in time; without a moment there is no window."""
        self._kind = kind
        self._moment = moment
        self._step = first
        self._reach = timedelta()

    def edge(self, found: int, left: int) -> str | None:
        """Where the next one ends, given how many the last one held and how many are wanted still.
        None where the rest has to be asked for without an end.
        """
        if self._reach:
            wanted = left / found * _SPARE if found else _FURTHER_OF_NONE
            length = max(min(wanted, _FURTHER_MAX) * abs(self._step), _SHORTEST)
            self._step = length if self._step > timedelta() else -length
        self._reach += self._step
        if self._moment is None or abs(self._reach) > _LONGEST:
            return None
        return least_id(self._kind, self._moment + self._reach)


def after(kind: str, earlier: str) -> Windows:
    """From the moment in which the id `earlier`, of any kind, was made."""
    return Windows(kind, _made_at(earlier), _SHORTEST)


def before(kind: str, now: datetime) -> Windows:
    """Back from now."""
    return Windows(kind, now, -_SHORTEST_BACK)


def _made_at(any_id: str) -> datetime | None:
    """None for an id of another making."""
    try:
        return datetime.fromtimestamp(decode_base32(any_id[_TIME]) / 1_000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
