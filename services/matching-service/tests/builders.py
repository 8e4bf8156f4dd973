"""Events of one batch and its assignments, with what a test does not care about filled in."""

from datetime import datetime, timedelta
from typing import Any

from crowdloom.contracts.task import (
    AssignmentClosed,
    BatchGrown,
    BatchOpened,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
    TasksMarked,
    TasksReleased,
)
from crowdloom.contracts.worker import WorkerRegistered
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING

BATCH = "bat_1"
LEASE_SECONDS = 600


def opened(batch_id: str = BATCH, **changes: Any) -> BatchOpened:
    fields: dict[str, Any] = {
        "batch_id": batch_id,
        "project_id": "prj_1",
        "requester_id": "req_1",
        "requester_name": "Fir Research Group",
        "title": "Does the second sentence follow?",
        "description": "Read two sentences.",
        "reward": Money.of_minor(5, "USD"),
        "task_count": 4,
        "redundancy": 3,
        "lease_seconds": LEASE_SECONDS,
        "auto_accept_seconds": 86_400,
        "opened_at": BEGINNING,
        "language": None,
    }
    return BatchOpened(**{**fields, **changes})


def released(
    batch_id: str = BATCH, *, chunk: int = 0, count: int = 4, redundancy: int = 3
) -> TasksReleased:
    tasks = tuple(f"tsk_{batch_id}_{chunk}_{number}" for number in range(count))
    return TasksReleased(batch_id=batch_id, chunk=chunk, redundancy=redundancy, task_ids=tasks)


def marked(*numbers: int, batch_id: str = BATCH, known: bool = True) -> TasksMarked:
    """Tasks of the first chunk, by their numbers in it."""
    tasks = tuple(f"tsk_{batch_id}_0_{number}" for number in numbers)
    return TasksMarked(batch_id=batch_id, task_ids=tasks, known=known)


def grown(batch_id: str = BATCH, **changes: Any) -> BatchGrown:
    fields: dict[str, Any] = {
        "batch_id": batch_id,
        "requester_id": "req_1",
        "revision": 2,
        "reward": Money.of_minor(7, "USD"),
        "task_count": 5,
        "redundancy": 4,
        "grown_at": BEGINNING,
    }
    return BatchGrown(**{**fields, **changes})


def registered(worker_id: str, *languages: str) -> WorkerRegistered:
    return WorkerRegistered(worker_id=worker_id, languages=languages, registered_at=BEGINNING)


def submitted(assignment: Any, *, at: datetime | None = None) -> SubmissionReceived:
    moment = at or assignment.claimed_at + timedelta(seconds=20)
    return SubmissionReceived(
        **_submission(assignment),
        submitted_at=moment,
        auto_accept_at=moment + timedelta(days=1),
    )


def rejected(assignment: Any, *, reopened: bool = True) -> SubmissionRejected:
    return SubmissionRejected(
        **_submission(assignment),
        rejected_at=assignment.claimed_at + timedelta(hours=1),
        reason="It is about another sentence.",
        slot_reopened=reopened,
    )


def scored(assignment: Any, *, right: bool = True) -> SubmissionScored:
    """Of an answer to an item whose answer the requester knew."""
    return SubmissionScored(**_submission(assignment), right=right, scored_at=assignment.claimed_at)


def accepted(
    assignment: Any, *, decided_by: str = "requester", overturns: bool = False
) -> SubmissionAccepted:
    return SubmissionAccepted(
        **_submission(assignment),
        accepted_at=assignment.claimed_at + timedelta(hours=1),
        decided_by=decided_by,
        overturns=overturns,
    )


def sent_back(assignment: Any) -> SubmissionReturned:
    return SubmissionReturned(
        **_submission(assignment),
        rework_assignment_id=f"{assignment.assignment_id}_again",
        returned_at=assignment.claimed_at + timedelta(hours=1),
        note="The last word is missing.",
    )


def closed(assignment: Any) -> AssignmentClosed:
    return AssignmentClosed(
        assignment_id=assignment.assignment_id,
        task_id=assignment.task_id,
        batch_id=assignment.batch_id,
    )


def _submission(assignment: Any) -> dict[str, Any]:
    return {
        "submission_id": assignment.assignment_id.replace("asg", "sub"),
        "assignment_id": assignment.assignment_id,
        "task_id": assignment.task_id,
        "batch_id": assignment.batch_id,
        "requester_id": assignment.requester_id,
        "pseudonym": assignment.pseudonym,
    }
