"""Events of one batch and its assignments, with what a test does not care about filled in."""

from datetime import datetime, timedelta
from typing import Any

from crowdloom.contracts.matching import AssignmentClaimed, AssignmentExpired, AssignmentReturned
from crowdloom.contracts.payment import RewardSettled
from crowdloom.contracts.task import (
    BatchOpened,
    QualificationDefined,
    Question,
    RequesterGranted,
    RequesterRevoked,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionScored,
    TasksReleased,
)
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING

BATCH = "bat_1"
WORKER = "wrk_1"
FIVE_CENTS = Money.of_minor(5, "USD")
CLAIMED = BEGINNING
SUBMITTED = BEGINNING + timedelta(seconds=20)


def opened(batch_id: str = BATCH, **changes: Any) -> BatchOpened:
    fields: dict[str, Any] = {
        "batch_id": batch_id,
        "project_id": "prj_1",
        "requester_id": "req_1",
        "requester_name": "Fir Research Group",
        "title": "Does the second sentence follow?",
        "description": "Read two sentences.",
        "reward": FIVE_CENTS,
        "task_count": 10,
        "redundancy": 3,
        "lease_seconds": 600,
        "auto_accept_seconds": 86_400,
        "opened_at": BEGINNING,
        "language": "en",
    }
    return BatchOpened(**{**fields, **changes})


def released(batch_id: str = BATCH, *, chunk: int = 0, count: int = 10) -> TasksReleased:
    tasks = tuple(f"tsk_{chunk}_{number}" for number in range(count))
    return TasksReleased(batch_id=batch_id, chunk=chunk, redundancy=3, task_ids=tasks)


def claimed(number: int = 1, **changes: Any) -> AssignmentClaimed:
    fields: dict[str, Any] = {
        **_assignment(number),
        "worker_id": WORKER,
        "requester_id": "req_1",
        "pseudonym": "A7F3K9Q2MC41TM08D",
        "claimed_at": CLAIMED,
        "deadline": CLAIMED + timedelta(seconds=600),
    }
    return AssignmentClaimed(**{**fields, **changes})


def returned(number: int = 1) -> AssignmentReturned:
    return AssignmentReturned(**_assignment(number), worker_id=WORKER, returned_at=SUBMITTED)


def expired(number: int = 1) -> AssignmentExpired:
    late = CLAIMED + timedelta(seconds=600)
    return AssignmentExpired(**_assignment(number), worker_id=WORKER, expired_at=late)


def submitted(
    number: int = 1, *, at: datetime = SUBMITTED, batch_id: str = BATCH, held_ms: int = 0
) -> Any:
    return SubmissionReceived(
        **{**_submission(number), "batch_id": batch_id},
        submitted_at=at,
        auto_accept_at=at + timedelta(days=1),
        held_ms=held_ms,
    )


def accepted(number: int = 1) -> SubmissionAccepted:
    later = SUBMITTED + timedelta(hours=1)
    return SubmissionAccepted(**_submission(number), accepted_at=later, decided_by="requester")


def rejected(number: int = 1, *, reason: str = "It is about another sentence.") -> Any:
    later = SUBMITTED + timedelta(hours=1)
    return SubmissionRejected(
        **_submission(number), rejected_at=later, reason=reason, slot_reopened=True
    )


def scored(number: int = 1, *, right: bool = True) -> SubmissionScored:
    return SubmissionScored(**_submission(number), right=right, scored_at=SUBMITTED)


def settled(number: int = 1, *, worker_id: str = WORKER) -> RewardSettled:
    return RewardSettled(
        assignment_id=f"asg_{number:03d}",
        batch_id=BATCH,
        worker_id=worker_id,
        reward=FIVE_CENTS,
        settled_at=SUBMITTED + timedelta(hours=2),
    )


def _assignment(number: int) -> dict[str, Any]:
    return {
        "assignment_id": f"asg_{number:03d}",
        "task_id": f"tsk_0_{number}",
        "batch_id": BATCH,
    }


def _submission(number: int) -> dict[str, Any]:
    return {
        **_assignment(number),
        "submission_id": f"sub_{number:03d}",
        "requester_id": "req_1",
        "pseudonym": "A7F3K9Q2MC41TM08D",
    }


def defined(**changes: Any) -> QualificationDefined:
    fields: dict[str, Any] = {
        "qualification_id": "qlf_1",
        "requester_id": "req_1",
        "requester_name": "Fir Research Group",
        "name": "Tree names",
        "description": "You tell firs from spruces.",
        "closed": False,
        "defined_at": BEGINNING,
        "questions": (Question("q1", "Which has flat needles?", ("fir", "spruce")),),
        "answer_key": {"q1": ["fir"]},
        "pass_percent": 100,
        "tries_max": 2,
        "wait_seconds": 60,
        "valid_days": 3,
    }
    return QualificationDefined(**{**fields, **changes})


def given(number: int = 1) -> RequesterGranted:
    return RequesterGranted(**_given(number), granted_at=BEGINNING)


def taken(number: int = 1) -> RequesterRevoked:
    return RequesterRevoked(**_given(number), revoked_at=BEGINNING, reason="Too many slips.")


def _given(number: int) -> dict[str, Any]:
    return {
        "qualification_id": "qlf_1",
        "requester_id": "req_1",
        "pseudonym": "A7F3K9Q2MC41TM08D",
        "assignment_id": f"asg_{number:03d}",
    }
