"""Memos and the balances that they mirror, in MongoDB: collections of their own, which no reading
of the journal touches.
"""

from collections.abc import Sequence
from datetime import datetime

from bson import Int64
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.ids import WorkerId
from pymongo import ASCENDING, IndexModel
from pymongo.client_session import ClientSession

from payment_service.domain.entries import InsufficientFunds
from payment_service.domain.memos import Memo, MemoKind, Mirror

MEMOS = "memos"
MEMO_ACCOUNTS = "memo_accounts"
MEMO_INDEXES = [
    IndexModel([("key", ASCENDING)], name="key_once", unique=True),
    IndexModel([("path", ASCENDING), ("_id", ASCENDING)], name="of_account"),
]
MEMO_ACCOUNT_INDEXES = [
    IndexModel([("look_at", ASCENDING)], name="due", sparse=True),
    IndexModel([("account_id", ASCENDING)], name="by_account"),
    IndexModel([("worker_id", ASCENDING)], name="by_worker"),
]


class MongoMemos:
    """The `Memos` port."""

    def __init__(
        self,
        database: MongoDatabase,
        session: ClientSession | None,
        *,
        clock: Clock,
        ids: IdFactory,
    ) -> None:
        self._memos = database[MEMOS]
        self._accounts = database[MEMO_ACCOUNTS]
        self._session = session
        self._clock = clock
        self._ids = ids

    def note(self, memo: Memo, *, look_at: datetime) -> bool:
        if self._memos.find_one({"key": memo.key}, {"_id": 1}, session=self._session):
            return False
        self._change(memo, look_at)
        self._memos.insert_one(
            {
                "_id": self._ids.new("memo"),
                "key": memo.key,
                "path": memo.path,
                "account_id": memo.account_id,
                "worker_id": memo.worker_id,
                "kind": memo.kind.value,
                "units": Int64(memo.amount.units),
                "currency": memo.amount.currency.code,
                "subject": memo.subject,
                "occurred_at": memo.occurred_at,
                "noted_at": self._clock.now(),
            },
            session=self._session,
        )
        return True

    def _change(self, memo: Memo, look_at: datetime) -> None:
        units = memo.amount.units
        added = {"$inc": {"posted": Int64(units)}, "$set": {"look_at": look_at}}
        if units >= 0:
            born = {
                "account_id": memo.account_id,
                "worker_id": memo.worker_id,
                "currency": memo.amount.currency.code,
            }
            self._accounts.update_one(
                {"_id": memo.path},
                {**added, "$setOnInsert": born},
                upsert=True,
                session=self._session,
            )
            return
        enough = {"_id": memo.path, "posted": {"$gte": Int64(-units)}}
        if self._accounts.update_one(enough, added, session=self._session).modified_count != 1:
            raise InsufficientFunds(f"{memo.path} does not hold {-units} units", account=memo.path)

    def due(self, now: datetime, count_max: int) -> Sequence[Mirror]:
        found = self._accounts.find({"look_at": {"$lte": now}}, session=self._session)
        return [_mirror(row) for row in found.sort("look_at", ASCENDING).limit(count_max)]

    def looked(self, account_id: str, look_at: datetime | None) -> None:
        then: Document = {"$unset": {"look_at": ""}}
        if look_at is not None:
            then = {"$set": {"look_at": look_at}}
        self._accounts.update_many({"account_id": account_id}, then, session=self._session)

    def came_back(self, account_id: str, at: datetime) -> None:
        self._accounts.update_many(
            {"account_id": account_id}, {"$set": {"returned_at": at}}, session=self._session
        )

    def of_worker(self, worker_id: WorkerId) -> Sequence[Mirror]:
        found = self._accounts.find({"worker_id": worker_id}, session=self._session)
        return [_mirror(row) for row in found.sort("_id", ASCENDING)]

    def of_account(self, path: str, count_max: int) -> Sequence[Memo]:
        found = self._memos.find({"path": path}, session=self._session)
        return [_memo(row) for row in found.sort("_id", ASCENDING).limit(count_max)]


def _mirror(row: Document) -> Mirror:
    return Mirror(
        account_id=row["account_id"],
        worker_id=row["worker_id"],
        balance=Money(int(row["posted"]), Currency.of(row["currency"])),
        returned_at=row.get("returned_at"),
    )


def _memo(row: Document) -> Memo:
    return Memo(
        key=row["key"],
        account_id=row["account_id"],
        worker_id=row["worker_id"],
        kind=MemoKind(row["kind"]),
        amount=Money(int(row["units"]), Currency.of(row["currency"])),
        subject=row["subject"],
        occurred_at=row["occurred_at"],
    )
