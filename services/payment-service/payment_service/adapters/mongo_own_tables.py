"""The tables of a requester's and of a worker's own money in MongoDB."""

from collections.abc import Callable
from typing import Any, TypeVar

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel.ids import RequesterId, WorkerId

from payment_service.adapters.mongo_bonuses import BONUSES, stored_bonus
from payment_service.adapters.mongo_gifts import GIFTS, stored_gift
from payment_service.adapters.mongo_ledger import ACCOUNTS
from payment_service.adapters.mongo_people import (
    PAYOUT_REQUESTS,
    TOP_UPS,
    stored_request,
    stored_top_up,
)
from payment_service.adapters.mongo_rows import MongoRows
from payment_service.adapters.mongo_work import BATCHES, batch_book
from payment_service.application.rows import SUMMED_MAX, Rows
from payment_service.domain.batches import BatchBook
from payment_service.domain.bonuses import Bonus
from payment_service.domain.gifts import Gift
from payment_service.domain.people import PayoutRequest, TopUp

RowT = TypeVar("RowT")


class MongoOwnTables:
    """Above `summed_max` rows a total is made only where it is asked for."""

    def __init__(self, database: MongoDatabase, *, summed_max: int = SUMMED_MAX) -> None:
        self._database = database
        self._summed_max = summed_max

    def _rows(
        self, name: str, query: Document, *, made: Callable[[Document], RowT], **more: Any
    ) -> MongoRows[RowT]:
        collection = self._database[name]
        return MongoRows(collection, query, made=made, summed_max=self._summed_max, **more)

    def top_ups(self, requester_id: RequesterId) -> Rows[TopUp]:
        return self._rows(
            TOP_UPS,
            {"requester_id": requester_id},
            made=stored_top_up,
            ids=lambda top_up: top_up.top_up_id,
            keys={"begun": "created_at", "state": "status"},
        )

    def batches(self, requester_id: RequesterId) -> Rows[BatchBook]:
        return self._rows(
            BATCHES,
            {"requester_id": requester_id, "funded_at": {"$exists": True}},
            made=batch_book,
            ids=lambda book: book.batch_id,
            keys={"batch": "_id"},
        )

    def holding_count(self, requester_id: RequesterId) -> int:
        query = {"owner": requester_id, "kind": "escrow", "posted": {"$gt": 0}}
        return self._database[ACCOUNTS].count_documents(query)

    def gifts(self, worker_id: WorkerId) -> Rows[Gift]:
        return self._rows(
            GIFTS,
            {"worker_id": worker_id},
            made=stored_gift,
            ids=lambda gift: gift.item_id,
            keys={"received": "issued_at", "redeemed_at": "redeemed_at"},
            wire_sums=same("amount"),
        )

    def bonuses(self, worker_id: WorkerId) -> Rows[Bonus]:
        return self._rows(
            BONUSES,
            {"worker_id": worker_id},
            made=stored_bonus,
            ids=lambda bonus: bonus.bonus_id,
            keys={"received_at": "ended_at", "reason": "reason"},
            wire_sums=same("amount"),
        )

    def payout_requests(self, worker_id: WorkerId) -> Rows[PayoutRequest]:
        return self._rows(
            PAYOUT_REQUESTS,
            {"worker_id": worker_id},
            made=stored_request,
            ids=lambda asked: asked.request_id,
            keys=same("asked_at"),
        )


def same(*names: str) -> dict[str, str]:
    """Columns that are called as their fields are."""
    return {name: name for name in names}
