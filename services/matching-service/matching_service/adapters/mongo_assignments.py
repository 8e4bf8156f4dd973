"""Collection `assignments`: who holds or held which task."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.errors import AlreadyClaimed

COLLECTION = "assignments"
INDEXES = [
    IndexModel(
        [("worker_id", ASCENDING), ("claim_key", ASCENDING)], name="one_per_key", unique=True
    ),
    IndexModel([("worker_id", ASCENDING), ("status", ASCENDING)], name="held_by"),
    IndexModel([("status", ASCENDING), ("deadline", ASCENDING)], name="overdue"),
    IndexModel([("batch_id", ASCENDING), ("status", ASCENDING)], name="of_batch"),
]


class MongoAssignments:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._assignments = database[COLLECTION]
        self._session = session

    def add(self, assignment: Assignment) -> None:
        row = asdict(assignment)
        row["_id"] = row.pop("assignment_id")
        row["status"] = str(assignment.status)
        try:
            self._assignments.insert_one(row, session=self._session)
        except DuplicateKeyError as error:
            raise AlreadyClaimed("This claim was made already") from error

    def get(self, assignment_id: AssignmentId) -> Assignment | None:
        return self._one({"_id": assignment_id})

    def by_claim_key(self, worker_id: WorkerId, claim_key: str) -> Assignment | None:
        return self._one({"worker_id": worker_id, "claim_key": claim_key})

    def held_by(self, worker_id: WorkerId) -> list[Assignment]:
        held = {"worker_id": worker_id, "status": str(AssignmentStatus.LEASED)}
        return [_assignment(row) for row in self._assignments.find(held, session=self._session)]

    def finish(
        self, assignment_id: AssignmentId, status: AssignmentStatus, finished_at: datetime
    ) -> bool:
        done = self._assignments.update_one(
            {"_id": assignment_id, "status": str(AssignmentStatus.LEASED)},
            {"$set": {"status": str(status), "finished_at": finished_at}},
            session=self._session,
        )
        return done.modified_count == 1

    def override(
        self, assignment_id: AssignmentId, status: AssignmentStatus, finished_at: datetime
    ) -> None:
        self._assignments.update_one(
            {"_id": assignment_id},
            {"$set": {"status": str(status), "finished_at": finished_at}},
            session=self._session,
        )

    def prolong(self, assignment: Assignment, deadline: datetime) -> bool:
        prolonged = self._assignments.update_one(
            {
                "_id": assignment.assignment_id,
                "status": str(AssignmentStatus.LEASED),
                "extension_count": assignment.extension_count,
            },
            {"$set": {"deadline": deadline}, "$inc": {"extension_count": 1}},
            session=self._session,
        )
        return prolonged.modified_count == 1

    def overdue(self, before: datetime, count_max: int) -> list[Assignment]:
        past = {"status": str(AssignmentStatus.LEASED), "deadline": {"$lt": before}}
        found = self._assignments.find(past, session=self._session).limit(count_max)
        return [_assignment(row) for row in found]

    def counts(self, batch_id: BatchId) -> Mapping[AssignmentStatus, int]:
        return {
            status: self._assignments.count_documents(
                {"batch_id": batch_id, "status": str(status)}, session=self._session
            )
            for status in AssignmentStatus
        }

    def recent_seconds(self, batch_id: BatchId, count_max: int) -> list[float]:
        submitted = {"batch_id": batch_id, "status": str(AssignmentStatus.SUBMITTED)}
        found = self._assignments.find(
            submitted, {"claimed_at": 1, "finished_at": 1}, session=self._session
        )
        newest = found.sort("_id", DESCENDING).limit(count_max)
        return [(row["finished_at"] - row["claimed_at"]).total_seconds() for row in newest]

    def _one(self, wanted: dict[str, Any]) -> Assignment | None:
        row = self._assignments.find_one(wanted, session=self._session)
        return _assignment(row) if row else None


def _assignment(row: dict[str, Any]) -> Assignment:
    return Assignment(
        assignment_id=row["_id"],
        task_id=row["task_id"],
        batch_id=row["batch_id"],
        requester_id=row["requester_id"],
        worker_id=row["worker_id"],
        pseudonym=row["pseudonym"],
        claimed_at=row["claimed_at"],
        deadline=row["deadline"],
        claim_key=row["claim_key"],
        status=AssignmentStatus(row["status"]),
        extension_count=row["extension_count"],
    )
