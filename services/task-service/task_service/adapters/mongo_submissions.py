"""Collections `submissions` and `answer_fields`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from crowdloom.chassis.held_writes import Hold, outside_a_transaction
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
)
from pymongo import ASCENDING, DESCENDING, IndexModel, InsertOne, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.cursor import Cursor
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from task_service.adapters import id_windows
from task_service.adapters.mongo_arrivals import MongoArrivals
from task_service.adapters.mongo_tallies import MongoTallies
from task_service.adapters.submission_rows import decision_of, document_of, submission_of
from task_service.domain.errors import AlreadySubmitted
from task_service.domain.submissions import Held, Submission, SubmissionStatus
from task_service.domain.tallies import Tally

INDEXES = {
    "submissions": [
        # One submission an assignment; a closed assignment takes the place of one.
        IndexModel([("assignment_id", ASCENDING)], name="one_per_assignment", unique=True),
        IndexModel(
            [("batch_id", ASCENDING), ("status", ASCENDING), ("_id", ASCENDING)], name="of_batch"
        ),
        IndexModel([("batch_id", ASCENDING), ("submitted_at", ASCENDING)], name="by_time"),
        IndexModel([("task_id", ASCENDING)], name="of_task"),
        IndexModel(
            [("requester_id", ASCENDING), ("pseudonym", ASCENDING), ("_id", DESCENDING)],
            name="of_worker",
        ),
        IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester"),
        IndexModel([("rework_assignment_id", ASCENDING)], name="reworked_as", sparse=True),
        IndexModel([("held.effective_at", ASCENDING)], name="held_due", sparse=True),
        IndexModel([("status", ASCENDING), ("auto_accept_at", ASCENDING)], name="due"),
        IndexModel([("status", ASCENDING), ("decided_at", ASCENDING)], name="decided"),
    ],
    "answer_fields": [],
}
_FIELDS_NOTED_MAX = 2_000
_WORKERS_OF_NEWEST = 1_000
_WAITING: dict[str, Any] = {"status": str(SubmissionStatus.SUBMITTED)}
_SHORT_MAX = 500
_IDS_TOGETHER = 100
_READ_TOGETHER = 1_000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ORDERED = ["submitted", "returned", "rejected", "accepted"]
_SHOWN = [str(status) for status in SubmissionStatus if status is not SubmissionStatus.CLOSED]
_DECIDED = [one for one in _SHOWN if one != SubmissionStatus.SUBMITTED]


class MongoSubmissions:
    def __init__(
        self,
        database: Database[dict[str, Any]],
        session: ClientSession | None,
        hold: Hold = outside_a_transaction,
    ) -> None:
        self._submissions = database["submissions"]
        self._fields = database["answer_fields"]
        self._session = session
        self._hold = hold
        self._tallies = MongoTallies(database, session)
        self._arrivals = MongoArrivals(database, session)

    def add(self, submission: Submission) -> None:
        try:
            self._submissions.insert_one(document_of(submission), session=self._session)
        except DuplicateKeyError as error:
            raise _already(submission) from error
        self._tallies.note(None, submission)

    def take_in(self, submission: Submission) -> None:
        row = InsertOne(document_of(submission), namespace=self._submissions.full_name)
        self._hold(row, taken=_already(submission))
        self._tallies.note(None, submission)

    def get(self, submission_id: SubmissionId) -> Submission | None:
        return self._one({"_id": submission_id})

    def of_ids(self, submission_ids: Sequence[SubmissionId]) -> list[Submission]:
        rows: list[dict[str, Any]] = []
        for at in range(0, len(submission_ids), _IDS_TOGETHER):
            wanted = {"_id": {"$in": list(submission_ids[at : at + _IDS_TOGETHER])}}
            rows += _shown(self._submissions.find(wanted, session=self._session), _IDS_TOGETHER)
        return [submission_of(row) for row in rows]

    def of_assignment(self, assignment_id: AssignmentId) -> Submission | None:
        return self._one({"assignment_id": assignment_id})

    def newest(self, count_max: int) -> list[Submission]:
        wanted = {"status": {"$in": _SHOWN}}
        found = self._submissions.find(wanted, session=self._session).sort("_id", DESCENDING)
        return [submission_of(row) for row in found.limit(count_max)]

    def newest_of(self, requester_id: RequesterId, pseudonym: Pseudonym) -> Submission | None:
        wanted = {"requester_id": requester_id, "pseudonym": pseudonym}
        found = self._submissions.find(wanted, session=self._session).sort("_id", DESCENDING)
        return next((submission_of(row) for row in _shown(found, 1)), None)

    def newest_pseudonyms(
        self, requester_id: RequesterId, count_max: int, now: datetime
    ) -> list[Pseudonym]:
        newest = self.newest_of_requester(requester_id, _WORKERS_OF_NEWEST, now)
        return list(dict.fromkeys(one.pseudonym for one in newest))[:count_max]

    def newest_of_requester(
        self, requester_id: RequesterId, count_max: int, now: datetime
    ) -> list[Submission]:
        rows: list[dict[str, Any]] = []
        windows = id_windows.before("submission", now)
        found, end = 0, None
        while True:
            start = windows.edge(found, count_max - len(rows))
            ends = {"$gt": start, "$lte": end}
            within = {name: one for name, one in ends.items() if one is not None}
            wanted = {"requester_id": requester_id, "_id": within}
            newest = self._submissions.find(wanted, session=self._session).sort("_id", DESCENDING)
            more = _shown(newest, count_max - len(rows))
            rows, found, end = rows + more, len(more), start
            if len(rows) >= count_max or start is None:
                return [submission_of(row) for row in rows]

    def of_tasks(self, *task_ids: TaskId) -> list[Submission]:
        # The few that are not shown are left out here: with a second condition an engine could
        # take the other index.
        found = self._submissions.find({"task_id": {"$in": list(task_ids)}}, session=self._session)
        together = found.batch_size(_READ_TOGETHER)  # a download asks once for a page of tasks
        shown = (submission_of(row) for row in together if row["status"] in _SHOWN)
        return sorted(shown, key=lambda one: one.submission_id)

    def all(self, batch_id: BatchId) -> Iterator[Submission]:
        wanted = {"batch_id": batch_id, "status": {"$in": _SHOWN}}
        found = self._submissions.find(wanted).sort("_id", ASCENDING)
        yield from map(submission_of, found.batch_size(_READ_TOGETHER))

    def note_fields(self, batch_id: BatchId, names: Iterable[str]) -> None:
        noted = self._noted_fields(batch_id)
        if noted is not None and (noted.issuperset(names) or len(noted) > _FIELDS_NOTED_MAX):
            return
        # Answers of earlier versions noted nothing.
        earlier = self._used_fields(batch_id) if noted is None else []
        added = {"$addToSet": {"names": {"$each": sorted({*names, *earlier})}}}
        try:
            self._fields.update_one({"_id": batch_id}, added, upsert=True)
        except DuplicateKeyError:  # somebody else began it at the same moment
            self._fields.update_one({"_id": batch_id}, added)

    def answer_fields(self, batch_id: BatchId) -> list[str]:
        noted = self._noted_fields(batch_id)
        if noted is None or len(noted) > _FIELDS_NOTED_MAX:
            return self._used_fields(batch_id)
        return sorted(noted)

    def _noted_fields(self, batch_id: BatchId) -> set[str] | None:
        row = self._fields.find_one({"_id": batch_id}, session=self._session)
        return set(row["names"]) if row else None

    def _used_fields(self, batch_id: BatchId) -> list[str]:
        """By reading every answer."""
        names: list[dict[str, Any]] = [
            {"$match": {"batch_id": batch_id, "status": {"$in": _SHOWN}}},
            {"$unwind": "$answer"},
            {"$group": {"_id": {"$arrayElemAt": ["$answer", 0]}}},
        ]
        found = self._submissions.aggregate(names, session=self._session)
        return sorted(row["_id"] for row in found)

    def reworked_as(self, assignment_id: AssignmentId) -> Submission | None:
        return self._one({"rework_assignment_id": assignment_id})

    def page(
        self,
        batch_id: BatchId,
        *,
        status: SubmissionStatus | None,
        after: str | None,
        count_max: int,
        held: bool | None = None,
    ) -> list[Submission]:
        if held:
            found = self._held(batch_id, after)
            return [one for one in found if status in (None, one.status)][:count_max]
        tally = vars(self._tallies.of(batch_id))
        # In this order an answer can only move on, so that none is missed that moves meanwhile.
        asked = [str(status)] if status else _ORDERED
        rows = {
            row["_id"]: row
            for one in asked
            for row in self._some(
                {"batch_id": batch_id, "status": one},
                after,
                count_max,
                is_long=tally.get(one, 0) > _SHORT_MAX,
                free=held is False,
            )
        }
        return [submission_of(rows[submission_id]) for submission_id in sorted(rows)[:count_max]]

    def _some(
        self,
        wanted: dict[str, Any],
        after: str | None,
        count_max: int,
        *,
        is_long: bool,
        free: bool,
    ) -> list[dict[str, Any]]:
        """The first ones of a batch and status, by id; `free`: only those that are not held."""
        low, found = after or "", 0
        rows: list[dict[str, Any]] = []
        windows = id_windows.after("submission", after or wanted["batch_id"]) if is_long else None
        while True:
            end = windows.edge(found, count_max - len(rows)) if windows else None
            within = {"$gt": low} if end is None else {"$gt": low, "$lte": end}
            oldest = self._submissions.find({**wanted, "_id": within}, session=self._session)
            more = _shown(oldest.sort("_id", ASCENDING), count_max - len(rows), free=free)
            rows, found = rows + more, len(more)
            if len(rows) >= count_max or end is None:
                return rows
            low = max(low, end)

    def _held(self, batch_id: BatchId, after: str | None = None) -> list[Submission]:
        """Few: a decision is held for seconds."""
        wanted: dict[str, Any] = {"held.effective_at": {"$gt": _LONG_AGO}, "batch_id": batch_id}
        found = self._submissions.find({**wanted, **_WAITING}, session=self._session)
        rows = [row for row in found.hint("held_due") if row["_id"] > (after or "")]
        return [submission_of(row) for row in sorted(rows, key=lambda row: str(row["_id"]))]

    def decide(self, decided: Sequence[Submission]) -> list[Submission]:
        named = {"_id": {"$in": [one.submission_id for one in decided]}}
        found = self._submissions.find(named, {"status": 1}, session=self._session)
        waiting = {row["_id"] for row in found if row["status"] == _WAITING["status"]}
        new = [one for one in decided if one.submission_id in waiting]
        if not new:
            return []
        writes = [
            UpdateOne(
                {"_id": one.submission_id, **_WAITING},
                {"$set": decision_of(one), "$unset": {"held": ""}},
            )
            for one in new
        ]
        # They are as they were read, or whoever was faster has this transaction begin again.
        self._submissions.bulk_write(writes, ordered=False, session=self._session)
        for one in new:
            self._tallies.note(replace(one, status=SubmissionStatus.SUBMITTED), one)
        return new

    def overturn(self, submission: Submission) -> bool:
        rejected = {"_id": submission.submission_id, "status": str(SubmissionStatus.REJECTED)}
        acceptance = {
            "status": str(submission.status),
            "decided_at": submission.decided_at,
            "decided_by": submission.decided_by,
            "overturned": True,
        }
        written = self._submissions.update_one(
            rejected, {"$set": acceptance}, session=self._session
        )
        if written.modified_count != 1:
            return False
        self._tallies.note(replace(submission, status=SubmissionStatus.REJECTED), submission)
        return True

    def hold(self, submission_ids: Sequence[SubmissionId], held: Held) -> int:
        free = {"_id": {"$in": list(submission_ids)}, **_WAITING, "held": {"$exists": False}}
        row = {**asdict(held), "choice": str(held.choice)}
        written = self._submissions.update_many(
            free, {"$set": {"held": row}}, session=self._session
        )
        return written.modified_count

    def let_go(
        self, batch_id: BatchId, submission_ids: Sequence[SubmissionId], now: datetime | None
    ) -> int:
        held = {"_id": {"$in": list(submission_ids)}, "batch_id": batch_id, **_WAITING}
        held["held"] = {"$exists": True}
        if now is not None:
            held["held.effective_at"] = {"$gt": now}
        freed = self._submissions.update_many(held, {"$unset": {"held": ""}}, session=self._session)
        return freed.modified_count

    def held_due(self, now: datetime, count_max: int) -> list[Submission]:
        due = {"held.effective_at": {"$gt": _LONG_AGO, "$lte": now}, **_WAITING}
        found = self._submissions.find(due, session=self._session)
        # Of two indexes the embedded engine takes the one that holds every waiting answer.
        return [submission_of(row) for row in found.hint("held_due").limit(count_max)]

    def due_for_acceptance(self, now: datetime, count_max: int) -> list[Submission]:
        due = {**_WAITING, "auto_accept_at": {"$lte": now}}
        found = self._submissions.find(due, session=self._session)
        return [submission_of(row) for row in _shown(found, count_max, free=True)]

    def held_count(self, batch_id: BatchId) -> int:
        return len(self._held(batch_id))

    def tally(self, batch_id: BatchId) -> Tally:
        return self._tallies.of(batch_id)

    def tallies(self, batch_ids: Sequence[BatchId]) -> Mapping[BatchId, Tally]:
        return self._tallies.of_many(list(batch_ids))

    def tally_changes(self) -> list[UpdateOne]:
        """Held back until now, before the commit."""
        return self._tallies.changes()

    def changed_since(self, batch_id: BatchId, since: datetime) -> bool:
        came = {"batch_id": batch_id, "submitted_at": {"$gte": since}}
        if self._submissions.find_one(came, {"_id": 1}, session=self._session) is not None:
            return True
        # One status a time, and those of other batches passed over here: with more than one value
        # or one condition more, the embedded engine reads every answer there is.
        return any(
            row["batch_id"] == batch_id
            for status in _DECIDED
            for row in self._submissions.find(
                {"status": status, "decided_at": {"$gte": since}},
                {"_id": 0, "batch_id": 1},
                session=self._session,
            )
        )

    def count_since(self, batch_id: BatchId, since: datetime, now: datetime) -> int:
        return self._arrivals.count(batch_id, since, now)

    def _one(self, wanted: dict[str, Any]) -> Submission | None:
        row = self._submissions.find_one(wanted, session=self._session)
        return submission_of(row) if row else None


def _already(submission: Submission) -> AlreadySubmitted:
    return AlreadySubmitted(
        "This assignment was answered or given back before",
        assignment_id=submission.assignment_id,
    )


def _shown(
    found: Cursor[dict[str, Any]], count_max: int, *, free: bool = False
) -> list[dict[str, Any]]:
    """The first so many that are shown; `free`: and not held. Looked at here: with one condition
    more than an index has, the embedded engine reads all that there are.
    """
    with found.batch_size(count_max + 1) as rows:
        wanted = (row for row in rows if row["status"] in _SHOWN and not (free and "held" in row))
        return list(islice(wanted, count_max))
