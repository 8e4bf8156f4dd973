"""Collection `known_answers`: what a requester marked as the right answer to a row."""

from typing import Any

from crowdloom.kernel.answer_keys import AnswerKey
from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

INDEXES = {"known_answers": [IndexModel([("batch_id", ASCENDING)], name="of_batch")]}


class MongoKnownAnswers:
    """{_id: "<batch_id>:<number>", batch_id, number, key: [[field, [values]]]}. Pairs, since a
    field's name may hold what MongoDB keeps for itself in keys.
    """

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._known = database["known_answers"]
        self._session = session

    def get(self, batch_id: BatchId, number: int) -> AnswerKey:
        row = self._known.find_one({"_id": _id(batch_id, number)}, session=self._session)
        return {name: tuple(values) for name, values in row["key"]} if row else {}

    def numbers(self, batch_id: BatchId) -> set[int]:
        marked = {"batch_id": batch_id}
        found = self._known.find(marked, {"number": 1}, session=self._session)
        return {row["number"] for row in found}

    def put(self, batch_id: BatchId, number: int, key: AnswerKey) -> None:
        name = {"_id": _id(batch_id, number)}
        if not key:
            self._known.delete_one(name, session=self._session)
            return
        row = _row(batch_id, number, [[field, list(values)] for field, values in key.items()])
        self._known.replace_one(name, row, upsert=True, session=self._session)

    def copy(self, batch_id: BatchId, other_id: BatchId) -> None:
        found = self._known.find({"batch_id": batch_id}, session=self._session)
        rows = [_row(other_id, row["number"], row["key"]) for row in found]
        if rows:
            self._known.insert_many(rows, session=self._session)

    def forget(self, batch_id: BatchId) -> None:
        self._known.delete_many({"batch_id": batch_id}, session=self._session)


def _id(batch_id: BatchId, number: int) -> str:
    return f"{batch_id}:{number}"


def _row(batch_id: BatchId, number: int, key: list[Any]) -> dict[str, Any]:
    return {"_id": _id(batch_id, number), "batch_id": batch_id, "number": number, "key": key}
