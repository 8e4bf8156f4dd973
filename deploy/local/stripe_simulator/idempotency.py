"""Idempotency-Key as Stripe has it: the first answer is stored and replayed, errors included."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stripe_simulator.errors import ApiError, Json
from stripe_simulator.store import Tx

KEY_CHARS_MAX = 255
# How long each API remembers a key.
REMEMBERED_SECONDS = {"v1": 86_400, "v2": 30 * 86_400}


@dataclass(frozen=True)
class Stored:
    status: int
    body: str
    request_id: str


class Flights:
    """Keys being executed right now in this process: a second request with one is a 409."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[str] = set()

    @contextmanager
    def hold(self, key: str | None) -> Iterator[None]:
        if key is None:
            yield
            return
        with self._lock:
            if key in self._keys:
                raise _in_use(key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def _in_use(key: str) -> ApiError:
    return ApiError(
        409,
        "There is currently another in-progress request using this Idempotency Key"
        f" ({key[:60]}). Please try again later.",
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )


def fingerprint(raw: Json) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def check_key(key: str | None) -> str | None:
    if key is not None and not 1 <= len(key) <= KEY_CHARS_MAX:
        message = f"Idempotency keys have at most {KEY_CHARS_MAX} characters."
        raise ApiError(400, message, kind="idempotency_error")
    return key


def recall(tx: Tx, key: str, endpoint: str, *, print_: str, api: str) -> Stored | None:
    """The stored answer. Raises idempotency_error when the key was used for something else."""
    row = tx.db.execute(
        "SELECT fingerprint, endpoint, status, body, request_id, created FROM answers"
        " WHERE key = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    if row[5] + REMEMBERED_SECONDS[api] <= tx.now():
        tx.db.execute("DELETE FROM answers WHERE key = ?", (key,))
        return None
    if row[1] != endpoint:
        raise _misused(f"the same endpoint they were first used for ('{row[1]}')", key)
    if row[0] != print_:
        raise _misused("the same parameters they were first used with", key)
    return Stored(row[2], row[3], row[4])


def _misused(rule: str, key: str) -> ApiError:
    return ApiError(
        400,
        f"Keys for idempotent requests can only be used with {rule}. Try using a key other than"
        f" '{key[:60]}' if you meant to execute a different request.",
        kind="idempotency_error",
    )


def keep(tx: Tx, key: str, endpoint: str, *, print_: str, answer: Stored) -> None:
    tx.db.execute(
        "INSERT INTO answers (key, fingerprint, endpoint, status, body, request_id, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, print_, endpoint, answer.status, answer.body, answer.request_id, tx.now()),
    )
