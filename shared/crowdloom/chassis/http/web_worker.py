"""gunicorn's threads, which stay with a connection for a moment after they have answered.

gunicorn takes each request of a kept-alive connection from its main thread to another one and back:
three wake-ups and a dozen system calls. A script, or a proxy with its kept connections, asks again
at once, and finds the thread still there.
"""

import select
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

_STAY_MS, _LOOK_MS = 40, 5


class StayingThreadWorker(ThreadWorker):  # type: ignore[misc]
    """For `worker_class` of a gunicorn configuration."""

    def handle(self, conn: Any) -> Any:
        """Answer the requests of a connection as long as they follow one another closely. Returns
        what gunicorn's does: whether to keep the connection, or that nothing came on it yet.
        """
        kept = super().handle(conn)
        while kept is True and not conn.is_http2 and self._goes_on(conn):
            kept = super().handle(conn)
        return kept

    def _goes_on(self, conn: Any) -> bool:
        """Whether more is asked before long, and before anybody else is in need of the thread."""
        if conn.parser.unreader.buf.getvalue():
            return True  # it came along with what was answered
        readable = select.poll()
        readable.register(conn.sock, select.POLLIN)
        for _ in range(_STAY_MS // _LOOK_MS):
            if not self.alive or self._others_wait():
                return False
            if readable.poll(_LOOK_MS):
                return True
        return False

    def _others_wait(self) -> bool:
        """Whether more connections are being answered, or are to be, than there are threads."""
        at_rest = len(self.keepalived_conns) + len(self.pending_conns)
        return bool(self.nr_conns - at_rest > self.cfg.threads)
