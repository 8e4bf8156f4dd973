"""Answers to workers' questions in MongoDB."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from crowdloom.chassis.store import MongoDatabase
from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from worker_service.application.talk_ports import TalkAnswer

TALK_ANSWERS = "talk_answers"
TALK_ANSWER_INDEXES = [
    # Message ids sort by the moment of the answer.
    IndexModel([("worker_id", ASCENDING), ("_id", DESCENDING)], name="of_worker")
]


class MongoTalkAnswers:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._answers = database[TALK_ANSWERS]
        self._session = session

    def put(self, answer: TalkAnswer) -> None:
        row = asdict(answer)
        wanted = {"_id": row.pop("message_id")}
        if row["reported_at"] is None:  # what was noted stays
            del row["reported_at"]
        self._answers.update_one(wanted, {"$set": row}, upsert=True, session=self._session)

    def get(self, message_id: str) -> TalkAnswer | None:
        row = self._answers.find_one({"_id": message_id}, session=self._session)
        return TalkAnswer(message_id=row.pop("_id"), **row) if row else None

    def note_reported(self, message_id: str, at: datetime) -> bool:
        fresh = {"_id": message_id, "reported_at": None}
        noted = self._answers.update_one(
            fresh, {"$set": {"reported_at": at}}, session=self._session
        )
        return noted.modified_count == 1

    def of_worker(self, worker_id: WorkerId, count_max: int) -> Sequence[TalkAnswer]:
        found = self._answers.find({"worker_id": worker_id}, session=self._session)
        newest = found.sort("_id", DESCENDING).limit(count_max)
        return [TalkAnswer(message_id=row.pop("_id"), **row) for row in newest]

    def forget(self, worker_id: WorkerId) -> None:
        self._answers.delete_many({"worker_id": worker_id}, session=self._session)
