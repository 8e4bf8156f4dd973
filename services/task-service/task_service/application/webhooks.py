"""Webhooks: made and removed, told of events, and their messages delivered until they are taken."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from crowdloom.contracts import Envelope, event_type
from crowdloom.contracts.task import (
    BatchCompleted,
    BatchOpened,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
)
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId

from task_service.application.ports import Reader, Session, Store
from task_service.domain.webhooks import (
    WEBHOOKS_MAX,
    Delivery,
    DeliveryStatus,
    TooManyWebhooks,
    Webhook,
    checked_events,
    checked_url,
)

TOLD_OF = (
    BatchOpened,
    BatchCompleted,
    SubmissionReceived,
    SubmissionAccepted,
    SubmissionRejected,
    SubmissionReturned,
)
_SENT_AT_ONCE_MAX = 8
_CLAIM = timedelta(minutes=2)
"""How long a message is nobody else's to send: longer than any try takes."""


@dataclass(frozen=True)
class Answer:
    """What became of one try: whether it was taken, and a line for the log. `gone`: the receiver
    wants nothing any more, this or another message.
    """

    taken: bool
    line: str
    gone: bool = False


class WebhookPoster(Protocol):
    def __call__(self, webhook: Webhook, delivery: Delivery, now: datetime) -> Answer:
        """Send one signed message. Blocks for at most half a minute; raises nothing."""
        ...


class Webhooks:
    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        clock: Clock,
        ids: IdFactory,
        new_secret: Callable[[], str],
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._ids = ids
        self._new_secret = new_secret

    def create(self, requester_id: RequesterId, url: str, events: Sequence[str] = ()) -> Webhook:
        """Raises InvalidInput, TooManyWebhooks."""
        webhook = Webhook(
            webhook_id=self._ids.new("webhook"),
            requester_id=requester_id,
            url=checked_url(url),
            secret=self._new_secret(),
            events=checked_events(tuple(events)),
            created_at=self._clock.now(),
        )
        if len(self.listed(requester_id)) >= WEBHOOKS_MAX:
            raise TooManyWebhooks(
                "There are %(count_max)s webhooks; remove one first", count_max=WEBHOOKS_MAX
            )
        self._store.run(lambda session: session.webhooks.add(webhook))
        return webhook

    def listed(self, requester_id: RequesterId) -> list[Webhook]:
        return self._reader.webhooks.of_requester(requester_id)

    def get(self, requester_id: RequesterId, webhook_id: str) -> Webhook:
        """Raises NotFound, for somebody else's as well."""
        found = self._reader.webhooks.get(webhook_id)
        if found is None or found.requester_id != requester_id:
            raise NotFound("There is no such webhook", webhook_id=webhook_id)
        return found

    def remove(self, requester_id: RequesterId, webhook_id: str) -> None:
        """For good; what is not delivered yet is dropped. Raises NotFound."""
        webhook = self.get(requester_id, webhook_id)
        self._store.run(lambda session: session.webhooks.remove(webhook.webhook_id))

    def resume(self, requester_id: RequesterId, webhook_id: str) -> Webhook:
        """Tell it again of what happens from now on. Raises NotFound."""
        webhook = self.get(requester_id, webhook_id)
        self._store.run(lambda session: session.webhooks.resume(webhook_id))
        return replace(webhook, paused_at=None)

    def log(
        self, webhook: Webhook, *, before: str | None = None, count_max: int = 50
    ) -> list[Delivery]:
        """Newest first, ids below `before`."""
        return self._reader.webhooks.deliveries(
            webhook.webhook_id, before=before, count_max=count_max
        )

    def replay(self, webhook: Webhook, delivery_id: str) -> Delivery:
        """Send a message once more from the start, with the id it had. Raises NotFound."""
        found = self._reader.webhooks.delivery(delivery_id)
        if found is None or found.webhook_id != webhook.webhook_id:
            raise NotFound("There is no such delivery", delivery_id=delivery_id)
        again = replace(found, status=DeliveryStatus.PENDING, due_at=self._clock.now(), tries=0)
        self._store.run(lambda session: session.webhooks.put_delivery(again))
        return again


class TellWebhooks:
    """Notes a message for each webhook that wants the event, in the transaction of its inbox: each
    event becomes one message, whatever is delivered twice before.
    """

    def __init__(self, *, clock: Clock, ids: IdFactory) -> None:
        self._clock = clock
        self._ids = ids

    def __call__(self, envelope: Envelope, session: Session) -> None:
        event = envelope.event
        if not isinstance(event, TOLD_OF):
            raise TypeError(f"{type(event).__name__} is nothing to tell")
        known = event_type(type(event))
        for webhook in session.webhooks.of_requester(event.requester_id):
            if webhook.wants(known.name):
                body = {
                    "type": known.name,
                    "timestamp": format_instant(envelope.occurred_at),
                    "data": known.to_body(event),
                }
                now = self._clock.now()
                session.webhooks.put_delivery(
                    Delivery(
                        delivery_id=self._ids.new("delivery"),
                        webhook_id=webhook.webhook_id,
                        requester_id=webhook.requester_id,
                        event_name=known.name,
                        body=json.dumps(body, ensure_ascii=False),
                        status=DeliveryStatus.PENDING,
                        created_at=now,
                        due_at=now,
                    )
                )


class DeliverWebhooks:
    """Sends what is due, each message by one process alone. `spawn` runs a try beside the others:
    a receiver that is slow holds up nobody else.
    """

    def __init__(
        self,
        *,
        store: Store,
        reader: Reader,
        clock: Clock,
        post: WebhookPoster,
        spawn: Callable[[Callable[[], None]], object],
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._post = post
        self._spawn = spawn

    def __call__(self) -> int:
        """Returns how many tries were begun."""
        now = self._clock.now()
        due = self._reader.webhooks.due(now, _SENT_AT_ONCE_MAX)
        mine = [one for one in due if self._claim(one, now)]
        for delivery in mine:
            self._spawn(lambda delivery=delivery: self._try(delivery))  # type: ignore[misc]
        return len(mine)

    def _claim(self, delivery: Delivery, now: datetime) -> bool:
        return self._store.run(lambda s: s.webhooks.claim(delivery, until=now + _CLAIM))

    def _try(self, delivery: Delivery) -> None:
        webhook = self._reader.webhooks.get(delivery.webhook_id)
        if webhook is None:
            return
        answer = self._post(webhook, delivery, self._clock.now())
        now = self._clock.now()
        after = delivery.after(answer.line, taken=answer.taken, gone=answer.gone, now=now)

        def work(session: Session) -> None:
            session.webhooks.put_delivery(after)
            if answer.gone:
                session.webhooks.pause(webhook.webhook_id, now)

        self._store.run(work)
