"""Collection `assignments`: who holds or held which task."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crowdloom.chassis.held_writes import Hold, outside_a_transaction
from crowdloom.kernel.ids import AssignmentId, BatchId, TaskId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from matching_service.application.ports import RecentWork
from matching_service.domain.assignments import Assignment, AssignmentStatus, is_rework
from matching_service.domain.errors import AlreadyClaimed

COLLECTION = "assignments"
INDEXES = [
    IndexModel(
        [("worker_id", ASCENDING), ("claim_key", ASCENDING)], name="one_per_key", unique=True
    ),
    # "wrk_...:7" while the lease lasts: no more leases at once than there are places.
    IndexModel([("place", ASCENDING)], name="one_lease_a_place", unique=True, sparse=True),
    # "bat_...:wrk_...:3" where the batch has a cap: no more answers of a worker than turns.
    IndexModel([("turn", ASCENDING)], name="one_claim_a_turn", unique=True, sparse=True),
    IndexModel([("day_turn", ASCENDING)], name="one_claim_a_day_turn", unique=True, sparse=True),
    IndexModel([("worker_id", ASCENDING), ("status", ASCENDING)], name="held_by"),
    IndexModel([("status", ASCENDING), ("deadline", ASCENDING)], name="overdue"),
    IndexModel([("batch_id", ASCENDING), ("status", ASCENDING)], name="of_batch"),
]
_OF_RECENT = [
    *("worker_id", "batch_id", "status", "claim_key", "claimed_at", "finished_at"),
    "extension_keys",
]
_TURNS = ("turn", "day_turn")
_LEASED = {"status": str(AssignmentStatus.LEASED)}


class MongoAssignments:
    """`hold` is the transaction's, for a write that can wait until its end."""

    def __init__(
        self,
        database: Database[dict[str, Any]],
        session: ClientSession | None,
        hold: Hold = outside_a_transaction,
    ) -> None:
        self._assignments = database[COLLECTION]
        self._session = session
        self._hold = hold

    def add(self, assignment: Assignment, place: int, *turns: str | None) -> None:
        row = {**_row(assignment), "place": f"{assignment.worker_id}:{place}"}
        row.update((name, turn) for name, turn in zip(_TURNS, turns, strict=False) if turn)
        self._hold(
            InsertOne(row, namespace=self._assignments.full_name),
            taken=AlreadyClaimed("The same worker claims at the same moment"),
        )

    def add_rework(self, assignment: Assignment) -> None:
        self._assignments.insert_one(_row(assignment), session=self._session)

    def get(self, assignment_id: AssignmentId) -> Assignment | None:
        return self._one({"_id": assignment_id})

    def of_ids(self, assignment_ids: Sequence[AssignmentId]) -> list[Assignment]:
        wanted = {"_id": {"$in": list(assignment_ids)}}
        return [_assignment(row) for row in self._assignments.find(wanted, session=self._session)]

    def by_claim_key(self, worker_id: WorkerId, claim_key: str) -> Assignment | None:
        return self._one({"worker_id": worker_id, "claim_key": claim_key})

    def held_by(self, worker_id: WorkerId) -> list[Assignment]:
        held = {"worker_id": worker_id, **_LEASED}
        return [_assignment(row) for row in self._assignments.find(held, session=self._session)]

    def of_worker(self, worker_id: WorkerId) -> Iterator[tuple[Assignment, datetime | None]]:
        own = self._assignments.find({"worker_id": worker_id}, session=self._session)
        for row in own.sort("_id", ASCENDING):
            yield _assignment(row), row.get("finished_at")

    def of_task(
        self, task_id: TaskId, workers: Collection[WorkerId], count_max: int
    ) -> list[tuple[Assignment, datetime | None]]:
        wanted = {"worker_id": {"$in": sorted(workers)}, "task_id": task_id}
        found = self._assignments.find(wanted, session=self._session).sort("_id", ASCENDING)
        return [(_assignment(row), row.get("finished_at")) for row in found.limit(count_max)]

    def places_taken(self, worker_id: WorkerId) -> set[int]:
        held = {"worker_id": worker_id, **_LEASED, "place": {"$exists": True}}
        found = self._assignments.find(held, {"place": 1}, session=self._session)
        return {int(row["place"].rpartition(":")[2]) for row in found}

    def turns_taken(self, name: str) -> list[int]:
        # The names of a day's turns have the day in them: those of the whole batch sort elsewhere.
        field = _TURNS[1] if name.count(":") > 1 else _TURNS[0]
        taken = {field: {"$gt": f"{name}:", "$lt": f"{name};"}}
        found = self._assignments.find(taken, {field: 1}, session=self._session)
        return [int(row[field].rpartition(":")[2]) for row in found]

    def finish(
        self, assignment_id: AssignmentId, status: AssignmentStatus, finished_at: datetime
    ) -> bool:
        return self._end({"_id": assignment_id, **_LEASED}, status, finished_at)

    def expire(self, assignment_id: AssignmentId, before: datetime, finished_at: datetime) -> bool:
        # The deadline again: the worker may have asked for more time since it was read.
        overdue = {"_id": assignment_id, **_LEASED, "deadline": {"$lt": before}}
        return self._end(overdue, AssignmentStatus.EXPIRED, finished_at)

    def submit(self, answered: Mapping[AssignmentId, datetime]) -> None:
        writes = [
            UpdateOne({"_id": assignment_id}, _ending(AssignmentStatus.SUBMITTED, submitted_at))
            for assignment_id, submitted_at in answered.items()
        ]
        if writes:
            self._assignments.bulk_write(writes, ordered=False, session=self._session)

    def _end(self, which: dict[str, Any], status: AssignmentStatus, finished_at: datetime) -> bool:
        change = _ending(status, finished_at)
        # What is given up leaves its turn in a capped batch to another claim.
        change["$unset"] = {**change["$unset"], **dict.fromkeys(_TURNS, "")}
        ended = self._assignments.update_one(which, change, session=self._session)
        return ended.modified_count == 1

    def confirm_end(self, assignment_id: AssignmentId) -> bool:
        given_up = [str(AssignmentStatus.RETURNED), str(AssignmentStatus.EXPIRED)]
        ended = {"_id": assignment_id, "status": {"$in": given_up}}
        confirmed = self._assignments.update_one(
            {**ended, "confirmed": {"$ne": True}},
            {"$set": {"confirmed": True}},
            session=self._session,
        )
        return confirmed.modified_count == 1

    def prolong(self, assignment: Assignment, deadline: datetime, key: str) -> bool:
        prolonged = self._assignments.update_one(
            {
                "_id": assignment.assignment_id,
                **_LEASED,
                "extension_keys": list(assignment.extension_keys),
            },
            {"$set": {"deadline": deadline}, "$push": {"extension_keys": key}},
            session=self._session,
        )
        return prolonged.modified_count == 1

    def overdue(self, before: datetime, count_max: int) -> list[Assignment]:
        past = {**_LEASED, "deadline": {"$lt": before}}
        found = self._assignments.find(past, session=self._session).limit(count_max)
        return [_assignment(row) for row in found]

    def count(self, batch_id: BatchId, status: AssignmentStatus) -> int:
        of_status = {"batch_id": batch_id, "status": str(status)}
        return self._assignments.count_documents(of_status, session=self._session)

    def recent(self, count_max: int) -> list[RecentWork]:
        # Assignment ids sort by the moment of the claim.
        found = self._assignments.find({}, _OF_RECENT, session=self._session)
        return [
            RecentWork(
                worker_id=row["worker_id"],
                batch_id=row["batch_id"],
                status=AssignmentStatus(row["status"]),
                claimed_at=row["claimed_at"],
                finished_at=row.get("finished_at"),
                prolonged_count=len(row["extension_keys"]),
                is_rework=is_rework(row["claim_key"]),
            )
            for row in found.sort("_id", DESCENDING).limit(count_max)
        ]

    def counts(self, batch_id: BatchId) -> Mapping[AssignmentStatus, int]:
        return {status: self.count(batch_id, status) for status in AssignmentStatus}

    def _one(self, wanted: dict[str, Any]) -> Assignment | None:
        row = self._assignments.find_one(wanted, session=self._session)
        return _assignment(row) if row else None


def _ending(status: AssignmentStatus, finished_at: datetime) -> dict[str, Any]:
    return {"$set": {"status": str(status), "finished_at": finished_at}, "$unset": {"place": ""}}


def _row(assignment: Assignment) -> dict[str, Any]:
    return {
        "_id": assignment.assignment_id,
        "task_id": assignment.task_id,
        "batch_id": assignment.batch_id,
        "requester_id": assignment.requester_id,
        "worker_id": assignment.worker_id,
        "pseudonym": assignment.pseudonym,
        "claimed_at": assignment.claimed_at,
        "deadline": assignment.deadline,
        "claim_key": assignment.claim_key,
        "status": str(assignment.status),
        "extension_keys": list(assignment.extension_keys),
        "confirmed": assignment.confirmed,
    }


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
        extension_keys=tuple(row["extension_keys"]),
        confirmed=row.get("confirmed", False),
    )
