"""Batches and assignments in MongoDB: what is owed for whose work."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import AssignmentId, BatchId, RequesterId, WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.client_session import ClientSession

from payment_service.application.ports import Claim, Staged
from payment_service.domain.batches import BatchBook, BatchTerms, EarlierTerms
from payment_service.domain.vat import Vat

ASSIGNMENTS = "assignments"
BATCHES = "batches"
ASSIGNMENT_INDEXES = [
    IndexModel([("waiting", ASCENDING), ("batch_id", ASCENDING)], name="waiting", sparse=True),
    IndexModel([("matures_at", ASCENDING)], name="maturing", sparse=True),
    IndexModel([("worker_id", ASCENDING), ("settled_at", ASCENDING)], name="of_worker"),
    IndexModel([("in_review", ASCENDING), ("worker_id", ASCENDING)], name="review", sparse=True),
    IndexModel([("batch_id", ASCENDING), ("accepted_at", ASCENDING)], name="of_batch"),
]
BATCH_INDEXES = [
    IndexModel([("requester_id", ASCENDING), ("_id", DESCENDING)], name="of_requester")
]


class MongoAssignments:
    """One document an assignment. `waiting` is there from its acceptance to its settlement,
    `in_review` from its submission to its decision.
    """

    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._assignments = database[ASSIGNMENTS]
        self._session = session

    def learn(self, staged: Staged) -> None:
        # What was said of one assignment is one write: each costs all of its indexes.
        said: defaultdict[AssignmentId, Document] = defaultdict(dict)
        for claim in staged.claims:
            said[claim.assignment_id] |= {"worker_id": claim.worker_id, "batch_id": claim.batch_id}
        for assignment_id, batch_id in staged.received:
            said[assignment_id] |= {"batch_id": batch_id, "in_review": True}
        writes = [
            UpdateOne({"_id": name}, {"$set": facts}, upsert=True) for name, facts in said.items()
        ]
        if writes:
            self._assignments.bulk_write(writes, ordered=False, session=self._session)
        self._accept(staged)

    def note_decided(self, assignment_id: AssignmentId) -> None:
        self._assignments.update_one(
            {"_id": assignment_id}, {"$unset": {"in_review": ""}}, session=self._session
        )

    def note_closed(
        self, assignment_id: AssignmentId, batch_id: BatchId, closed_at: datetime
    ) -> None:
        self._assignments.update_one(
            {"_id": assignment_id},
            {"$set": {"batch_id": batch_id, "closed_at": closed_at}},
            upsert=True,
            session=self._session,
        )

    def in_review(self, worker_id: WorkerId) -> Mapping[BatchId, int]:
        found = self._assignments.find(
            {"in_review": True, "worker_id": worker_id}, {"batch_id": 1}, session=self._session
        )
        return Counter(row["batch_id"] for row in found)

    def _accept(self, staged: Staged) -> None:
        accepted = {fact.assignment_id: fact for fact in staged.accepts}
        if not accepted:
            return
        found = self._assignments.find(
            {"_id": {"$in": sorted(accepted)}, "accepted_at": {"$exists": True}},
            {"_id": 1},
            session=self._session,
        )
        for row in found:
            del accepted[row["_id"]]
        writes = [
            UpdateOne(
                {"_id": fact.assignment_id},
                {
                    "$set": {
                        "batch_id": fact.batch_id,
                        "accepted_at": fact.accepted_at,
                        "waiting": True,
                        **({"overturned": True} if fact.overturns else {}),
                    },
                    "$unset": {"in_review": ""},
                },
                upsert=True,
            )
            for fact in accepted.values()
        ]
        if writes:
            self._assignments.bulk_write(writes, session=self._session)

    def ready(self, assignment_ids: Collection[AssignmentId]) -> Sequence[Claim]:
        found = self._assignments.find(
            {
                "_id": {"$in": sorted(assignment_ids)},
                "waiting": True,
                "worker_id": {"$exists": True},
            },
            session=self._session,
        )
        return [_claim(row) for row in found]

    def waiting(self, count_max: int) -> Sequence[AssignmentId]:
        found = self._assignments.find(
            {"waiting": True, "worker_id": {"$exists": True}}, {"_id": 1}, session=self._session
        )
        return [row["_id"] for row in found.limit(count_max)]

    def waiting_count(self, batch_id: BatchId) -> int:
        return self._assignments.count_documents(
            {"waiting": True, "batch_id": batch_id, "overturned": {"$exists": False}},
            session=self._session,
        )

    def mark_settled(
        self,
        rewards: Mapping[AssignmentId, Money],
        *,
        settled_at: datetime,
        matures_at: datetime | None,
    ) -> None:
        fields: Document = {"settled_at": settled_at}
        if matures_at is not None:
            fields["matures_at"] = matures_at
        by_reward: dict[Money, list[AssignmentId]] = {}
        for assignment_id, reward in rewards.items():
            by_reward.setdefault(reward, []).append(assignment_id)
        for reward, assignment_ids in by_reward.items():
            self._assignments.update_many(
                {"_id": {"$in": assignment_ids}},
                {"$set": {**fields, "reward": reward.to_wire()}, "$unset": {"waiting": ""}},
                session=self._session,
            )

    def maturing(self, now: datetime, count_max: int) -> Sequence[Claim]:
        found = self._assignments.find({"matures_at": {"$lte": now}}, session=self._session)
        return [_claim(row) for row in found.limit(count_max)]

    def mark_matured(self, assignment_ids: Collection[AssignmentId]) -> None:
        self._assignments.update_many(
            {"_id": {"$in": sorted(assignment_ids)}},
            {"$unset": {"matures_at": ""}},
            session=self._session,
        )

    def worker_of(self, assignment_id: AssignmentId) -> WorkerId | None:
        found = self._assignments.find_one({"_id": assignment_id}, session=self._session)
        return found.get("worker_id") if found else None

    def settled_count(self, worker_id: WorkerId) -> int:
        return self._assignments.count_documents(
            {"worker_id": worker_id, "settled_at": {"$exists": True}}, session=self._session
        )

    def settled_since(self, worker_id: WorkerId, moment: datetime) -> Sequence[Claim]:
        found = self._assignments.find(
            {"worker_id": worker_id, "settled_at": {"$gte": moment}}, session=self._session
        )
        return [_claim(row) for row in found]


class MongoBatches:
    """Terms, and counters that are derived from the journal's entries in their transactions."""

    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._batches = database[BATCHES]
        self._session = session

    def get(self, batch_id: BatchId) -> BatchBook | None:
        found = self._batches.find_one({"_id": batch_id}, session=self._session)
        return None if found is None else batch_book(found)

    def many(self, batch_ids: Collection[BatchId]) -> Mapping[BatchId, BatchBook]:
        if not batch_ids:
            return {}
        found = self._batches.find({"_id": {"$in": sorted(batch_ids)}}, session=self._session)
        return {row["_id"]: batch_book(row) for row in found}

    def fund(self, terms: BatchTerms, funded_at: datetime, earlier: EarlierTerms) -> None:
        document = {
            "requester_id": terms.requester_id,
            "revision": terms.revision,
            "slot_count": terms.slot_count,
            "currency": terms.currency.code,
            "reward_units": terms.reward.units,
            "fee_units": terms.fee.units,
            "funded_at": funded_at,
            "earlier": vars(earlier),
            "tax": vars(terms.tax),
        }
        self._update(terms.batch_id, {"$set": document})

    def note_title(self, batch_id: BatchId, title: str) -> None:
        self._update(batch_id, {"$set": {"title": title}})

    def note_withdrawal(self, batch_id: BatchId, revision: int, slot_count: int) -> None:
        self._update(batch_id, {"$set": {f"withdrawals.{revision}": slot_count}})

    def note_released(self, batch_id: BatchId, amount: Money) -> None:
        self._update(batch_id, {"$inc": {"released_units": amount.units}})

    def note_settled(self, counts: Mapping[BatchId, int]) -> None:
        for batch_id, count in sorted(counts.items()):
            self._update(batch_id, {"$inc": {"settled_count": count}})

    def close(self, batch_id: BatchId) -> None:
        self._update(batch_id, {"$set": {"closed": True}})

    def of_requester(self, requester_id: RequesterId, count_max: int) -> Sequence[BatchBook]:
        found = self._batches.find({"requester_id": requester_id}, session=self._session)
        return [batch_book(row) for row in found.sort("_id", DESCENDING).limit(count_max)]

    def _update(self, batch_id: BatchId, change: Document) -> None:
        self._batches.update_one({"_id": batch_id}, change, upsert=True, session=self._session)


def _claim(row: Document) -> Claim:
    return Claim(
        row["_id"],
        row["batch_id"],
        row["worker_id"],
        overturned=row.get("overturned", False),
        reward=Money.from_wire(row["reward"]) if "reward" in row else None,
    )


def batch_book(row: dict[str, Any]) -> BatchBook:
    terms = None
    if "funded_at" in row:
        currency = Currency.of(row["currency"])
        terms = BatchTerms(
            batch_id=row["_id"],
            requester_id=row["requester_id"],
            revision=row["revision"],
            slot_count=row["slot_count"],
            reward=Money(int(row["reward_units"]), currency),
            fee=Money(int(row["fee_units"]), currency),
            tax=Vat(**row.get("tax", {})),
        )
    return BatchBook(
        batch_id=row["_id"],
        terms=terms,
        closed=row.get("closed", False),
        settled_count=row.get("settled_count", 0),
        released_units=int(row.get("released_units", 0)),
        earlier=EarlierTerms(**row.get("earlier", {})),
        title=row.get("title"),
        withdrawals={int(key): value for key, value in row.get("withdrawals", {}).items()},
    )
