"""The HTTP server: a bounded number of threads, one request a connection, droppable on demand."""

import socket
import struct
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

from stripe_simulator.api import DROP

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# On, zero seconds: closing sends a reset instead of an orderly end.
LINGER_RESET = struct.pack("ii", 1, 0)
READ_SECONDS_MAX = 20.0


class Droppable:
    """Ends the connection where the application asked for that instead of its answer."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        answer = self._app(environ, start_response)
        how = environ.get(DROP)
        if how is None:
            return answer
        if how == "reset":
            line: socket.socket = environ["werkzeug.socket"]
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        raise ConnectionAbortedError(f"told to {how}")


class Handler(WSGIRequestHandler):
    timeout = READ_SECONDS_MAX
    # Head and body are two writes: without this the second waits for the other side's ACK.
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def connection_dropped(
        self, error: BaseException, environ: "WSGIEnvironment | None" = None
    ) -> None:
        """Nothing was answered: do not wait for another request on this line."""
        del error, environ
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Silent: the objects themselves are the record."""


class Server(ThreadingMixIn, BaseWSGIServer):
    multithread = True
    daemon_threads = True

    def __init__(self, host: str, port: int, app: "WSGIApplication", *, threads_max: int) -> None:
        super().__init__(host, port, Droppable(app), Handler)
        self._slots = threading.BoundedSemaphore(threads_max)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._slots.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def shutdown_request(self, request: Any) -> None:
        """Without the orderly half where a reset was asked for."""
        try:
            linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_RESET))
        except OSError:
            linger = b""
        if linger == LINGER_RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)
