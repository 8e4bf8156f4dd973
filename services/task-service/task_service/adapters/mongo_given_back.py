"""What workers said of items that they gave back, in MongoDB: one document an assignment."""

from collections.abc import Collection
from typing import Any

from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.given_back import GivenBack

INDEXES = {
    "given_back": [IndexModel([("batch_id", ASCENDING), ("at", DESCENDING)], name="of_batch")],
}


class MongoGivenBack:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._given_back = database["given_back"]
        self._session = session

    def put(self, given_back: GivenBack) -> None:
        row = dict(vars(given_back))
        assignment_id = row.pop("assignment_id")
        self._given_back.replace_one(
            {"_id": assignment_id}, row, upsert=True, session=self._session
        )

    def newest(self, batch_id: BatchId, count_max: int) -> list[GivenBack]:
        found = self._given_back.find({"batch_id": batch_id}, session=self._session)
        rows = found.sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(count_max)
        return [GivenBack(assignment_id=row.pop("_id"), **row) for row in rows]

    def count(self, batch_id: BatchId, reasons: Collection[str], count_max: int) -> int:
        wanted = {"batch_id": batch_id, "reason": {"$in": sorted(reasons)}}
        return self._given_back.count_documents(wanted, limit=count_max, session=self._session)
