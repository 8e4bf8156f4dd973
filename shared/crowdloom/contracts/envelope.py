"""How an event travels: CloudEvents 1.0 attributes in Kafka headers (binary mode), JSON body."""

import builtins
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from crowdloom.contracts.registry import Event, EventType, event_type
from crowdloom.kernel.clock import format_instant, parse_instant
from crowdloom.kernel.errors import PoisonMessage

EventT = TypeVar("EventT", bound=Event)
Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Cause:
    """Why something happens: carried from a request or an event into every event it leads to."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True)
class Envelope:
    """One event with what is said about it. `key` orders it among the events of its aggregate."""

    event_id: str
    occurred_at: datetime
    key: str
    cause: Cause
    event: Event

    @property
    def type(self) -> EventType:
        return event_type(type(self.event))

    def of(self, cls: "builtins.type[EventT]") -> EventT:
        """The event, known to be of a class: a subscription table promises which."""
        if not isinstance(self.event, cls):
            raise TypeError(f"{cls.__name__} expected, got {type(self.event).__name__}")
        return self.event

    @property
    def topic(self) -> str:
        return self.type.topic

    def body(self) -> bytes:
        document = self.type.to_body(self.event)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def headers(self) -> Headers:
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": self.event_id,
            "ce_source": f"/{self.type.owner}",
            "ce_type": self.type.name,
            "ce_time": format_instant(self.occurred_at),
            "ce_subject": self.key,
            "content-type": "application/json",
            "ce_correlationid": self.cause.correlation_id,
            "ce_causationid": self.cause.causation_id,
            "ce_traceparent": self.cause.traceparent,
        }
        return tuple((name, value.encode()) for name, value in attributes.items() if value)


def envelope_of(event: Event, *, event_id: str, occurred_at: datetime, cause: Cause) -> Envelope:
    """Wrap an event; its key is read from the field that its registration names."""
    key = str(getattr(event, event_type(type(event)).key))
    return Envelope(event_id=event_id, occurred_at=occurred_at, key=key, cause=cause, event=event)


def type_name(headers: Headers) -> str | None:
    """The event type a message claims to be, or None where it claims nothing."""
    return next(
        (value.decode(errors="replace") for name, value in headers if name == "ce_type"), None
    )


def read_message(headers: Headers, value: bytes) -> Envelope:
    """Read a message of a registered type. Raises PoisonMessage for anything malformed."""
    attributes = {name: raw.decode(errors="replace") for name, raw in headers}
    try:
        known = event_type(attributes["ce_type"])
        body = json.loads(value)
        return Envelope(
            event_id=attributes["ce_id"],
            occurred_at=parse_instant(attributes["ce_time"]),
            key=attributes["ce_subject"],
            cause=Cause(
                correlation_id=attributes.get("ce_correlationid", attributes["ce_id"]),
                causation_id=attributes.get("ce_causationid"),
                traceparent=attributes.get("ce_traceparent"),
            ),
            event=known.from_body(body),
        )
    except (KeyError, ValueError, RecursionError) as error:
        raise PoisonMessage(f"Not a readable event: {error!r}") from error
