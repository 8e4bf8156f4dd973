"""Collections `letters`, and `letters_stopped`: the requesters who write no more of them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import Pseudonym, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.letters import Letter

INDEXES = {
    "letters": [
        IndexModel(
            [("requester_id", ASCENDING), ("pseudonym", ASCENDING), ("said_at", DESCENDING)],
            name="to_worker",
        ),
        IndexModel([("requester_id", ASCENDING), ("said_at", DESCENDING)], name="of_requester"),
        # Only in rows of reported letters, until somebody looked: the index is sparse.
        IndexModel([("to_judge", ASCENDING)], name="to_judge", sparse=True),
    ],
    "letters_stopped": [],
}


class MongoLetters:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._letters = database["letters"]
        self._stopped = database["letters_stopped"]
        self._session = session

    def add(self, letter: Letter) -> None:
        row = {name: value for name, value in asdict(letter).items() if value}
        self._letters.insert_one({"_id": row.pop("letter_id"), **row}, session=self._session)

    def count_since(self, requester_id: RequesterId, pseudonym: Pseudonym, since: datetime) -> int:
        late = {"requester_id": requester_id, "pseudonym": pseudonym, "said_at": {"$gt": since}}
        return self._letters.count_documents(late, session=self._session)

    def newest(self, requester_id: RequesterId, count_max: int) -> Mapping[Pseudonym, Letter]:
        found = self._letters.find({"requester_id": requester_id}, session=self._session)
        rows = list(found.sort("said_at", DESCENDING).limit(count_max))
        return {letter.pseudonym: letter for letter in map(_letter, reversed(rows))}

    def note_report(self, letter_id: str, reason: str, at: datetime) -> bool:
        fresh = {"_id": letter_id, "reported_at": None}
        said = {"$set": {"report": reason, "reported_at": at, "to_judge": at}}
        if self._letters.update_one(fresh, said, session=self._session).modified_count:
            return True
        return self._letters.find_one({"_id": letter_id}, session=self._session) is not None

    def reported(self, count_max: int) -> list[Letter]:
        found = self._letters.find({"to_judge": {"$exists": True}}, session=self._session)
        return [_letter(row) for row in found.sort("to_judge", ASCENDING).limit(count_max)]

    def note_judged(self, letter_id: str, at: datetime, by: str) -> RequesterId | None:
        reported = {"_id": letter_id, "reported_at": {"$ne": None}}
        judged = {"$set": {"judged_at": at, "judged_by": by}, "$unset": {"to_judge": ""}}
        row = self._letters.find_one_and_update(reported, judged, session=self._session)
        return row["requester_id"] if row else None

    def stop(self, requester_id: RequesterId, at: datetime, by: str) -> None:
        said = {"$setOnInsert": {"stopped_at": at, "stopped_by": by}}
        self._stopped.update_one({"_id": requester_id}, said, upsert=True, session=self._session)

    def allow(self, requester_id: RequesterId) -> None:
        self._stopped.delete_one({"_id": requester_id}, session=self._session)

    def is_stopped(self, requester_id: RequesterId) -> bool:
        return self._stopped.find_one({"_id": requester_id}, session=self._session) is not None

    def stopped(self, count_max: int) -> list[RequesterId]:
        found = self._stopped.find({}, {"_id": 1}, session=self._session)
        return [row["_id"] for row in found.sort("_id", ASCENDING).limit(count_max)]


def _letter(row: dict[str, Any]) -> Letter:
    fields = {name: value for name, value in row.items() if name not in {"_id", "to_judge"}}
    return Letter(letter_id=row["_id"], **fields)
