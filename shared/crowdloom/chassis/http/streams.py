"""Server-sent events beside a threaded WSGI server, holding none of its threads.

The view that is asked for a stream takes the connection over: the server names its socket in the
WSGI environment, and goes on with one in its place that leads nowhere. One thread of the process
writes to all streams, and looks at what there is to tell once for all of them. Where that cannot be
(another server, TLS of its own, too many streams) the view refuses, and whoever asked polls.
"""

import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from flask import Response, request

from crowdloom.kernel.errors import DomainError

log = structlog.get_logger(__name__)

State = Mapping[str, int]

STREAMS_MAX = 250
"""In one process: each is an open file, of which a process commonly may have 1,024."""
STREAMS_OF_ONE_MAX = 4
_SOCKETS = ("gunicorn.socket", "werkzeug.socket")
_BEAT_SECONDS = 15.0
_RETRY_MS = 5_000


class NoStream(DomainError):
    """It cannot be had here or now; the same facts can be had by asking again and again."""

    code = "no_stream"
    status = 503


@dataclass(frozen=True)
class _Stream:
    connection: socket.socket
    of: str


class Streams:
    """Tells listeners what `tell` returns, whole at first and then what changed; null is gone.

    `tell` may block; it is called every `every_seconds`, while anybody listens, by one thread.
    """

    def __init__(self, tell: Callable[[], State], *, every_seconds: float = 2.0) -> None:
        self._tell = tell
        self._every_seconds = every_seconds
        self._streams: list[_Stream] = []
        self._fresh: list[_Stream] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def response(self, listener: str) -> Response:
        """Make this request a stream of `listener`, whose oldest one gives way where he has too
        many. Raises NoStream.
        """
        served = [request.environ[name] for name in _SOCKETS if name in request.environ]
        with self._changed:
            is_full = len(self._streams) + len(self._fresh) >= STREAMS_MAX
        if not served or isinstance(served[0], ssl.SSLSocket) or is_full:
            raise NoStream("There is no stream to be had; ask again from time to time")
        response = Response(mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"  # of a proxy in between
        response.response = self._taken_over(served[0], response, listener)
        return response

    def _taken_over(
        self, served: socket.socket, response: Response, listener: str
    ) -> Iterator[bytes]:
        """Runs when the server asks for the first of the body: then all headers are set, and none
        was sent. Gives the server nothing.
        """
        connection = socket.socket(fileno=os.dup(served.fileno()))
        nowhere, end = socket.socketpair()
        os.dup2(nowhere.fileno(), served.fileno())
        nowhere.close()
        response.call_on_close(end.close)
        lines = [f"{name}: {value}" for name, value in response.headers if name != "Content-Length"]
        head = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""])
        connection.settimeout(0)
        stream = _Stream(connection, listener)
        if _sent(stream, f"{head}retry: {_RETRY_MS}\n\n".encode("latin-1")):
            self._add(stream)
        yield from ()

    def _add(self, stream: _Stream) -> None:
        with self._changed:
            own = [one for one in (*self._streams, *self._fresh) if one.of == stream.of]
            for one in own[: max(0, len(own) + 1 - STREAMS_OF_ONE_MAX)]:
                with suppress(OSError):
                    one.connection.shutdown(socket.SHUT_RDWR)
            self._fresh.append(stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        told: State = {}
        beat_at = 0.0
        while True:
            with self._changed:
                if not self._streams and not self._fresh:
                    self._changed.wait()
                elif not self._fresh:
                    self._changed.wait(self._every_seconds)
                fresh, self._fresh = self._fresh, []
            try:
                now = dict(self._tell())
            except Exception:  # one thread tells all, and nobody starts it again
                log.warning("stream_has_nothing_to_tell", exc_info=True)
                now = dict(told)
            changes = {
                name: now.get(name) for name in {*told, *now} if told.get(name) != now.get(name)
            }
            due = time.monotonic() >= beat_at
            beat_at = time.monotonic() + _BEAT_SECONDS if due else beat_at
            news = _event(changes) if changes else b":\n\n" if due else b""
            kept = [one for one in self._streams if _is_open(one) and _sent(one, news)]
            kept += [one for one in fresh if _sent(one, _event(now))]
            told = now
            with self._changed:
                self._streams = kept


def _event(state: Mapping[str, int | None]) -> bytes:
    return f"data: {json.dumps(state, separators=(',', ':'))}\n\n".encode()


def _is_open(stream: _Stream) -> bool:
    """Whether its browser is still there: one that left has said so."""
    try:
        is_open = stream.connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        is_open = False
    if not is_open:
        stream.connection.close()
    return is_open


def _sent(stream: _Stream, text: bytes) -> bool:
    """False for one that is gone, or reads so slowly that nothing more fits: it comes again."""
    if not text:
        return True
    try:
        whole = stream.connection.send(text) == len(text)
    except OSError:
        whole = False
    if not whole:
        stream.connection.close()
    return whole
