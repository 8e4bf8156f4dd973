"""Collections `project_drafts` and `trials`: what is being written, and how long items take."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import ProjectId, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.project_drafts import TRIALS_MAX, DraftText, ProjectDraft, TrialFile

INDEXES = {
    "project_drafts": [
        IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester")
    ],
    "trials": [],
}


class MongoProjectDrafts:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._drafts = database["project_drafts"]
        self._session = session

    def add(self, draft: ProjectDraft) -> None:
        self._drafts.insert_one(_row(draft), session=self._session)

    def get(self, draft_id: str) -> ProjectDraft | None:
        row = self._drafts.find_one({"_id": draft_id}, session=self._session)
        return _draft(row) if row else None

    def of_requester(self, requester_id: RequesterId, count_max: int) -> list[ProjectDraft]:
        wanted = {"requester_id": requester_id}
        found = self._drafts.find(wanted, session=self._session).sort("_id", DESCENDING)
        return [_draft(row) for row in found.limit(count_max)]

    def save(self, draft: ProjectDraft, *, version: int) -> bool:
        row = _row(draft)
        known = {"_id": row["_id"], "version": version}
        change = {name: row[name] for name in ("text", "version", "saved_at")}
        done = self._drafts.update_one(known, {"$set": change}, session=self._session)
        return done.matched_count == 1

    def try_on(self, draft: ProjectDraft) -> None:
        row = _row(draft)
        change = {name: row[name] for name in ("columns", "rows", "file")}
        self._drafts.update_one({"_id": row["_id"]}, {"$set": change}, session=self._session)

    def note_trial(self, draft_id: str, seconds: int) -> None:
        change = {"$push": {"trials": _newest(seconds)}}
        self._drafts.update_one({"_id": draft_id}, change, session=self._session)

    def remove(self, draft_id: str) -> None:
        self._drafts.delete_one({"_id": draft_id}, session=self._session)


class MongoTrials:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._trials = database["trials"]
        self._session = session

    def of_project(self, project_id: ProjectId) -> tuple[int, ...]:
        row = self._trials.find_one({"_id": project_id}, session=self._session)
        return tuple(row["seconds"]) if row else ()

    def keep(self, project_id: ProjectId, seconds: tuple[int, ...]) -> None:
        wanted = {"_id": project_id}
        change = {"$set": {"seconds": list(seconds)}}
        self._trials.update_one(wanted, change, upsert=True, session=self._session)

    def note(self, project_id: ProjectId, seconds: int) -> None:
        change = {"$push": {"seconds": _newest(seconds)}}
        self._trials.update_one({"_id": project_id}, change, upsert=True, session=self._session)


def _newest(seconds: int) -> dict[str, Any]:
    return {"$each": [seconds], "$slice": -TRIALS_MAX}


def _row(draft: ProjectDraft) -> dict[str, Any]:
    row = asdict(draft)
    row["_id"] = row.pop("draft_id")
    return row


def _draft(row: dict[str, Any]) -> ProjectDraft:
    return ProjectDraft(
        draft_id=row["_id"],
        requester_id=row["requester_id"],
        text=DraftText(**row["text"]),
        version=row["version"],
        saved_at=row["saved_at"],
        columns=tuple(row["columns"]),
        rows=tuple(tuple(cells) for cells in row["rows"]),
        file=TrialFile(**row["file"]) if row["file"] else None,
        trials=tuple(row["trials"]),
    )
