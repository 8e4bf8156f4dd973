"""Idempotency keys: a creating or money-moving call takes effect once, however often it is sent.

A record is unique per (principal, route, key). It is put down before the call, marked `committed`
inside the call's own transaction (so a crash between effect and answer can never double the
effect), and completed with the answer, which is replayed for a day. A call that was silent for too
long is taken over by its repetition; its own transaction then refuses to commit.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from crowdloom.kernel import Clock, DomainError
from crowdloom.kernel.errors import Conflict

IDEMPOTENCY = "idempotency"
IDEMPOTENCY_INDEXES = [
    IndexModel([("created_at", ASCENDING)], name="kept_a_day", expireAfterSeconds=86_400)
]
_IN_FLIGHT_SECONDS_MAX = timedelta(seconds=30)

_ATTEMPT: ContextVar["Attempt | None"] = ContextVar("crowdloom_idempotency_attempt", default=None)


class IdempotencyKeyMissing(DomainError):
    code = "idempotency_key_missing"
    status = 400


class IdempotencyKeyReused(DomainError):
    """The key came before with another body."""

    code = "idempotency_key_reused"
    status = 422


class RequestInFlight(Conflict):
    code = "request_in_flight"


class AnswerLost(Conflict):
    """The earlier call took effect, and its answer was lost with the process that made it."""

    code = "answer_lost"


@dataclass(frozen=True)
class StoredAnswer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """What identifies a call: who, where, with which key, and a hash of what was sent."""

    principal: str
    route: str
    key: str
    fingerprint: str

    @property
    def record_id(self) -> str:
        text = f"{self.principal}\n{self.route}\n{self.key}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Attempt:
    """One go at a call; `began_at` tells it from the one that took over, or was taken over."""

    record_id: str
    began_at: datetime


def fingerprint_of(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class IdempotencyStore:
    """Keeps records in the service's own database."""

    def __init__(self, database: Database[dict[str, Any]], clock: Clock) -> None:
        self._records = database[IDEMPOTENCY]
        self._clock = clock

    def begin(self, request: Request) -> StoredAnswer | Attempt:
        """Return the stored answer of an earlier call, or the attempt that is to go ahead.

        Raises IdempotencyKeyReused, RequestInFlight or AnswerLost.
        """
        attempt = Attempt(request.record_id, self._clock.now())
        try:
            self._records.insert_one(
                {
                    "_id": request.record_id,
                    "fingerprint": request.fingerprint,
                    "state": "in_flight",
                    "created_at": attempt.began_at,
                }
            )
        except DuplicateKeyError:
            return self._earlier(request)
        return attempt

    @contextmanager
    def marking(self, attempt: Attempt) -> Iterator[None]:
        """Have every transaction inside the block mark the record as committed."""
        token = _ATTEMPT.set(attempt)
        try:
            yield
        finally:
            _ATTEMPT.reset(token)

    def complete(self, attempt: Attempt, answer: StoredAnswer) -> None:
        self._records.update_one(
            {"_id": attempt.record_id, "created_at": attempt.began_at},
            {
                "$set": {
                    "state": "done",
                    "status": answer.status,
                    "body": answer.body,
                    "headers": [list(header) for header in answer.headers],
                }
            },
        )

    def abandon(self, attempt: Attempt) -> None:
        """Forget a call that had no effect, so that it can be sent again."""
        self._records.delete_one(
            {"_id": attempt.record_id, "created_at": attempt.began_at, "state": "in_flight"}
        )

    def _earlier(self, request: Request) -> StoredAnswer | Attempt:
        record = self._records.find_one({"_id": request.record_id})
        if record is None:
            raise RequestInFlight("The same call has just ended; send it again")
        if record["fingerprint"] != request.fingerprint:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another body")
        if record["state"] == "done":
            headers = tuple((name, value) for name, value in record["headers"])
            return StoredAnswer(record["status"], bytes(record["body"]), headers)
        if record["state"] == "committed":
            raise AnswerLost("The call took effect before; its answer was lost. Look it up")
        return self._take_over(record)

    def _take_over(self, record: dict[str, Any]) -> Attempt:
        now = self._clock.now()
        if now - record["created_at"] < _IN_FLIGHT_SECONDS_MAX:
            raise RequestInFlight("The same call is being worked on; try again shortly")
        taken = self._records.update_one(
            {"_id": record["_id"], "state": "in_flight", "created_at": record["created_at"]},
            {"$set": {"created_at": now}},
        )
        if taken.modified_count != 1:
            raise RequestInFlight("The same call is being worked on; try again shortly")
        return Attempt(record["_id"], now)


def mark_committed(database: Database[dict[str, Any]], session: ClientSession) -> None:
    """Called by the store at the end of a transaction: the call under way takes effect with it.

    Raises RequestInFlight, and so rolls the transaction back, where the call was taken over.
    """
    attempt = _ATTEMPT.get()
    if attempt is None:
        return
    marked = database[IDEMPOTENCY].update_one(
        {"_id": attempt.record_id, "created_at": attempt.began_at},
        {"$set": {"state": "committed"}},
        session=session,
    )
    if marked.matched_count == 0:
        raise RequestInFlight("The call took too long and was taken over by its repetition")
