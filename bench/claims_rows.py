"""The documents of a claim and of a submit, as the services write them, for bare pymongo."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import Timestamp

BATCH_ID, REQUESTER_ID = "bat_01j00000000000000000000000", "req_01j00000000000000000000000"
_BODY_BYTES = {"claimed": 390, "received": 420}
_CAUSE = "req-of-some-length-0123456789abc"
Row = dict[str, Any]


@dataclass(frozen=True)
class Cycle:
    """One claim, and when it was answered."""

    assignment_id: str
    task_id: str
    worker_id: str
    pseudonym: str
    claimed_at: datetime
    submitted_at: datetime | None = None

    @property
    def deadline(self) -> datetime:
        return self.claimed_at + timedelta(hours=1)


@dataclass(frozen=True)
class Event:
    event_id: str
    kind: str
    cycle: Cycle


def assignment_row(cycle: Cycle, *, place: str) -> Row:
    return {
        "_id": cycle.assignment_id,
        "task_id": cycle.task_id,
        "batch_id": BATCH_ID,
        "requester_id": REQUESTER_ID,
        "worker_id": cycle.worker_id,
        "pseudonym": cycle.pseudonym,
        "claimed_at": cycle.claimed_at,
        "deadline": cycle.deadline,
        "claim_key": cycle.assignment_id,
        "status": "leased",
        "extension_keys": [],
        "confirmed": False,
        "place": place,
    }


def submission_row(cycle: Cycle, submission_id: str) -> Row:
    return {
        "_id": submission_id,
        "assignment_id": cycle.assignment_id,
        "task_id": cycle.task_id,
        "batch_id": BATCH_ID,
        "requester_id": REQUESTER_ID,
        "pseudonym": cycle.pseudonym,
        "answer": [["label", "yes"]],
        "status": "submitted",
        "claimed_at": cycle.claimed_at,
        "submitted_at": cycle.submitted_at,
        "auto_accept_at": cycle.deadline,
    }


def item_facts(event: Event) -> Row:
    cycle = event.cycle
    if event.kind == "claimed":
        facts: Row = {
            "worker_id": cycle.worker_id,
            "claimed_at": cycle.claimed_at,
            "deadline": cycle.deadline,
        }
    else:
        facts = {
            "submitted_at": cycle.submitted_at,
            "auto_accept_at": cycle.deadline,
            "held_ms": 0,
            "to_measure": True,
        }
    return {"batch_id": BATCH_ID, **facts}


def outbox_row(event: Event, now: datetime) -> Row:
    facts = [event.event_id, "/some-service", "some.event.name.v1", now.isoformat(), BATCH_ID]
    facts += ["1.0", "application/json", _CAUSE]
    return {
        "_id": event.event_id,
        "topic": "crowdloom.some.topic",
        "key": BATCH_ID,
        "type": "some.event.name.v1",
        "headers": [["ce_some_name", fact.encode()] for fact in facts],
        "value": b"x" * _BODY_BYTES[event.kind],
        "created_at": now,
        "written_at": Timestamp(0, 0),
        "pending": True,
    }
