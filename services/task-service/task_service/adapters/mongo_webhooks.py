"""Collections `webhooks` and `webhook_deliveries`."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.kernel.ids import RequesterId
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.client_session import ClientSession
from pymongo.database import Database

from task_service.domain.webhooks import Delivery, DeliveryStatus, Webhook

INDEXES = {
    "webhooks": [IndexModel([("requester_id", ASCENDING)], name="of_requester")],
    "webhook_deliveries": [
        IndexModel([("status", ASCENDING), ("due_at", ASCENDING)], name="due"),
        IndexModel([("webhook_id", ASCENDING), ("_id", DESCENDING)], name="of_webhook"),
        # The log goes back thirty days.
        IndexModel([("created_at", ASCENDING)], name="forgotten", expireAfterSeconds=2_592_000),
    ],
}
_PENDING = {"status": str(DeliveryStatus.PENDING)}


class MongoWebhooks:
    def __init__(self, database: Database[dict[str, Any]], session: ClientSession | None) -> None:
        self._webhooks = database["webhooks"]
        self._deliveries = database["webhook_deliveries"]
        self._session = session
        self._seen: dict[RequesterId, list[Webhook]] = {}

    def add(self, webhook: Webhook) -> None:
        self._seen.clear()
        row = asdict(webhook)
        row["_id"] = row.pop("webhook_id")
        self._webhooks.insert_one(row, session=self._session)

    def get(self, webhook_id: str) -> Webhook | None:
        row = self._webhooks.find_one({"_id": webhook_id}, session=self._session)
        return _webhook(row) if row else None

    def of_requester(self, requester_id: RequesterId) -> list[Webhook]:
        # A transaction of many events asks again and again; it sees the same all along.
        if requester_id in self._seen:
            return self._seen[requester_id]
        wanted = {"requester_id": requester_id}
        rows = self._webhooks.find(wanted, session=self._session).sort("_id", DESCENDING)
        found = [_webhook(row) for row in rows]
        if self._session is not None:
            self._seen[requester_id] = found
        return found

    def remove(self, webhook_id: str) -> None:
        self._seen.clear()
        self._webhooks.delete_one({"_id": webhook_id}, session=self._session)
        self._deliveries.delete_many({"webhook_id": webhook_id}, session=self._session)

    def pause(self, webhook_id: str, paused_at: datetime) -> None:
        self._set_paused(webhook_id, paused_at)
        given_up = {"$set": {"status": str(DeliveryStatus.FAILED)}}
        of_it = {"webhook_id": webhook_id, **_PENDING}
        self._deliveries.update_many(of_it, given_up, session=self._session)

    def resume(self, webhook_id: str) -> None:
        self._set_paused(webhook_id, None)

    def _set_paused(self, webhook_id: str, paused_at: datetime | None) -> None:
        self._seen.clear()
        change = {"$set": {"paused_at": paused_at}}
        self._webhooks.update_one({"_id": webhook_id}, change, session=self._session)

    def put_delivery(self, delivery: Delivery) -> None:
        row = {**asdict(delivery), "status": str(delivery.status)}
        row["_id"] = row.pop("delivery_id")
        self._deliveries.replace_one({"_id": row["_id"]}, row, upsert=True, session=self._session)

    def delivery(self, delivery_id: str) -> Delivery | None:
        row = self._deliveries.find_one({"_id": delivery_id}, session=self._session)
        return _delivery(row) if row else None

    def deliveries(self, webhook_id: str, *, before: str | None, count_max: int) -> list[Delivery]:
        wanted: dict[str, Any] = {"webhook_id": webhook_id}
        if before:
            wanted["_id"] = {"$lt": before}
        found = self._deliveries.find(wanted, session=self._session).sort("_id", DESCENDING)
        return [_delivery(row) for row in found.limit(count_max)]

    def due(self, now: datetime, count_max: int) -> list[Delivery]:
        wanted = {**_PENDING, "due_at": {"$lte": now}}
        found = self._deliveries.find(wanted, session=self._session).sort("due_at", ASCENDING)
        return [_delivery(row) for row in found.limit(count_max)]

    def claim(self, delivery: Delivery, *, until: datetime) -> bool:
        claimed = self._deliveries.update_one(
            {"_id": delivery.delivery_id, **_PENDING, "due_at": delivery.due_at},
            {"$set": {"due_at": until}},
            session=self._session,
        )
        return claimed.modified_count == 1


def _webhook(row: dict[str, Any]) -> Webhook:
    fields = {**row, "webhook_id": row["_id"], "events": tuple(row["events"])}
    del fields["_id"]
    return Webhook(**fields)


def _delivery(row: dict[str, Any]) -> Delivery:
    fields = {**row, "delivery_id": row["_id"], "status": DeliveryStatus(row["status"])}
    del fields["_id"]
    return Delivery(**fields)
