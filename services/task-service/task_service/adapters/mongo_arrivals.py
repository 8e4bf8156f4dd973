"""Collection `arrivals`: how many answers of a batch came in each ten seconds lately, so that only
those that came since it was last asked are counted again. What is lost of it is counted anew.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from crowdloom.kernel.ids import BatchId
from pymongo import IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.submissions import SubmissionStatus

INDEXES: dict[str, list[IndexModel]] = {"arrivals": []}
_STEP = timedelta(seconds=10)
# Longer than a transaction may take: what came before is there by now.
_SETTLED = timedelta(seconds=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOSED = str(SubmissionStatus.CLOSED)


class MongoArrivals:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._submissions = database["submissions"]
        self._arrivals = database["arrivals"]
        self._session = session

    def count(self, batch_id: BatchId, since: datetime, now: datetime) -> int:
        """How many came from `since` on."""
        first, settled = _step(since) + 1, _step(now - _SETTLED)
        if first >= settled:
            return sum(self._by_step(batch_id, since, None).values())
        kept = self._arrivals.find_one({"_id": batch_id}, session=self._session) or {}
        start = min(max(first, kept.get("counted_to", first)), settled)
        steps: dict[int, int] = {
            int(step): count
            for step, count in kept.get("steps", {}).items()
            if first <= int(step) < start
        }
        if start < settled:
            steps |= self._by_step(batch_id, _at(start), _at(settled))
            row = {
                "counted_to": settled,
                "steps": {str(one): count for one, count in steps.items()},
            }
            self._arrivals.update_one(
                {"_id": batch_id}, {"$set": row}, upsert=True, session=self._session
            )
        before = self._by_step(batch_id, since, _at(first))
        lately = self._by_step(batch_id, _at(settled), None)
        return sum(steps.values()) + sum(before.values()) + sum(lately.values())

    def _by_step(
        self, batch_id: BatchId, since: datetime, until: datetime | None
    ) -> dict[int, int]:
        at = {"$gte": since} if until is None else {"$gte": since, "$lt": until}
        # With the status as a condition the embedded engine reads all answers there are.
        found = self._submissions.find(
            {"batch_id": batch_id, "submitted_at": at},
            {"_id": 0, "submitted_at": 1, "status": 1},
            session=self._session,
        )
        return dict(Counter(_step(row["submitted_at"]) for row in found if _is_shown(row)))


def _is_shown(row: dict[str, Any]) -> bool:
    return bool(row["status"] != _CLOSED)


def _step(at: datetime) -> int:
    return (at - _EPOCH) // _STEP


def _at(step: int) -> datetime:
    return _EPOCH + step * _STEP
