"""Collection `projects`."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.projects import Project

INDEXES = {
    "projects": [
        IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester")
    ]
}


class MongoProjects:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._projects = database["projects"]
        self._session = session

    def add(self, project: Project) -> None:
        row = asdict(project)
        row["_id"] = row.pop("project_id")
        self._projects.insert_one(row, session=self._session)

    def get(self, project_id: ProjectId) -> Project | None:
        row = self._projects.find_one({"_id": project_id}, session=self._session)
        return _project(row) if row else None

    def page(
        self, requester_id: RequesterId, *, before: str | None, count_max: int
    ) -> list[Project]:
        wanted: dict[str, Any] = {"requester_id": requester_id}
        if before:
            wanted["_id"] = {"$lt": before}
        found = self._projects.find(wanted, session=self._session).sort("_id", DESCENDING)
        return [_project(row) for row in found.limit(count_max)]


def _project(row: dict[str, Any]) -> Project:
    return Project(
        project_id=row["_id"],
        requester_id=row["requester_id"],
        title=row["title"],
        description=row["description"],
        language=row["language"],
        template=row["template"],
        columns=tuple(row["columns"]),
        answer_fields=tuple(row["answer_fields"]),
        allowed_hosts=tuple(row["allowed_hosts"]),
        created_at=row["created_at"],
    )
