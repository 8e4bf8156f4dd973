"""Registrations per source and hour, counted in MongoDB so that every web process sees them.

The source's address is kept only as a keyed hash, and only for two hours: workers are anonymous.
"""

import hashlib
import hmac
from datetime import timedelta

from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel import Clock
from pymongo import ASCENDING, IndexModel

from worker_service.application.register_worker import TooManyRegistrations

REGISTRATION_COUNTS = "registration_counts"
REGISTRATION_COUNT_INDEXES = [
    IndexModel([("began_at", ASCENDING)], name="kept_two_hours", expireAfterSeconds=7_200)
]
_WINDOW = timedelta(hours=1)


class MongoRegistrationLimit:
    def __init__(
        self, database: MongoDatabase, *, clock: Clock, key: str, per_hour_max: int
    ) -> None:
        self._counts = database[REGISTRATION_COUNTS]
        self._clock = clock
        self._key = key.encode()
        self._per_hour_max = per_hour_max

    def take(self, source: str) -> None:
        now = self._clock.now()
        window = int(now.timestamp() // _WINDOW.total_seconds())
        text = f"{window}\n{source}".encode()
        count_id = hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]
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
