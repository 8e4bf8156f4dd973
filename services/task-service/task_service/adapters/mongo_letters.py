"""Collection `letters`."""

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
    ]
}


class MongoLetters:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._letters = database["letters"]
        self._session = session

    def add(self, letter: Letter) -> None:
        row = asdict(letter)
        self._letters.insert_one({"_id": row.pop("letter_id"), **row}, session=self._session)

    def count_since(self, requester_id: RequesterId, pseudonym: Pseudonym, since: datetime) -> int:
        late = {"requester_id": requester_id, "pseudonym": pseudonym, "said_at": {"$gt": since}}
        return self._letters.count_documents(late, session=self._session)

    def newest(self, requester_id: RequesterId, count_max: int) -> Mapping[Pseudonym, Letter]:
        found = self._letters.find({"requester_id": requester_id}, session=self._session)
        rows = list(found.sort("said_at", DESCENDING).limit(count_max))
        letters = (Letter(letter_id=row.pop("_id"), **row) for row in reversed(rows))
        return {letter.pseudonym: letter for letter in letters}
