"""Collection `messages`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import BatchId, Pseudonym
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.talk import Message, Report, Side

INDEXES = {
    "messages": [
        IndexModel([("batch_id", ASCENDING), ("_id", ASCENDING)], name="of_batch"),
        IndexModel([("to_judge", ASCENDING)], name="to_judge", sparse=True),
        IndexModel([("was_hidden_at", DESCENDING)], name="hidden", sparse=True),
    ]
}
# Only in rows of their indexes, which are sparse: left out where they do not hold.
_MARKS = {"to_judge", "was_hidden_at"}


class MongoMessages:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._messages = database["messages"]
        self._session = session

    def put(self, message: Message) -> None:
        row = _row(message)
        self._messages.replace_one({"_id": row["_id"]}, row, upsert=True, session=self._session)

    def get(self, message_id: str) -> Message | None:
        row = self._messages.find_one({"_id": message_id}, session=self._session)
        return _message(row) if row else None

    def of_batch(self, batch_id: BatchId, count_max: int) -> list[Message]:
        found = self._messages.find({"batch_id": batch_id}, session=self._session)
        return [_message(row) for row in found.sort("_id", ASCENDING).limit(count_max)]

    def count_of_batch(self, batch_id: BatchId) -> int:
        return self._messages.count_documents({"batch_id": batch_id}, session=self._session)

    def count_of_worker(self, batch_id: BatchId, pseudonym: Pseudonym, since: datetime) -> int:
        late = {"batch_id": batch_id, "pseudonym": pseudonym, "said_at": {"$gte": since}}
        return self._messages.count_documents(late, session=self._session)

    def reported(self, count_max: int) -> list[Message]:
        found = self._messages.find({"to_judge": True}, session=self._session)
        return [_message(row) for row in found.sort("_id", ASCENDING).limit(count_max)]

    def hidden(self, count_max: int) -> list[Message]:
        found = self._messages.find({"was_hidden_at": {"$exists": True}}, session=self._session)
        return [_message(row) for row in found.sort("was_hidden_at", DESCENDING).limit(count_max)]


def _row(message: Message) -> dict[str, Any]:
    row = {name: value for name, value in asdict(message).items() if name != "message_id"}
    row |= {"_id": message.message_id, "side": str(message.side)}
    if message.reports and not message.is_hidden:
        row["to_judge"] = True
    if message.is_hidden:
        row["was_hidden_at"] = message.hidden_at
    return row


def _message(row: dict[str, Any]) -> Message:
    fields = {name: value for name, value in row.items() if name not in {"_id", *_MARKS}}
    fields |= {
        "message_id": row["_id"],
        "side": Side(row["side"]),
        "reports": tuple(Report(**one) for one in row["reports"]),
    }
    return Message(**fields)
