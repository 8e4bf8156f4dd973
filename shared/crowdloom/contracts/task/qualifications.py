"""Qualifications that requesters make: what they are, and to whom they are given by hand.

A requester knows a worker by pseudonym alone, so a grant names an assignment of that worker's:
worker-service knows who held it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.task.batches import OWNER
from crowdloom.kernel.ids import AssignmentId, Pseudonym, RequesterId

TOPIC = "task.qualifications"
_GRANT = {
    "qualification_id": ex.QUALIFICATION,
    "requester_id": ex.REQUESTER,
    "pseudonym": ex.PSEUDONYM,
    "assignment_id": ex.ASSIGNMENT,
}


@dataclass(frozen=True)
class Question:
    """One question with its choices; its `name` is the field of the answer key."""

    name: str
    text: str
    choices: tuple[str, ...]


@event(
    "task.qualification.defined.v1",
    owner=OWNER,
    topic=TOPIC,
    key="qualification_id",
    example={
        "qualification_id": ex.QUALIFICATION,
        "requester_id": ex.REQUESTER,
        "requester_name": "Fir Research Group",
        "name": "Tree names",
        "description": "You tell firs from spruces.",
        "closed": False,
        "defined_at": ex.INSTANT,
        "questions": [{"name": "q1", "text": "Which one has flat needles?", "choices": ["fir"]}],
        "answer_key": {"q1": ["fir"]},
        "pass_percent": 80,
        "tries_max": 3,
        "wait_seconds": 86400,
        "valid_days": 365,
    },
)
@dataclass(frozen=True)
class QualificationDefined(Event):
    """A requester's qualification, whole, as it is now. Without questions it is given by hand
    alone. A `closed` one is given to nobody any more; who has it keeps it.
    """

    qualification_id: str
    requester_id: RequesterId
    requester_name: str
    name: str
    description: str
    closed: bool
    defined_at: datetime
    questions: tuple[Question, ...] = ()
    answer_key: Mapping[str, list[str]] | None = None
    pass_percent: int = 100
    tries_max: int = 1
    wait_seconds: int = 0
    valid_days: int | None = None


@event(
    "task.qualification.granted.v1",
    owner=OWNER,
    topic=TOPIC,
    key="qualification_id",
    example={**_GRANT, "granted_at": ex.INSTANT},
)
@dataclass(frozen=True)
class RequesterGranted(Event):
    """Whoever held the assignment has the requester's qualification from now on."""

    qualification_id: str
    requester_id: RequesterId
    pseudonym: Pseudonym
    assignment_id: AssignmentId
    granted_at: datetime


@event(
    "task.qualification.revoked.v1",
    owner=OWNER,
    topic=TOPIC,
    key="qualification_id",
    example={**_GRANT, "revoked_at": ex.LATER, "reason": "Two answers ignored the key."},
)
@dataclass(frozen=True)
class RequesterRevoked(Event):
    """Whoever held the assignment has it no more, for a reason that the worker reads."""

    qualification_id: str
    requester_id: RequesterId
    pseudonym: Pseudonym
    assignment_id: AssignmentId
    revoked_at: datetime
    reason: str
