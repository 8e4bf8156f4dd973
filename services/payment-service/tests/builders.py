"""Events and processor lines, with what a test does not care about filled in."""

from datetime import timedelta
from typing import Any

from crowdloom.contracts.matching import AssignmentClaimed, SlotsWithdrawn
from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import (
    BatchCompleted,
    BatchFundingRequested,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
)
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING
from payment_service.domain import flows
from payment_service.domain.processor_lines import BalanceTransaction

__all__ = ["flows"]

BATCH = "bat_1"
REQUESTER = "req_1"
WORKER = "wrk_1"


def usd(minor: int) -> Money:
    return Money.of_minor(minor, "USD")


FIVE_CENTS = usd(5)


def funding(batch_id: str = BATCH, **changes: Any) -> BatchFundingRequested:
    reward = changes.get("reward", FIVE_CENTS)
    fields: dict[str, Any] = {
        "batch_id": batch_id,
        "requester_id": REQUESTER,
        "revision": 1,
        "slot_count": 10,
        "reward": reward,
        "fee": slot_fee(reward),
    }
    return BatchFundingRequested(**{**fields, **changes})


def claimed(number: int = 1, **changes: Any) -> AssignmentClaimed:
    fields: dict[str, Any] = {
        **_assignment(number),
        "worker_id": WORKER,
        "requester_id": REQUESTER,
        "pseudonym": "A7F3K9Q2MC41TM08D",
        "claimed_at": BEGINNING,
        "deadline": BEGINNING + timedelta(seconds=600),
    }
    return AssignmentClaimed(**{**fields, **changes})


def accepted(number: int = 1, **changes: Any) -> SubmissionAccepted:
    fields = {**_submission(number), "accepted_at": BEGINNING, "decided_by": "requester"}
    return SubmissionAccepted(**{**fields, **changes})


def received(number: int = 1, **changes: Any) -> SubmissionReceived:
    fields = {**_submission(number), "submitted_at": BEGINNING, "auto_accept_at": BEGINNING}
    return SubmissionReceived(**{**fields, **changes})


def returned(number: int = 1, **changes: Any) -> SubmissionReturned:
    fields = {
        **_submission(number),
        "rework_assignment_id": f"asg_{number:03d}_again",
        "returned_at": BEGINNING,
        "note": "Please read the second sentence again.",
    }
    return SubmissionReturned(**{**fields, **changes})


def rejected(number: int = 1, *, reopened: bool = False, **changes: Any) -> SubmissionRejected:
    fields = {
        **_submission(number),
        "rejected_at": BEGINNING,
        "reason": "It is about another sentence.",
        "slot_reopened": reopened,
    }
    return SubmissionRejected(**{**fields, **changes})


def withdrawn(batch_id: str = BATCH, *, slot_count: int = 1, revision: int = 1) -> SlotsWithdrawn:
    return SlotsWithdrawn(
        batch_id=batch_id, revision=revision, slot_count=slot_count, leased_slot_count=0
    )


def completed(batch_id: str = BATCH) -> BatchCompleted:
    return BatchCompleted(batch_id=batch_id, requester_id=REQUESTER, completed_at=BEGINNING)


def charge(top_up_id: str, minor: int, *, number: int = 1, **changes: Any) -> BalanceTransaction:
    """The processor's line of a paid checkout, with its fee."""
    fee = usd(minor * 29 // 1000 + 30)
    fields: dict[str, Any] = {
        "transaction_id": f"txn_{number}",
        "kind": "charge",
        "source_id": f"ch_{number}",
        "gross": usd(minor),
        "fee": fee,
        "net": usd(minor) - fee,
        "available": True,
        "available_on": BEGINNING,
        "created_at": BEGINNING,
        "metadata": {"top_up": top_up_id},
    }
    return BalanceTransaction(**{**fields, **changes})


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
        "requester_id": REQUESTER,
        "pseudonym": "A7F3K9Q2MC41TM08D",
    }
