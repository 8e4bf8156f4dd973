"""Accounts in MongoDB. The recovery code's digest is unique, and is all that is kept of it."""

from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession

from worker_service.domain.workers import Worker

WORKERS = "workers"
WORKER_INDEXES = [
    IndexModel([("recovery_digest", ASCENDING)], name="by_recovery_digest", unique=True)
]


class MongoWorkers:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._workers = database[WORKERS]
        self._session = session

    def add(self, worker: Worker) -> None:
        self._workers.insert_one(_document(worker), session=self._session)

    def get(self, worker_id: WorkerId) -> Worker | None:
        return self._one({"_id": worker_id})

    def by_recovery_digest(self, digest: str) -> Worker | None:
        return self._one({"recovery_digest": digest})

    def replace(self, worker: Worker) -> None:
        self._workers.replace_one(
            {"_id": worker.worker_id}, _document(worker), session=self._session
        )

    def remove(self, worker_id: WorkerId) -> bool:
        removed = self._workers.delete_one({"_id": worker_id}, session=self._session)
        return removed.deleted_count == 1

    def _one(self, query: dict[str, Any]) -> Worker | None:
        found = self._workers.find_one(query, session=self._session)
        return None if found is None else _worker(found)


def _document(worker: Worker) -> Document:
    return {
        "_id": worker.worker_id,
        "registered_at": worker.registered_at,
        "languages": list(worker.languages),
        "recovery_digest": worker.recovery_digest,
        "code_shown": worker.code_shown,
    }


def _worker(document: Document) -> Worker:
    return Worker(
        worker_id=document["_id"],
        registered_at=document["registered_at"],
        languages=tuple(document["languages"]),
        recovery_digest=document["recovery_digest"],
        code_shown=document.get("code_shown", True),
    )
