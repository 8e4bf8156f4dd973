"""Keep to a rate by waiting: the processor limits calls a second."""

import threading
import time


class TokenBucket:
    """One call every 1/per_second seconds at most; safe from several threads."""

    def __init__(self, *, per_second: float) -> None:
        self._pause_seconds = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Block until the next call may be made."""
        with self._lock:
            now = time.monotonic()
            wait_seconds = max(self._next - now, 0.0)
            self._next = max(now, self._next) + self._pause_seconds
        if wait_seconds:
            time.sleep(wait_seconds)
