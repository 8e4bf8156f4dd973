"""Work items in MongoDB: one document an assignment, written by one upsert an event.

`$max` on the rank keeps the furthest stage whatever the order, and each event sets fields of its
own, so nothing is read before it is written.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from worker_service.application.ports import (
    DayOfWork,
    DecidedItem,
    DecidedWork,
    FinishedWork,
    ItemFacts,
    ScoredItem,
    WorkFilter,
)
from worker_service.domain.pay import begun_at, duration_ms
from worker_service.domain.requesters import Judged
from worker_service.domain.work_items import Status, WorkItem

WORK_ITEMS = "work_items"
WORK_ITEM_INDEXES = [
    # Assignment ids sort by the moment of the claim: newest first is by id.
    IndexModel([("worker_id", ASCENDING), ("_id", DESCENDING)], name="of_worker"),
    IndexModel([("worker_id", ASCENDING), ("submitted_at", DESCENDING)], name="day_of_worker"),
    IndexModel([("to_measure", ASCENDING)], name="to_measure", sparse=True),
    IndexModel([("to_judge", ASCENDING)], name="to_judge", sparse=True),
    IndexModel([("to_count", ASCENDING)], name="to_count", sparse=True),
    IndexModel([("to_score", ASCENDING)], name="to_score", sparse=True),
]
_DAY_ITEMS_MAX = 1_000
_BESIDE_ITEMS_MAX = 10_000
_PLAIN_FIELDS = (
    "worker_id",
    "claimed_at",
    "deadline",
    "submitted_at",
    "auto_accept_at",
    "decided_at",
    "rejected_at",
    "closed_at",
    "settled_at",
    "reason",
    "again_as",
    "note",
)


class MongoWorkItems:
    def __init__(self, database: MongoDatabase, session: ClientSession | None = None) -> None:
        self._collection = database[WORK_ITEMS]
        self._session = session
        self._learnt: dict[AssignmentId, tuple[Document, int]] = {}

    @property
    def _items(self) -> Collection[Document]:
        """For all who read or change: they find what was learnt before."""
        self.write_learnt()
        return self._collection

    def learn(self, facts: ItemFacts) -> None:
        """Held back until the end of the transaction: what one says of the same item is one write,
        and all of them are one call.
        """
        known, rank = self._learnt.get(facts.assignment_id, ({}, 0))
        said = {**known, "batch_id": facts.batch_id, **facts.facts}
        self._learnt[facts.assignment_id] = (said, max(rank, facts.status.rank))
        if self._session is None:
            self.write_learnt()

    def write_learnt(self) -> None:
        writes = [
            UpdateOne({"_id": name}, {"$set": said, "$max": {"rank": rank}}, upsert=True)
            for name, (said, rank) in self._learnt.items()
        ]
        self._learnt.clear()
        if writes:
            self._collection.bulk_write(writes, ordered=False, session=self._session)

    def get(self, assignment_id: AssignmentId) -> WorkItem | None:
        found = self._items.find_one({"_id": assignment_id}, session=self._session)
        return None if found is None else _item(found)

    def statuses(self, named: Sequence[AssignmentId]) -> Mapping[AssignmentId, Status]:
        if not named:
            return {}
        wanted = {"_id": {"$in": list(named)}}
        found = self._items.find(wanted, {"rank": 1}, session=self._session)
        return {item["_id"]: Status.of_rank(item["rank"]) for item in found}

    def page(
        self,
        worker_id: WorkerId,
        *,
        wanted: WorkFilter,
        batch_ids: Sequence[BatchId] | None,
        before: AssignmentId | None,
        count_max: int,
    ) -> Sequence[WorkItem]:
        query: dict[str, Any] = {"worker_id": worker_id}
        if wanted.status is not None:
            query["rank"] = wanted.status.rank
        if batch_ids is not None:
            query["batch_id"] = {"$in": list(batch_ids)}
        claimed = {"$gte": wanted.since, "$lt": wanted.before}
        if asked := {bound: instant for bound, instant in claimed.items() if instant}:
            query["claimed_at"] = asked
        if before is not None:
            query["_id"] = {"$lt": before}
        found = self._items.find(query, session=self._session).sort("_id", DESCENDING)
        return [_item(document) for document in found.limit(count_max)]

    def day_of(self, worker_id: WorkerId, since: datetime) -> DayOfWork:
        found = self._items.find(
            {"worker_id": worker_id, "submitted_at": {"$gte": since}},
            {"claimed_at": 1, "submitted_at": 1, "held_ms": 1, "note": 1},
            session=self._session,
        ).limit(_DAY_ITEMS_MAX)
        # An answer counts where nobody knows when it was begun; its time does not.
        spans = [(_taken_at(item), _done_at(item)) for item in found]
        done = sorted(done_at for _claimed, done_at in spans)
        worked = [
            duration_ms(begun_at(claimed, done_at, done), done_at)
            for claimed, done_at in spans
            if claimed
        ]
        return DayOfWork(answer_count=len(spans), worked_ms=sum(worked))

    def unmeasured(self, count_max: int) -> Sequence[FinishedWork]:
        seen = {"to_measure": True, "claimed_at": {"$exists": True}}
        found = list(self._items.find(seen, session=self._session).limit(count_max))
        done = self._done_beside(found)
        return [
            FinishedWork(
                item["_id"],
                item["batch_id"],
                begun_at(taken_at, _done_at(item), done[item["worker_id"]]) if taken_at else None,
                _done_at(item),
            )
            for item in found
            for taken_at in [_taken_at(item)]
        ]

    def _done_beside(self, found: Sequence[Document]) -> Mapping[WorkerId, Sequence[datetime]]:
        """When the workers of these were done with whatever they did meanwhile, ascending."""
        since: dict[WorkerId, datetime] = {}
        for item in found:
            if taken_at := _taken_at(item):
                since[item["worker_id"]] = min(taken_at, since.get(item["worker_id"], taken_at))
        # Worker by worker: one that took something days ago is no reason to read days of all.
        return {worker_id: self._done_since(worker_id, each) for worker_id, each in since.items()}

    def _done_since(self, worker_id: WorkerId, since: datetime) -> Sequence[datetime]:
        later = {"worker_id": worker_id, "submitted_at": {"$gt": since}}
        shown = {"submitted_at": 1, "held_ms": 1}
        rows = self._items.find(later, shown, session=self._session)
        return sorted(_done_at(item) for item in rows.limit(_BESIDE_ITEMS_MAX))

    def mark_measured(self, assignment_ids: Sequence[AssignmentId]) -> None:
        if assignment_ids:
            self._items.update_many(
                {"_id": {"$in": list(assignment_ids)}},
                {"$unset": {"to_measure": ""}},
                session=self._session,
            )

    def unjudged(self, count_max: int) -> Sequence[DecidedWork]:
        seen = {"to_judge": True, "worker_id": {"$exists": True}, "submitted_at": {"$exists": True}}
        found = self._items.find(seen, session=self._session).limit(count_max)
        return [_decided(item) for item in found]

    def mark_judged(self, assignment_ids: Sequence[AssignmentId]) -> None:
        if assignment_ids:
            self._items.update_many(
                {"_id": {"$in": list(assignment_ids)}},
                {"$unset": {"to_judge": ""}},
                session=self._session,
            )

    def uncounted(self, count_max: int) -> Sequence[DecidedItem]:
        seen = {"to_count": True, "worker_id": {"$exists": True}}
        found = self._items.find(seen, session=self._session).limit(count_max)
        return [
            DecidedItem(
                item["_id"], item["worker_id"], Status.of_rank(item["rank"]), item.get("counted_as")
            )
            for item in found
        ]

    def mark_counted(self, assignment_ids: Sequence[AssignmentId], counted_as: str | None) -> None:
        self._items.update_many(
            {"_id": {"$in": list(assignment_ids)}},
            {"$set": {"counted_as": counted_as}, "$unset": {"to_count": ""}},
            session=self._session,
        )

    def unscored(self, count_max: int) -> Sequence[ScoredItem]:
        seen = {"to_score": True, "worker_id": {"$exists": True}}
        found = self._items.find(seen, session=self._session).limit(count_max)
        return [ScoredItem(item["_id"], item["worker_id"], item["known_right"]) for item in found]

    def mark_scored(self, assignment_ids: Sequence[AssignmentId]) -> None:
        if assignment_ids:
            self._items.update_many(
                {"_id": {"$in": list(assignment_ids)}},
                {"$unset": {"to_score": ""}},
                session=self._session,
            )

    def count_again(self, assignment_id: AssignmentId) -> None:
        self._items.update_one(
            {"_id": assignment_id}, {"$set": {"to_count": True}}, session=self._session
        )


def _taken_at(item: Document) -> datetime | None:
    """None where the claim has not been heard of, and for what was sent back: that lay there until
    its worker came to see it.
    """
    taken_at: datetime | None = item.get("claimed_at")
    return None if item.get("note") else taken_at


def _done_at(item: Document) -> datetime:
    """When the worker pressed Submit: time to undo it is no time at work."""
    done: datetime = item["submitted_at"] - timedelta(milliseconds=item.get("held_ms", 0))
    return done


def _decided(item: Document) -> DecidedWork:
    judged = Judged(
        accepted=item["rank"] >= Status.ACCEPTED.rank,
        review_ms=duration_ms(item["submitted_at"], item["decided_at"]),
        worker_id=item["worker_id"],
    )
    return DecidedWork(item["_id"], item["batch_id"], judged)


def _item(document: Document) -> WorkItem:
    reward = document.get("reward")
    return WorkItem(
        assignment_id=document["_id"],
        batch_id=document["batch_id"],
        status=Status.of_rank(document["rank"]),
        reward=None if reward is None else Money.from_wire(reward),
        **{name: document.get(name) for name in _PLAIN_FIELDS},
    )
