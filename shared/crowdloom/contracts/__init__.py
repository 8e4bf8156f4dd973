"""The public language between services: events, how they travel, and the fields they share."""

from crowdloom.contracts import matching, payment, task, worker
from crowdloom.contracts.envelope import Cause, Envelope, envelope_of, read_message
from crowdloom.contracts.registry import Event, EventType, all_event_types, event_type, topics_of

__all__ = [
    "Cause",
    "Envelope",
    "Event",
    "EventType",
    "all_event_types",
    "envelope_of",
    "event_type",
    "matching",
    "payment",
    "read_message",
    "task",
    "topics_of",
    "worker",
]
