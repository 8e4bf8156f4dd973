"""Collections `requesters`, `api_keys`, `sign_up_counts` and `sign_in_tries`."""

import hashlib
import hmac
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from crowdloom.kernel import Clock
from crowdloom.kernel.ids import RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from task_service.domain.errors import EmailTaken, TooManySignUps, TooManyTries
from task_service.domain.requesters import ApiKey, KeyScope, Requester

INDEXES = {
    "requesters": [IndexModel([("email", ASCENDING)], name="one_per_email", unique=True)],
    "api_keys": [
        IndexModel([("digest", ASCENDING)], name="by_digest", unique=True),
        IndexModel([("requester_id", ASCENDING)], name="of_requester"),
    ],
    "sign_up_counts": [
        IndexModel([("began_at", ASCENDING)], name="forgotten", expireAfterSeconds=7_200)
    ],
    "sign_in_tries": [IndexModel([("at", ASCENDING)], name="forgotten", expireAfterSeconds=3_600)],
}
_TRIES_MAX = 8
_WINDOW = timedelta(minutes=10)


class MongoRequesters:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._requesters = database["requesters"]
        self._session = session

    def add(self, requester: Requester) -> None:
        row = asdict(requester)
        row["_id"] = row.pop("requester_id")
        try:
            self._requesters.insert_one(row, session=self._session)
        except DuplicateKeyError as error:
            raise EmailTaken("There is an account with this e-mail; sign in instead") from error

    def get(self, requester_id: RequesterId) -> Requester | None:
        return self._one({"_id": requester_id})

    def by_email(self, email: str) -> Requester | None:
        return self._one({"email": email})

    def set_vat(self, requester_id: RequesterId, basis_points: int) -> None:
        self._requesters.update_one(
            {"_id": requester_id},
            {"$set": {"vat_basis_points": basis_points}},
            session=self._session,
        )

    def vat_basis_points(self, requester_id: RequesterId) -> int:
        wanted = {"_id": requester_id}
        row = self._requesters.find_one(wanted, {"vat_basis_points": 1}, session=self._session)
        return row.get("vat_basis_points", 0) if row else 0

    def _one(self, wanted: dict[str, Any]) -> Requester | None:
        row = self._requesters.find_one(wanted, session=self._session)
        if row is None:
            return None
        return Requester(
            requester_id=row["_id"],
            email=row["email"],
            name=row["name"],
            password_hash=row["password_hash"],
            created_at=row["created_at"],
        )


class MongoApiKeys:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._keys = database["api_keys"]
        self._session = session

    def add(self, key: ApiKey) -> None:
        row = {**asdict(key), "scope": str(key.scope), "revoked": False}
        row["_id"] = row.pop("key_id")
        self._keys.insert_one(row, session=self._session)

    def of_requester(self, requester_id: RequesterId) -> list[ApiKey]:
        wanted = {"requester_id": requester_id, "revoked": False}
        found = self._keys.find(wanted, session=self._session).sort("_id", DESCENDING)
        return [_key(row) for row in found]

    def by_digest(self, digest: str) -> ApiKey | None:
        wanted = {"digest": digest, "revoked": False}
        row = self._keys.find_one(wanted, session=self._session)
        return _key(row) if row else None

    def revoke(self, requester_id: RequesterId, key_id: str) -> bool:
        revoked = self._keys.update_one(
            {"_id": key_id, "requester_id": requester_id},
            {"$set": {"revoked": True}},
            session=self._session,
        )
        return revoked.matched_count == 1

    def note_used(self, key_id: str, at: datetime) -> None:
        self._keys.update_one({"_id": key_id}, {"$set": {"last_used_at": at}})


class MongoTries:
    """At most eight failed sign-ins of one e-mail address in ten minutes."""

    def __init__(self, database: Database[dict[str, Any]], clock: Clock) -> None:
        self._tries = database["sign_in_tries"]
        self._clock = clock

    def check(self, subject: str) -> None:
        row = self._tries.find_one({"_id": subject})
        if row and row["count"] >= _TRIES_MAX and self._clock.now() - row["at"] < _WINDOW:
            raise TooManyTries("Too many failed tries; wait ten minutes", retry_after_seconds=600)

    def failed(self, subject: str) -> None:
        now = self._clock.now()
        self._tries.delete_one({"_id": subject, "at": {"$lt": now - _WINDOW}})
        self._tries.update_one(
            {"_id": subject}, {"$inc": {"count": 1}, "$set": {"at": now}}, upsert=True
        )

    def succeeded(self, subject: str) -> None:
        self._tries.delete_one({"_id": subject})


class MongoSignUpLimit:
    """Sign-ups of an address and hour. The address is kept as a keyed hash, and for two hours."""

    def __init__(
        self, database: Database[dict[str, Any]], clock: Clock, *, key: str, per_hour_max: int
    ) -> None:
        self._counts = database["sign_up_counts"]
        self._clock = clock
        self._key = key.encode()
        self._per_hour_max = per_hour_max

    def take(self, source: str) -> None:
        now = self._clock.now()
        text = f"{int(now.timestamp() // 3_600)}\n{source}".encode()
        count_id = hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]
        # Counted first and read after: two at once can only be counted too strictly.
        self._counts.update_one(
            {"_id": count_id}, {"$inc": {"count": 1}, "$set": {"began_at": now}}, upsert=True
        )
        found = self._counts.find_one({"_id": count_id})
        if found is not None and found["count"] > self._per_hour_max:
            raise TooManySignUps(
                "Too many new accounts from this address; try again in an hour",
                per_hour_max=self._per_hour_max,
            )


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        key_id=row["_id"],
        requester_id=row["requester_id"],
        name=row["name"],
        digest=row["digest"],
        created_at=row["created_at"],
        # Keys from before there were scopes may do everything, as they could.
        scope=KeyScope(row.get("scope", KeyScope.ALL)),
        last_used_at=row.get("last_used_at"),
    )
