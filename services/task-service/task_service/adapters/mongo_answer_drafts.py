"""Collection `drafts`: answers that are not handed in yet."""

from typing import Any

from crowdloom.kernel.ids import AssignmentId
from pymongo import IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.application.ports import Draft

INDEXES: dict[str, list[IndexModel]] = {"drafts": []}


class MongoDrafts:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._drafts = database["drafts"]
        self._session = session

    def put(self, assignment_id: AssignmentId, draft: Draft) -> None:
        kept = {"answer": [list(pair) for pair in draft.answer], "saved_at": draft.saved_at}
        self._drafts.update_one(
            {"_id": assignment_id}, {"$set": kept}, upsert=True, session=self._session
        )

    def get(self, assignment_id: AssignmentId) -> Draft | None:
        row = self._drafts.find_one({"_id": assignment_id}, session=self._session)
        return _draft(row) if row else None


def _draft(row: dict[str, Any]) -> Draft:
    return Draft(tuple((name, value) for name, value in row["answer"]), row["saved_at"])
