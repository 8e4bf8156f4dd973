"""Bonuses in MongoDB: what was granted, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Money
from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.domain.bonuses import Bonus
from payment_service.domain.vat import Vat

BONUSES = "bonuses"
BONUS_INDEXES = [
    IndexModel([("status", ASCENDING), ("_id", ASCENDING)], name="by_status"),
    IndexModel([("worker_id", ASCENDING), ("ended_at", DESCENDING)], name="of_worker"),
]


class MongoBonuses:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._bonuses = database[BONUSES]
        self._session = session

    def add(self, bonus: Bonus) -> None:
        self._bonuses.insert_one(_document(bonus), session=self._session)

    def get(self, bonus_id: str) -> Bonus | None:
        found = self._bonuses.find_one({"_id": bonus_id}, session=self._session)
        return None if found is None else stored_bonus(found)

    def end(self, bonus: Bonus) -> None:
        self._bonuses.replace_one({"_id": bonus.bonus_id}, _document(bonus), session=self._session)

    def waiting(self, count_max: int) -> Sequence[Bonus]:
        found = self._bonuses.find({"status": "waiting"}, session=self._session)
        return [stored_bonus(row) for row in found.sort("_id", ASCENDING).limit(count_max)]

    def settled_of(
        self, worker_id: WorkerId, count_max: int, *, since: datetime | None = None
    ) -> Sequence[Bonus]:
        query: Document = {"worker_id": worker_id}
        if since is not None:
            query["ended_at"] = {"$gte": since}
        found = self._bonuses.find(query, session=self._session).sort("ended_at", DESCENDING)
        return [stored_bonus(row) for row in found.limit(count_max)]


def _document(bonus: Bonus) -> Document:
    return {
        "_id": bonus.bonus_id,
        "assignment_id": bonus.assignment_id,
        "batch_id": bonus.batch_id,
        "requester_id": bonus.requester_id,
        "amount": bonus.amount.to_wire(),
        "fee": bonus.fee.to_wire(),
        "reason": bonus.reason,
        "granted_at": bonus.granted_at,
        "status": bonus.status,
        "worker_id": bonus.worker_id,
        "ended_at": bonus.ended_at,
        "tax": vars(bonus.tax),
    }


def stored_bonus(row: Document) -> Bonus:
    return Bonus(
        bonus_id=row["_id"],
        assignment_id=row["assignment_id"],
        batch_id=row["batch_id"],
        requester_id=row["requester_id"],
        amount=Money.from_wire(row["amount"]),
        fee=Money.from_wire(row["fee"]),
        reason=row["reason"],
        granted_at=row["granted_at"],
        status=row["status"],
        worker_id=row["worker_id"],
        ended_at=row["ended_at"],
        tax=Vat(**row.get("tax", {})),
    )
