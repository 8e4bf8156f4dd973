"""What was accepted, counted; and up to when that was told."""

from datetime import date, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from task_service.application.totals_port import Accepted
from task_service.domain.submissions import SubmissionStatus

INDEXES: dict[str, list[IndexModel]] = {"totals_told": []}
_PLACE = "accepted"
_ACCEPTED = str(SubmissionStatus.ACCEPTED)
_DECIDED = [_ACCEPTED, str(SubmissionStatus.REJECTED)]
_READ_TOGETHER = 5_000


class MongoTotals:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._submissions = database["submissions"]
        self._told = database["totals_told"]
        self._session = session

    def told_to(self) -> datetime | None:
        found = self._told.find_one({"_id": _PLACE}, session=self._session)
        return None if found is None else found["told_to"]

    def tell(self, *, was: datetime | None, now: datetime) -> bool:
        if was is None:
            try:
                self._told.insert_one({"_id": _PLACE, "told_to": now}, session=self._session)
            except DuplicateKeyError:
                return False
            return True
        changed = self._told.update_one(
            {"_id": _PLACE, "told_to": was}, {"$set": {"told_to": now}}, session=self._session
        )
        return changed.matched_count == 1

    def touched(
        self, since: datetime | None, until: datetime, count_max: int
    ) -> tuple[set[tuple[BatchId, date]], datetime]:
        at: dict[str, Any] = {"$lte": until}
        if since is not None:
            at["$gt"] = since
        # One status a time: of two the embedded engine reads every answer there is, each time.
        both = [
            self._submissions.find(
                {"status": status, "decided_at": at},
                {"batch_id": 1, "decided_at": 1},
                session=self._session,
            )
            .sort("decided_at", ASCENDING)
            .limit(_READ_TOGETHER)
            for status in _DECIDED
        ]
        found = islice(merge(*both, key=lambda row: row["decided_at"]), _READ_TOGETHER)
        touched: set[tuple[BatchId, date]] = set()
        for number, row in enumerate(found, start=1):
            touched.add((row["batch_id"], row["decided_at"].date()))
            if len(touched) > count_max or number == _READ_TOGETHER:
                # The rest comes next, this instant again: there may be more of it.
                return touched, row["decided_at"] - timedelta(milliseconds=1)
        return touched, until

    def accepted(self, batch_id: BatchId, first: datetime, last: datetime) -> Accepted:
        wanted = {"batch_id": batch_id, "status": _ACCEPTED}
        of_day = {**wanted, "decided_at": {"$gte": first, "$lte": last}}
        count = self._submissions.count_documents(of_day, session=self._session)
        overturned = self._submissions.count_documents(
            {**of_day, "overturned": True}, session=self._session
        )
        return Accepted(count - overturned, overturned)

    def settled_slots(self, batch_id: BatchId, until: datetime) -> int:
        wanted = {"batch_id": batch_id, "status": {"$in": _DECIDED}}
        # What was overturned is paid from the wallet: its slot was closed, or is somebody else's.
        accepted = {"status": _ACCEPTED, "decided_at": {"$lte": until}}
        return self._submissions.count_documents(
            {**wanted, **accepted, "overturned": {"$ne": True}}, session=self._session
        ) + self._submissions.count_documents(
            {**wanted, "closed_at": {"$lte": until}}, session=self._session
        )
