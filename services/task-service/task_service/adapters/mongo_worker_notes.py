"""Collection `worker_notes`."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import Pseudonym, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.workers import Standing, WorkerNote

INDEXES = {
    "worker_notes": [
        IndexModel(
            [("requester_id", ASCENDING), ("standing", ASCENDING), ("noted_at", DESCENDING)],
            name="of_requester",
        )
    ]
}


class MongoWorkerNotes:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._notes = database["worker_notes"]
        self._session = session

    def put(self, note: WorkerNote) -> None:
        key = _key(note.requester_id, note.pseudonym)
        row = {**asdict(note), "standing": str(note.standing), "_id": key}
        self._notes.replace_one({"_id": key}, row, upsert=True, session=self._session)

    def get(self, requester_id: RequesterId, pseudonym: Pseudonym) -> WorkerNote | None:
        row = self._notes.find_one({"_id": _key(requester_id, pseudonym)}, session=self._session)
        return _note(row) if row else None

    def remove(self, requester_id: RequesterId, pseudonym: Pseudonym) -> None:
        self._notes.delete_one({"_id": _key(requester_id, pseudonym)}, session=self._session)

    def of_requester(self, requester_id: RequesterId) -> list[WorkerNote]:
        found = self._notes.find({"requester_id": requester_id}, session=self._session)
        return sorted(map(_note, found), key=lambda one: one.noted_at, reverse=True)

    def pseudonyms(self, requester_id: RequesterId, standing: Standing) -> list[Pseudonym]:
        wanted = {"requester_id": requester_id, "standing": str(standing)}
        found = self._notes.find(wanted, {"pseudonym": 1}, session=self._session)
        return sorted(row["pseudonym"] for row in found)

    def count(self, requester_id: RequesterId) -> int:
        return self._notes.count_documents({"requester_id": requester_id}, session=self._session)


def _key(requester_id: RequesterId, pseudonym: Pseudonym) -> str:
    return f"{requester_id}/{pseudonym}"


def _note(row: dict[str, Any]) -> WorkerNote:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return WorkerNote(**{**fields, "standing": Standing(row["standing"])})
