"""Suspended workers in MongoDB; one that was lifted is kept."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.domain.suspensions import Suspension

SUSPENSIONS = "suspensions"
SUSPENSION_INDEXES = [
    IndexModel(
        [("worker_id", ASCENDING)],
        name="one_standing",
        unique=True,
        partialFilterExpression={"lifted_at": None},
    ),
]


class MongoSuspensions:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._suspensions = database[SUSPENSIONS]
        self._session = session

    def add(self, suspension: Suspension) -> None:
        document = asdict(suspension)
        document["_id"] = document.pop("suspension_id")
        self._suspensions.insert_one(document, session=self._session)

    def get(self, suspension_id: str) -> Suspension | None:
        return self._one({"_id": suspension_id})

    def of_worker(self, worker_id: WorkerId) -> Suspension | None:
        return self._one({"worker_id": worker_id, "lifted_at": None})

    def suspended(self, worker_ids: Collection[WorkerId]) -> Collection[WorkerId]:
        if not worker_ids:
            return set()
        found = self._suspensions.find(
            {"worker_id": {"$in": sorted(worker_ids)}, "lifted_at": None},
            {"worker_id": 1},
            session=self._session,
        )
        return {row["worker_id"] for row in found}

    def lift(self, suspension_id: str, at: datetime) -> None:
        self._suspensions.update_one(
            {"_id": suspension_id}, {"$set": {"lifted_at": at}}, session=self._session
        )

    def listed(self, count_max: int) -> Sequence[Suspension]:
        found = self._suspensions.find({"lifted_at": None}, session=self._session)
        return [_suspension(row) for row in found.sort("_id", ASCENDING).limit(count_max)]

    def _one(self, query: Document) -> Suspension | None:
        found = self._suspensions.find_one(query, session=self._session)
        return None if found is None else _suspension(found)


def _suspension(row: Document) -> Suspension:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return Suspension(suspension_id=row["_id"], **fields)
