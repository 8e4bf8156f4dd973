"""SQLite store: one file, one connection, one lock. What was committed survives kill -9."""

import fcntl
import json
import os
import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stripe_simulator.errors import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_group
  ON objects (kind, json_extract(body, '$.transfer_group'), seq);
CREATE INDEX IF NOT EXISTS objects_by_source
  ON objects (kind, json_extract(body, '$.source'), seq);
CREATE TABLE IF NOT EXISTS buckets (
  currency TEXT NOT NULL, available_on INTEGER NOT NULL, net INTEGER NOT NULL,
  PRIMARY KEY (currency, available_on));
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, endpoint TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS endpoints (
  id TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, event TEXT NOT NULL,
  attempt INTEGER NOT NULL, due REAL NOT NULL, rank INTEGER NOT NULL, state TEXT NOT NULL,
  last TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# Each is one condition on `objects`; the store takes no other SQL from outside.
CONDITIONS = {
    "after": "seq < ?",
    "before": "seq > ?",
    "created_gt": "created > ?",
    "created_gte": "created >= ?",
    "created_lt": "created < ?",
    "created_lte": "created <= ?",
    "transfer_group": "json_extract(body, '$.transfer_group') = ?",
    "source": "json_extract(body, '$.source') = ?",
    "destination": "json_extract(body, '$.destination') = ?",
    "transfer": "json_extract(body, '$.transfer') = ?",
    "charge": "json_extract(body, '$.charge') = ?",
    "payment_intent": "json_extract(body, '$.payment_intent') = ?",
    "connected": "json_extract(body, '$._account') = ?",
    "source_transaction": "json_extract(body, '$.source_transaction') = ?",
    "currency": "json_extract(body, '$.currency') = ?",
    "status": "json_extract(body, '$.status') = ?",
    "type": "json_extract(body, '$.type') GLOB ?",
    "types": "json_extract(body, '$.type') IN (SELECT value FROM json_each(?))",
    "related": "json_extract(body, '$.related_object.id') = ?",
}
_ALPHABET = string.ascii_letters + string.digits
ID_CHARS = 24
IN_MEMORY = ":memory:"


class AlreadyRunning(Exception):
    """Another process holds this data folder."""


def random_part() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(ID_CHARS))


def new_id(prefix: str) -> str:
    return f"{prefix}_{random_part()}"


class Tx:
    """What can be done inside one transaction."""

    def __init__(self, db: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self.db = db
        self.began = clock()
        self.wakes_sender = False

    def insert(self, kind: str, body: Json, created: int) -> None:
        self.db.execute(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)",
            (body["id"], kind, created, json.dumps(body)),
        )

    def put(self, body: Json) -> None:
        text = json.dumps(body)
        self.db.execute("UPDATE objects SET body = ? WHERE id = ?", (text, body["id"]))

    def get(self, object_id: str, kind: str | None = None) -> Json | None:
        row = self.db.execute(
            "SELECT kind, body FROM objects WHERE id = ?", (object_id,)
        ).fetchone()
        if row is None or (kind is not None and row[0] != kind):
            return None
        found: Json = json.loads(row[1])
        return found

    def seq(self, object_id: str, kind: str) -> int | None:
        sql = "SELECT seq FROM objects WHERE id = ? AND kind = ?"
        row = self.db.execute(sql, (object_id, kind)).fetchone()
        return None if row is None else int(row[0])

    def find(
        self, kind: str, where: Mapping[str, object], *, limit: int, oldest_first: bool = False
    ) -> list[Json]:
        clauses = "".join(f" AND {CONDITIONS[name]}" for name in where)
        order = "ASC" if oldest_first else "DESC"
        # Only our own CONDITIONS are put together here; values are bound.
        sql = f"SELECT body FROM objects WHERE kind = ?{clauses} ORDER BY seq {order} LIMIT ?"  # noqa: S608
        rows = self.db.execute(sql, (kind, *where.values(), limit))
        return [json.loads(row[0]) for row in rows]

    def count(self, kind: str) -> int:
        row = self.db.execute("SELECT COUNT(*) FROM objects WHERE kind = ?", (kind,)).fetchone()
        return int(row[0])

    def fact(self, name: str, default: str = "") -> str:
        row = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return default if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    def now(self) -> int:
        """Seconds since the epoch by the simulator's clock, which only ever moves forward."""
        return int(self.began) + int(self.fact("clock_offset_seconds", "0"))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Takes back what was written inside when an exception leaves the block."""
        self.db.execute("SAVEPOINT step")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO step")
            raise
        finally:
            self.db.execute("RELEASE step")


class Store:
    """`clock` gives seconds since the epoch. `file` is the database's, beside the lock."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        file: str = "stripe.sqlite3",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._held)
            raise AlreadyRunning(f"{folder} is in use by another simulator.") from error
        self._lock = threading.RLock()
        self.wake_sender: Callable[[], None] = lambda: None
        self._clock = clock
        place = file if file == IN_MEMORY else folder / file
        self._db = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # WAL with NORMAL survives the death of the process, which is what this stand-in promises.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA cache_size = -4000")
        self._db.executescript(f"BEGIN; {SCHEMA} COMMIT;")

    def close(self) -> None:
        with self._lock:
            self._db.close()
            os.close(self._held)

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        tx = Tx(self._db, self._clock)
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield tx
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        if tx.wakes_sender:
            self.wake_sender()
