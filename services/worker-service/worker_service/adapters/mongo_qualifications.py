"""Qualifications in MongoDB: those of requesters, who holds what, tries of tests, and the counts
that rules are about.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from worker_service.domain.qualifications import (
    GrantedBy,
    Held,
    KnownItems,
    Qualification,
    Question,
    Record,
    Test,
    Tries,
)

QUALIFICATIONS = "qualifications"
HELD = "held_qualifications"
TRIES = "qualification_tries"
RECORDS = "records"
QUALIFICATION_INDEXES = {
    QUALIFICATIONS: [IndexModel([("closed", ASCENDING), ("_id", DESCENDING)], name="offered")],
    HELD: [
        IndexModel([("worker_id", ASCENDING)], name="of_worker"),
        IndexModel([("ends", ASCENDING)], name="ends", sparse=True),
    ],
    TRIES: [IndexModel([("worker_id", ASCENDING)], name="of_worker")],
    RECORDS: [IndexModel([("due_at", ASCENDING)], name="due", sparse=True)],
}
_OF_WORKER_MAX = 1_000


class MongoQualifications:
    """Requesters' own; the market's are in a file."""

    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._qualifications = database[QUALIFICATIONS]
        self._session = session

    def put(self, qualification: Qualification) -> None:
        self._qualifications.replace_one(
            {"_id": qualification.code},
            _document(qualification),
            upsert=True,
            session=self._session,
        )

    def get(self, code: str) -> Qualification | None:
        found = self._qualifications.find_one({"_id": code}, session=self._session)
        return None if found is None else _qualification(found)

    def many(self, codes: Sequence[str]) -> Sequence[Qualification]:
        if not codes:
            return []
        found = self._qualifications.find({"_id": {"$in": list(codes)}}, session=self._session)
        return [_qualification(document) for document in found]

    def offered(self, count_max: int) -> Sequence[Qualification]:
        found = self._qualifications.find({"closed": False}, session=self._session)
        ordered = found.sort("_id", DESCENDING).limit(count_max)
        return [_qualification(document) for document in ordered]


class MongoHeld:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._held = database[HELD]
        self._tries = database[TRIES]
        self._session = session

    def get(self, worker_id: WorkerId, code: str) -> Held | None:
        found = self._held.find_one({"_id": _key(worker_id, code)}, session=self._session)
        return None if found is None else _held(found)

    def put(self, held: Held) -> None:
        document: Document = {**asdict(held), "granted_by": str(held.granted_by)}
        document["_id"] = _key(held.worker_id, held.code)
        if held.revoked_at is None and held.expires_at is not None:
            document["ends"] = held.expires_at  # left out otherwise: its index is sparse
        self._held.replace_one(
            {"_id": document["_id"]}, document, upsert=True, session=self._session
        )

    def of_worker(self, worker_id: WorkerId) -> Sequence[Held]:
        found = self._held.find({"worker_id": worker_id}, session=self._session)
        return [_held(document) for document in found.limit(_OF_WORKER_MAX)]

    def ended(self, now: datetime, count_max: int) -> Sequence[Held]:
        found = self._held.find({"ends": {"$lte": now}}, session=self._session)
        return [_held(document) for document in found.limit(count_max)]

    def tries(self, worker_id: WorkerId, code: str) -> Tries:
        found = self._tries.find_one({"_id": _key(worker_id, code)}, session=self._session)
        return Tries(worker_id, code) if found is None else _tries(found)

    def tries_of_worker(self, worker_id: WorkerId) -> Sequence[Tries]:
        found = self._tries.find({"worker_id": worker_id}, session=self._session)
        return [_tries(document) for document in found.limit(_OF_WORKER_MAX)]

    def put_tries(self, tries: Tries) -> None:
        document = {**asdict(tries), "_id": _key(tries.worker_id, tries.code)}
        self._tries.replace_one(
            {"_id": document["_id"]}, document, upsert=True, session=self._session
        )

    def forget(self, worker_id: WorkerId) -> None:
        for collection in (self._held, self._tries):
            collection.delete_many({"worker_id": worker_id}, session=self._session)


class MongoRecords:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._records = database[RECORDS]
        self._session = session

    def get(self, worker_id: WorkerId) -> Record:
        found = self._records.find_one({"_id": worker_id}, session=self._session) or {}
        return Record(
            worker_id,
            found.get("accepted_count", 0),
            found.get("rejected_count", 0),
            KnownItems(*found.get("known", ())),
            KnownItems(*found.get("told", ())),
        )

    def put(self, record: Record, due_at: datetime | None) -> None:
        document: Document = {
            "accepted_count": record.accepted_count,
            "rejected_count": record.rejected_count,
            "known": [record.known.count, record.known.right_count],
            "told": [record.told.count, record.told.right_count],
        }
        if due_at is not None:
            document["due_at"] = due_at
        self._records.replace_one(
            {"_id": record.worker_id}, document, upsert=True, session=self._session
        )

    def due(self, now: datetime, count_max: int) -> Sequence[WorkerId]:
        found = self._records.find({"due_at": {"$lte": now}}, {"_id": 1}, session=self._session)
        return [document["_id"] for document in found.limit(count_max)]

    def forget(self, worker_id: WorkerId) -> None:
        self._records.delete_one({"_id": worker_id}, session=self._session)


def _key(worker_id: WorkerId, code: str) -> str:
    return f"{worker_id}/{code}"


def _document(qualification: Qualification) -> Document:
    document = {name: value for name, value in asdict(qualification).items() if name != "code"}
    test = qualification.test
    if test is not None:
        document["test"]["key"] = [[name, list(values)] for name, values in test.key.items()]
    return {**document, "_id": qualification.code}


def _qualification(document: Document) -> Qualification:
    fields = {name: value for name, value in document.items() if name not in {"_id", "rule"}}
    return Qualification(**{**fields, "code": document["_id"], "test": _test(document["test"])})


def _test(document: dict[str, Any] | None) -> Test | None:
    if document is None:
        return None
    return Test(
        **{
            **document,
            "questions": tuple(
                Question(one["name"], one["text"], tuple(one["choices"]))
                for one in document["questions"]
            ),
            # Pairs, since a field's name may hold what MongoDB keeps for itself in keys.
            "key": {name: tuple(values) for name, values in document["key"]},
        }
    )


def _held(document: Document) -> Held:
    fields = {name: value for name, value in document.items() if name not in {"_id", "ends"}}
    return Held(**{**fields, "granted_by": GrantedBy(fields["granted_by"])})


def _tries(document: Document) -> Tries:
    return Tries(
        document["worker_id"],
        document["code"],
        tuple(document["tried_at"]),
        tuple(document["scores"]),
    )
