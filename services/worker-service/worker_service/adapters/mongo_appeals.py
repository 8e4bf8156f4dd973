"""Appeals in MongoDB: one document an assignment, its thread inside."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel.ids import AssignmentId, WorkerId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession

from worker_service.domain.appeals import Appeal, AppealStatus, Message, Side

APPEALS = "appeals"
APPEAL_INDEXES = [
    IndexModel([("status", ASCENDING), ("decide_by", ASCENDING)], name="waiting"),
    IndexModel([("worker_id", ASCENDING)], name="of_worker"),
]
_OF_WORKER_MAX = 1_000


class MongoAppeals:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._appeals = database[APPEALS]
        self._session = session

    def get(self, assignment_id: AssignmentId) -> Appeal | None:
        found = self._appeals.find_one({"_id": assignment_id}, session=self._session)
        return None if found is None else _appeal(found)

    def put(self, appeal: Appeal) -> None:
        self._appeals.replace_one(
            {"_id": appeal.assignment_id}, _document(appeal), upsert=True, session=self._session
        )

    def waiting(self, count_max: int) -> Sequence[Appeal]:
        found = self._appeals.find({"status": str(AppealStatus.OPEN)}, session=self._session)
        ordered = found.sort("decide_by", ASCENDING).limit(count_max)
        return [_appeal(document) for document in ordered]

    def many(self, assignment_ids: Sequence[AssignmentId]) -> Mapping[AssignmentId, Appeal]:
        if not assignment_ids:
            return {}
        found = self._appeals.find({"_id": {"$in": list(assignment_ids)}}, session=self._session)
        return {document["_id"]: _appeal(document) for document in found}

    def of_worker(self, worker_id: WorkerId) -> Sequence[Appeal]:
        found = self._appeals.find({"worker_id": worker_id}, session=self._session)
        return [_appeal(document) for document in found.limit(_OF_WORKER_MAX)]


def _document(appeal: Appeal) -> Document:
    fields = {name: value for name, value in asdict(appeal).items() if name != "assignment_id"}
    messages = [{**message, "side": str(message["side"])} for message in fields["messages"]]
    return {
        **fields,
        "_id": appeal.assignment_id,
        "status": str(appeal.status),
        "messages": messages,
    }


def _appeal(document: Document) -> Appeal:
    fields = {name: value for name, value in document.items() if name != "_id"}
    messages = tuple(
        Message(**{**message, "side": Side(message["side"])}) for message in fields["messages"]
    )
    return Appeal(
        **{
            **fields,
            "assignment_id": document["_id"],
            "status": AppealStatus(fields["status"]),
            "messages": messages,
        }
    )
