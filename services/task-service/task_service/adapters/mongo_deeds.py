"""Collection `deeds`; the engine forgets them after two years."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.deeds import DEEDS_LIFETIME, Deed

INDEXES = {
    "deeds": [
        IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester"),
        IndexModel([("project_id", ASCENDING), ("_id", DESCENDING)], name="of_project"),
        IndexModel(
            [("done_at", ASCENDING)],
            name="forgotten",
            expireAfterSeconds=int(DEEDS_LIFETIME.total_seconds()),
        ),
    ]
}


class MongoDeeds:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._deeds = database["deeds"]
        self._session = session

    def put(self, deed: Deed) -> None:
        row = asdict(deed)
        known = {"_id": row.pop("deed_id")}
        self._deeds.update_one(known, {"$set": row}, upsert=True, session=self._session)

    def remove(self, deed_id: str) -> None:
        self._deeds.delete_one({"_id": deed_id}, session=self._session)

    def page(
        self,
        requester_id: RequesterId,
        *,
        project_id: ProjectId | None,
        before: str | None,
        count_max: int,
    ) -> list[Deed]:
        wanted: dict[str, Any] = {"requester_id": requester_id}
        if project_id is not None:
            wanted["project_id"] = project_id
        if before:
            wanted["_id"] = {"$lt": before}
        found = self._deeds.find(wanted).sort("_id", DESCENDING).limit(count_max)
        return [Deed(deed_id=row.pop("_id"), **row) for row in found]
