"""Collection `known_answers`: what a requester marked as the right answer to a row."""

from typing import Any

from crowdloom.kernel.answer_keys import AnswerKey
from crowdloom.kernel.ids import TaskId
from pymongo import IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

INDEXES: dict[str, list[IndexModel]] = {"known_answers": []}


class MongoKnownAnswers:
    """{_id: task, key: [[field, [values]]]}. Pairs, since a field's name may hold what MongoDB
    keeps for itself in keys.
    """

    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._known = database["known_answers"]
        self._session = session

    def get(self, task_id: TaskId) -> AnswerKey:
        row = self._known.find_one({"_id": task_id}, session=self._session)
        return {name: tuple(values) for name, values in row["key"]} if row else {}

    def put(self, task_id: TaskId, key: AnswerKey) -> None:
        if not key:
            self._known.delete_one({"_id": task_id}, session=self._session)
            return
        pairs = [[name, list(values)] for name, values in key.items()]
        self._known.replace_one(
            {"_id": task_id}, {"key": pairs}, upsert=True, session=self._session
        )
