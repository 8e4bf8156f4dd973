"""Registrations per source and hour, counted in MongoDB so that every web process sees them.

The source's address is kept only as a keyed hash, and only for two hours: workers are anonymous.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel import Clock
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from worker_service.application.ports import SourceCount
from worker_service.application.register_worker import EffortNeeded, TooManyRegistrations
from worker_service.domain.effort import EFFORT_BITS, is_solved

REGISTRATION_COUNTS = "registration_counts"
REGISTRATION_COUNT_INDEXES = [
    IndexModel([("began_at", ASCENDING)], name="kept_two_hours", expireAfterSeconds=7_200)
]
_WINDOW = timedelta(hours=1)
_SLOWLY = timedelta(minutes=1)


class MongoRegistrationLimit:
    def __init__(
        self,
        database: MongoDatabase,
        *,
        clock: Clock,
        key: str,
        per_hour_max: int,
        free_per_hour: int = 0,
    ) -> None:
        self._counts = database[REGISTRATION_COUNTS]
        self._clock = clock
        self._key = key.encode()
        self._per_hour_max = per_hour_max
        self._free_per_hour = free_per_hour

    def take(self, source: str, *, proof: str = "") -> None:
        now = self._clock.now()
        window = int(now.timestamp() // _WINDOW.total_seconds())
        text = f"{window}\n{source}".encode()
        count_id = self._mark(text)
        # Counted first and read after: two at once can only be counted too strictly.
        self._counts.update_one(
            {"_id": count_id}, {"$inc": {"count": 1}, "$set": {"began_at": now}}, upsert=True
        )
        found = self._counts.find_one({"_id": count_id})
        if found is not None and found["count"] > self._per_hour_max:
            raise TooManyRegistrations(
                "Too many new accounts from this address; try again in an hour",
                per_hour_max=self._per_hour_max,
            )
        asked = found is not None and 0 < self._free_per_hour < found["count"]
        if asked and not self._has_proof(source, proof) and not self._slowly(source):
            raise EffortNeeded(
                "Many accounts came from this address: solve the challenge, or wait a minute",
                challenge=self._challenge(source),
                bits=EFFORT_BITS,
            )

    def counted(self) -> list[SourceCount]:
        found = self._counts.find({"count": {"$exists": True}})
        return [SourceCount(row["_id"], row["count"], row["began_at"]) for row in found]

    def _slowly(self, source: str) -> bool:
        """One a minute comes in without an effort: not every browser can make one."""
        now = self._clock.now()
        lane = self._mark(f"slowly\n{source}".encode())
        moved = self._counts.update_one(
            {"_id": lane, "began_at": {"$lte": now - _SLOWLY}}, {"$set": {"began_at": now}}
        )
        if moved.matched_count:
            return True
        return self._is_first(lane, now)

    def _challenge(self, source: str) -> str:
        """Signed, so that none has to be kept until it is solved."""
        said = f"{int(self._clock.now().timestamp())}.{secrets.token_hex(8)}"
        return f"{said}.{self._bound(said, source)}"

    def _has_proof(self, source: str, proof: str) -> bool:
        """A fresh challenge of ours to this source, solved, and used for the first time."""
        challenge, _, answer = proof.partition(":")
        said, _, mark = challenge.rpartition(".")
        began = said.partition(".")[0]
        age = self._clock.now().timestamp() - int(began) if began.isdecimal() else -1
        return (
            hmac.compare_digest(mark.encode(), self._bound(said, source).encode())
            and 0 <= age <= _WINDOW.total_seconds()
            and is_solved(challenge, answer)
            and self._is_first(f"proof {mark}", self._clock.now())
        )

    def _is_first(self, name: str, now: datetime) -> bool:
        try:
            self._counts.insert_one({"_id": name, "began_at": now})
        except DuplicateKeyError:
            return False
        return True

    def _bound(self, said: str, source: str) -> str:
        return self._mark(f"{said}\n{source}".encode())

    def _mark(self, text: bytes) -> str:
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]
