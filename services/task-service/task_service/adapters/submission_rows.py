"""An answer as a document of the collection `submissions`."""

from typing import Any

from task_service.domain.submissions import Answer, Choice, Held, Submission, SubmissionStatus


def document_of(submission: Submission) -> dict[str, Any]:
    return {
        "_id": submission.submission_id,
        "assignment_id": submission.assignment_id,
        "task_id": submission.task_id,
        "batch_id": submission.batch_id,
        "requester_id": submission.requester_id,
        "pseudonym": submission.pseudonym,
        "answer": [list(pair) for pair in submission.answer],
        "status": str(submission.status),
        "claimed_at": submission.claimed_at,
        "submitted_at": submission.submitted_at,
        "auto_accept_at": submission.auto_accept_at,
        **({} if submission.known_right is None else {"known_right": submission.known_right}),
    }


def decision_of(submission: Submission) -> dict[str, Any]:
    """What a decision changes of its document."""
    decision = {
        "status": str(submission.status),
        "decided_at": submission.decided_at,
        "decided_by": submission.decided_by,
        "reason": submission.reason,
        "slot_reopened": submission.slot_reopened,
    }
    if submission.rework_assignment_id:  # left out where there is none: its index is sparse
        decision["rework_assignment_id"] = submission.rework_assignment_id
    if submission.status is SubmissionStatus.REJECTED and not submission.slot_reopened:
        # It stays where the rejection is overturned: the slot's money went back then.
        decision["closed_at"] = submission.decided_at
    return decision


def submission_of(row: dict[str, Any]) -> Submission:
    return Submission(
        submission_id=row["_id"],
        assignment_id=row["assignment_id"],
        task_id=row["task_id"],
        batch_id=row["batch_id"],
        requester_id=row["requester_id"],
        pseudonym=row["pseudonym"],
        answer=_answer(row["answer"]),
        status=SubmissionStatus(row["status"]),
        claimed_at=row["claimed_at"],
        submitted_at=row["submitted_at"],
        auto_accept_at=row["auto_accept_at"],
        decided_at=row.get("decided_at"),
        decided_by=row.get("decided_by"),
        reason=row.get("reason"),
        slot_reopened=row.get("slot_reopened", False),
        overturned=row.get("overturned", False),
        rework_assignment_id=row.get("rework_assignment_id"),
        held=_held(row["held"]) if "held" in row else None,
        known_right=row.get("known_right"),
    )


def _held(row: dict[str, Any]) -> Held:
    return Held(**{**row, "choice": Choice(row["choice"])})


def _answer(pairs: list[list[str]]) -> Answer:
    return tuple((name, value) for name, value in pairs)
