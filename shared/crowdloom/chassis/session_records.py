"""Where somebody is signed in: a record for each session, kept by the service that issues it.

The issuing service looks at the record with each request, so a session that was ended is over there
at once. Other services stay strangers: they get passes, tokens that live for hours, and a session
that was ended lives on there until its last pass expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import PyMongoError

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Clock, IdFactory, TransientError

SESSIONS = "sessions"
SESSION_INDEXES = [
    IndexModel([("subject", ASCENDING), ("begun_at", DESCENDING)], name="of_subject"),
    IndexModel([("expires_at", ASCENDING)], name="until_it_expires", expireAfterSeconds=0),
]
SESSIONS_SHOWN_MAX = 100
# Coarse on purpose: neither a write with each request nor a diary of somebody's day.
SEEN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class SessionRecord:
    """`device` is coarse: a browser's family and a system, or API."""

    session_id: str
    subject: str
    device: str
    begun_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionRecords:
    """The sessions of one role. Each call blocks for one or two operations."""

    def __init__(self, database: MongoDatabase, *, role: str, clock: Clock, ids: IdFactory) -> None:
        self._sessions = database[SESSIONS]
        self.role = role
        self._clock = clock
        self._ids = ids

    def begin(self, subject: str, *, device: str, lifetime: timedelta) -> SessionRecord:
        now = self._clock.now()
        record = SessionRecord(
            session_id=self._ids.new("session"),
            subject=subject,
            device=device,
            begun_at=now,
            seen_at=now,
            expires_at=now + lifetime,
        )
        fields = {name: value for name, value in vars(record).items() if name != "session_id"}
        self._sessions.insert_one({"_id": record.session_id, **fields})
        return record

    def look(self, session_id: str) -> bool | None:
        """None where it was ended; else whether it had not been seen for a while, which is when
        fresh passes are due. Raises TransientError.
        """
        now = self._clock.now()
        try:
            found = self._sessions.find_one({"_id": session_id}, {"seen_at": 1, "expires_at": 1})
            if found is None or found["expires_at"] <= now:
                return None
            if now - found["seen_at"] < SEEN_EVERY:
                return False
            self._sessions.update_one({"_id": session_id}, {"$set": {"seen_at": now}})
        except PyMongoError as error:
            raise TransientError(str(error)) from error
        return True

    def of(self, subject: str) -> Sequence[SessionRecord]:
        """Newest first."""
        query = {"subject": subject, "expires_at": {"$gt": self._clock.now()}}
        found = self._sessions.find(query).sort("begun_at", DESCENDING)
        return [_record(row) for row in found.limit(SESSIONS_SHOWN_MAX)]

    def end(self, subject: str, session_id: str) -> bool:
        """Returns whether there was such a session of the subject's."""
        ended = self._sessions.delete_one({"_id": session_id, "subject": subject})
        return ended.deleted_count == 1

    def end_all(self, subject: str, *, but: str = "") -> int:
        """All of the subject's, or all others than the one named; returns how many."""
        return self._sessions.delete_many({"subject": subject, "_id": {"$ne": but}}).deleted_count


def device_of(user_agent: str) -> str:
    """As much of a browser's name as tells one's own devices apart, e.g. `Firefox · Android`."""
    if not user_agent.startswith("Mozilla/"):
        return "API"
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "Browser")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return f"{browser} · {system}" if system else browser


# The first sign that is there counts: most browsers also name the ones they descend from.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def _record(row: Document) -> SessionRecord:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return SessionRecord(session_id=row["_id"], **fields)
