"""Collections `qualifications` and `hand_grants`."""

from dataclasses import asdict
from typing import Any

from crowdloom.kernel.ids import Pseudonym, RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.qualifications import Exam, HandGrant, OwnQualification, Question

INDEXES = {
    "qualifications": [
        IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester")
    ],
    "hand_grants": [
        IndexModel([("qualification_id", ASCENDING), ("granted_at", DESCENDING)], name="newest")
    ],
}


class MongoQualifications:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._qualifications = database["qualifications"]
        self._grants = database["hand_grants"]
        self._session = session

    def put(self, qualification: OwnQualification) -> None:
        row = _row(qualification)
        self._qualifications.replace_one(
            {"_id": row["_id"]}, row, upsert=True, session=self._session
        )

    def get(self, qualification_id: str) -> OwnQualification | None:
        row = self._qualifications.find_one({"_id": qualification_id}, session=self._session)
        return _qualification(row) if row else None

    def of_requester(self, requester_id: RequesterId) -> list[OwnQualification]:
        found = self._qualifications.find({"requester_id": requester_id}, session=self._session)
        return [_qualification(row) for row in found.sort("_id", DESCENDING)]

    def put_grant(self, grant: HandGrant) -> None:
        key = _key(grant.qualification_id, grant.pseudonym)
        self._grants.replace_one(
            {"_id": key}, {**asdict(grant), "_id": key}, upsert=True, session=self._session
        )

    def grant(self, qualification_id: str, pseudonym: Pseudonym) -> HandGrant | None:
        row = self._grants.find_one(
            {"_id": _key(qualification_id, pseudonym)}, session=self._session
        )
        return _grant(row) if row else None

    def grants(self, qualification_id: str, count_max: int) -> list[HandGrant]:
        found = self._grants.find({"qualification_id": qualification_id}, session=self._session)
        return [_grant(row) for row in found.sort("granted_at", DESCENDING).limit(count_max)]


def _key(qualification_id: str, pseudonym: Pseudonym) -> str:
    return f"{qualification_id}/{pseudonym}"


def _grant(row: dict[str, Any]) -> HandGrant:
    return HandGrant(**{name: value for name, value in row.items() if name != "_id"})


def _row(one: OwnQualification) -> dict[str, Any]:
    row = {name: value for name, value in asdict(one).items() if name != "qualification_id"}
    # Pairs, since a field's name may hold what MongoDB keeps for itself in keys.
    key = [[name, list(right)] for name, right in (one.exam.answer_key or {}).items()]
    return {**row, "_id": one.qualification_id, "exam": {**row["exam"], "answer_key": key}}


def _qualification(row: dict[str, Any]) -> OwnQualification:
    fields = {name: value for name, value in row.items() if name not in {"_id", "exam"}}
    exam = row["exam"]
    questions = tuple(
        Question(one["name"], one["text"], tuple(one["choices"])) for one in exam["questions"]
    )
    key = {name: tuple(right) for name, right in exam["answer_key"]} or None
    kept = Exam(**{**exam, "questions": questions, "answer_key": key})
    return OwnQualification(qualification_id=row["_id"], exam=kept, **fields)
