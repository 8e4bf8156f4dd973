"""Submissions: received, then accepted or rejected, each exactly once."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.task.batches import OWNER, TOPIC
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
)

_SUBMISSION = {
    "submission_id": ex.SUBMISSION,
    "assignment_id": ex.ASSIGNMENT,
    "task_id": ex.TASK,
    "batch_id": ex.BATCH,
    "requester_id": ex.REQUESTER,
    "pseudonym": ex.PSEUDONYM,
}


@event(
    "task.submission.received.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_SUBMISSION,
        "submitted_at": ex.INSTANT,
        "auto_accept_at": ex.LATER,
        "held_ms": 10_000,
    },
)
@dataclass(frozen=True)
class SubmissionReceived(Event):
    """An answer was acknowledged: it counts, and its lease is over. `held_ms` is how long the
    worker's own page held it back so that it could be undone: that is no time at work.
    """

    submission_id: SubmissionId
    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    pseudonym: Pseudonym
    submitted_at: datetime
    auto_accept_at: datetime
    held_ms: int = 0


@event(
    "task.submission.scored.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={**_SUBMISSION, "right": True, "scored_at": ex.INSTANT},
)
@dataclass(frozen=True)
class SubmissionScored(Event):
    """An answer to an item whose answer the requester knows (gold). It is paid like any other, and
    no worker is to learn of a single item that it was one: tell of many together.
    """

    submission_id: SubmissionId
    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    pseudonym: Pseudonym
    right: bool
    scored_at: datetime


@event(
    "task.submission.accepted.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_SUBMISSION,
        "accepted_at": ex.INSTANT,
        "decided_by": "requester",
        "overturns": False,
    },
)
@dataclass(frozen=True)
class SubmissionAccepted(Event):
    """To be paid, at the terms published for the batch. `decided_by` is requester, auto or appeal.
    `overturns` says that it was rejected before: then its slot's money is gone, and it is paid from
    the requester's wallet.
    """

    submission_id: SubmissionId
    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    pseudonym: Pseudonym
    accepted_at: datetime
    decided_by: str
    overturns: bool = False


@event(
    "task.submission.rejected.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_SUBMISSION,
        "rejected_at": ex.INSTANT,
        "reason": "The answer is about another sentence.",
        "slot_reopened": True,
    },
)
@dataclass(frozen=True)
class SubmissionRejected(Event):
    """Not to be paid, for a reason the worker reads. A reopened slot keeps its reserved money and
    goes to another worker; a closed one gives it back.
    """

    submission_id: SubmissionId
    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    pseudonym: Pseudonym
    rejected_at: datetime
    reason: str
    slot_reopened: bool


@event(
    "task.submission.returned.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        **_SUBMISSION,
        "rework_assignment_id": ex.REWORK_ASSIGNMENT,
        "returned_at": ex.INSTANT,
        "note": "The last sentence is missing; please translate it too.",
    },
)
@dataclass(frozen=True)
class SubmissionReturned(Event):
    """Back to its worker, with a note that the worker reads: this submission is never paid. The
    same slot is the same worker's again, as the assignment `rework_assignment_id`, whose draft is
    the earlier answer. What is submitted there counts like any other.
    """

    submission_id: SubmissionId
    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    pseudonym: Pseudonym
    rework_assignment_id: AssignmentId
    returned_at: datetime
    note: str


@event(
    "task.assignment.closed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"assignment_id": ex.ASSIGNMENT, "task_id": ex.TASK, "batch_id": ex.BATCH},
)
@dataclass(frozen=True)
class AssignmentClosed(Event):
    """A revoked ticket can be submitted with no more: its slot may go to somebody else."""

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
