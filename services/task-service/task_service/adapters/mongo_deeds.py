"""Collection `deeds`; the engine forgets them after two years."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
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
    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._deeds = database["deeds"]

    def add(self, deed: Deed) -> None:
        row = asdict(deed)
        self._deeds.insert_one({"_id": row.pop("deed_id"), **row})

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
