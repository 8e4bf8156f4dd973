"""Typed, readable, time-ordered identifiers: a prefix, then 26 characters of Crockford base 32.

The first ten characters are milliseconds since 1970, the other sixteen are random (80 bits), as in
the ULID specification; ids made by one factory never go backwards.
"""

import random
import secrets
import threading
from datetime import datetime
from typing import NewType, Protocol

from crowdloom.kernel.clock import Clock

RequesterId = NewType("RequesterId", str)
ProjectId = NewType("ProjectId", str)
BatchId = NewType("BatchId", str)
TaskId = NewType("TaskId", str)
SubmissionId = NewType("SubmissionId", str)
AssignmentId = NewType("AssignmentId", str)
WorkerId = NewType("WorkerId", str)
Pseudonym = NewType("Pseudonym", str)
StaffId = NewType("StaffId", str)
EntryId = NewType("EntryId", str)
PayoutRunId = NewType("PayoutRunId", str)
PayoutItemId = NewType("PayoutItemId", str)
EventId = NewType("EventId", str)

PREFIXES = {
    "requester": "req",
    "project": "prj",
    "draft": "drf",
    "batch": "bat",
    "task": "tsk",
    "submission": "sub",
    "assignment": "asg",
    "worker": "wrk",
    "staff": "stf",
    "entry": "jrn",
    "payout_run": "run",
    "payout_item": "pay",
    "event": "evt",
    "api_key": "key",
    "request": "rqt",
    "top_up": "top",
    "session": "ses",
    "reconciliation": "rec",
    "exception": "exc",
    "invitation": "inv",
    "webhook": "whk",
    "delivery": "dlv",
    "approval": "apr",
    "hold": "hld",
    "suspension": "sus",
    "bonus": "bon",
    "refund": "rfd",
    "qualification": "qlf",
    "message": "msg",
    "upload": "upl",
    "memo": "mem",
}

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_CHARACTERS = 10
_RANDOM_CHARACTERS = 16


def encode_base32(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        characters.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(characters))


def least_id(kind: str, since: datetime) -> str:
    """Ids of that kind that were made then or later are not less than this."""
    return f"{PREFIXES[kind]}_{encode_base32(int(since.timestamp() * 1000), _TIME_CHARACTERS)}"


def decode_base32(text: str) -> int:
    """The number that `encode_base32` wrote. Raises ValueError for another character."""
    number = 0
    for character in text:
        number = number << 5 | _ALPHABET.index(character)
    return number


class IdFactory(Protocol):
    """Makes ids. Does not block; never gives the same one twice; safe from several threads."""

    def new(self, kind: str) -> str:
        """Return a fresh id of a kind named in PREFIXES, e.g. `tsk_01j...` for "task"."""
        ...


class TimeOrderedIds:
    """Ids that sort by the moment they were made, strictly so within one process."""

    def __init__(self, clock: Clock, randomness: random.Random | None = None) -> None:
        self._clock = clock
        self._randomness = randomness or secrets.SystemRandom()
        self._lock = threading.Lock()
        self._last_ms = 0
        self._last_random = 0

    def new(self, kind: str) -> str:
        now_ms = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms = now_ms
                # The top bit stays free, so that counting up within a millisecond cannot overflow.
                self._last_random = self._randomness.getrandbits(79)
            else:
                self._last_random += 1
            time_part = encode_base32(self._last_ms, _TIME_CHARACTERS)
            random_part = encode_base32(self._last_random, _RANDOM_CHARACTERS)
        return f"{PREFIXES[kind]}_{time_part}{random_part}"
