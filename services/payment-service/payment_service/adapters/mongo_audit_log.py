"""The log of what privileged people did, in MongoDB: insert-only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crowdloom.chassis.context import current_cause
from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel import Clock, IdFactory
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

AUDIT_LOG = "audit_log"
AUDIT_INDEXES = [
    IndexModel([("at", DESCENDING)], name="newest_first"),
    IndexModel([("who", ASCENDING), ("_id", DESCENDING)], name="by_person"),
    IndexModel([("what", ASCENDING), ("_id", DESCENDING)], name="by_act"),
    IndexModel([("subject", ASCENDING), ("_id", DESCENDING)], name="by_subject"),
]


class MongoAudit:
    """Insert-only. Hash-chaining is done off the hot path."""

    def __init__(
        self,
        database: MongoDatabase,
        session: ClientSession | None,
        *,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._log = database[AUDIT_LOG]
        self._session = session
        self._clock = clock
        self._ids = ids

    def note(self, *, who: str, what: str, subject: str, **facts: Any) -> None:
        note_id = self._ids.new("entry")
        self._log.insert_one(
            {
                "_id": note_id,
                "who": who,
                "what": what,
                "subject": subject,
                "facts": facts,
                "request_id": current_cause(note_id).correlation_id,
                "at": self._clock.now(),
            },
            session=self._session,
        )

    def listed(
        self,
        count_max: int,
        *,
        before: str | None = None,
        who: str | None = None,
        what: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Mapping[str, Any]]:
        named = {"who": who, "what": what, "subject": subject}
        query: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        if before is not None:
            query["_id"] = {"$lt": before}
        moments = {"$gte": since, "$lt": until}
        at = {limit: moment for limit, moment in moments.items() if moment is not None}
        if at:
            query["at"] = at
        found = self._log.find(query, session=self._session).sort("_id", DESCENDING)
        return list(found.limit(count_max))

    def acts(self) -> Sequence[str]:
        return sorted(self._log.distinct("what", session=self._session))
