"""Clock and ids that a test holds in its hand."""

import threading
from datetime import UTC, datetime, timedelta

from crowdloom.kernel.clock import to_milliseconds
from crowdloom.kernel.ids import PREFIXES, encode_base32

BEGINNING = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class FrozenClock:
    """Stands still until told to move."""

    def __init__(self, instant: datetime = BEGINNING) -> None:
        self._instant = to_milliseconds(instant)

    def now(self) -> datetime:
        return self._instant

    def advance(self, *, seconds: float) -> None:
        self._instant = to_milliseconds(self._instant + timedelta(seconds=seconds))


class SequentialIds:
    """`tsk_...001`, `tsk_...002`: readable in a failure, the same in every run."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def new(self, kind: str) -> str:
        with self._lock:
            self._last += 1
            return f"{PREFIXES[kind]}_{encode_base32(self._last, 26)}"
