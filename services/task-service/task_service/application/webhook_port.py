"""What webhooks and their messages need to be kept."""

from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import RequesterId

from task_service.domain.webhooks import Delivery, Webhook


class Webhooks(Protocol):
    def add(self, webhook: Webhook) -> None: ...

    def get(self, webhook_id: str) -> Webhook | None: ...

    def of_requester(self, requester_id: RequesterId) -> list[Webhook]:
        """Newest first."""
        ...

    def remove(self, webhook_id: str) -> None:
        """With its deliveries."""
        ...

    def pause(self, webhook_id: str, paused_at: datetime) -> None:
        """What is not delivered yet is given up."""
        ...

    def resume(self, webhook_id: str) -> None: ...

    def put_delivery(self, delivery: Delivery) -> None: ...

    def delivery(self, delivery_id: str) -> Delivery | None: ...

    def deliveries(self, webhook_id: str, *, before: str | None, count_max: int) -> list[Delivery]:
        """Newest first, ids below `before`."""
        ...

    def due(self, now: datetime, count_max: int) -> list[Delivery]:
        """Pending ones whose time has come, the longest due first."""
        ...

    def claim(self, delivery: Delivery, *, until: datetime) -> bool:
        """Keep others from sending it until then; False where somebody was faster."""
        ...
