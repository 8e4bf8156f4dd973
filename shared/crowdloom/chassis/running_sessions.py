"""What a killed process leaves open is ended by whoever comes after it.

A process that dies in the middle of a transaction leaves it open in the database, which waits a
minute for it and lets nobody else write the same documents. So each process notes the database
sessions it works with; the next one on the same host ends those of the dead.
"""

import os
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pymongo
from bson.binary import UUID_SUBTYPE, Binary
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError

from crowdloom.kernel import Clock

RUNNING_SESSIONS = "running_sessions"
RUNNING_SESSIONS_INDEXES = [
    IndexModel([("noted_at", ASCENDING)], name="forgotten", expireAfterSeconds=7 * 86_400)
]
_SECONDS_MAX = 1.0


class RunningSessions:
    """For many threads of one process. Does its best and raises nothing: what it cannot end, the
    database ends by itself, later.
    """

    def __init__(self, database: Database[dict[str, Any]], clock: Clock) -> None:
        self._sessions = database[RUNNING_SESSIONS]
        self._admin = database.client.admin
        self._clock = clock
        self._process = {"host": this_host(), "pid": os.getpid()}
        self._known: set[bytes] = set()
        self._out_of_time: set[bytes] = set()
        self._begun = False
        self._lock = threading.Lock()

    def note(self, session: ClientSession) -> None:
        """Before a transaction: writes only where the session is new to this process."""
        identity = getattr(session, "session_id", None)
        if identity is None:  # the in-memory store of tests and proofs
            return
        name = bytes(identity["id"])
        with self._lock:
            first, self._begun = not self._begun, True
            new = name not in self._known
            self._known.add(name)
            self._out_of_time.discard(name)  # its next transaction ends what it left open itself
        if first:
            self._end_those_of_the_dead()
        if self._out_of_time:
            self._end_those_out_of_time()
        if new:
            row = {"_id": name, "noted_at": self._clock.now(), **self._process}
            with suppress(PyMongoError), pymongo.timeout(_SECONDS_MAX):
                self._sessions.replace_one({"_id": name}, row, upsert=True)

    def end(self, session: ClientSession) -> None:
        """End a session whose transaction ran out of time, and with it what it holds. A database
        that does not answer now is asked again before later transactions: it may begin what it was
        sent when it wakes, and would keep others from it for a minute.
        """
        with self._lock:
            self._out_of_time.add(bytes(session.session_id["id"]))
        self._end_those_out_of_time()

    def _end_those_out_of_time(self) -> None:
        with self._lock:
            ended, self._out_of_time = self._out_of_time, set()
        if not ended:  # by another thread: to name none would end all there are
            return
        try:
            with pymongo.timeout(_SECONDS_MAX):
                self._kill(ended)
        except PyMongoError:
            with self._lock:
                self._out_of_time |= ended

    def _kill(self, names: Iterable[bytes]) -> None:
        named = [{"id": Binary(name, UUID_SUBTYPE)} for name in names]
        self._admin.command({"killSessions": named})

    def _end_those_of_the_dead(self) -> None:
        with suppress(PyMongoError), pymongo.timeout(_SECONDS_MAX):
            rows = list(self._sessions.find({"host": self._process["host"]}))
            # One with our own number is an earlier process too: we have noted nothing yet.
            dead = [row["_id"] for row in rows if not self._is_another_alive(row["pid"])]
            if dead:
                self._kill(dead)
                self._sessions.delete_many({"_id": {"$in": dead}})

    def _is_another_alive(self, pid: int) -> bool:
        if pid == self._process["pid"]:
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # alive, and somebody else's
        return True


def this_host() -> str:
    """Within which a process number means one process: containers of one pod share their name, and
    number their processes each for itself.
    """
    name = socket.gethostname()
    with suppress(OSError):  # no such file but on Linux
        return f"{name}/{Path('/proc/self/ns/pid').readlink()}"
    return name
