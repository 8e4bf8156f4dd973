"""From the domain to what the API answers."""

from dataclasses import asdict
from typing import Any

from matching_service.application.claim_task import Claim
from matching_service.application.queue import QueueItem
from matching_service.domain.assignments import Assignment
from matching_service.domain.batches import PayPerHour


def assignment(held: Assignment) -> dict[str, Any]:
    return {
        "assignment_id": held.assignment_id,
        "task_id": held.task_id,
        "batch_id": held.batch_id,
        "status": str(held.status),
        "claimed_at": held.claimed_at,
        "deadline": held.deadline,
    }


def claim(made: Claim) -> dict[str, Any]:
    return {
        **assignment(made.assignment),
        "title": made.title,
        "reward": made.reward,
        "ticket": made.ticket,
    }


def claims(made: list[Claim]) -> dict[str, Any]:
    """The first as the answer to who asked for one; the others beside it."""
    first, *more = [claim(one) for one in made]
    return {**first, "more": more} if more else first


def queue_item(item: QueueItem) -> dict[str, Any]:
    batch = item.batch
    return {
        "batch_id": batch.batch_id,
        "title": batch.title,
        "description": batch.description,
        "requester_name": batch.requester_name,
        "reward": batch.reward,
        "open_slots": batch.open_slot_count,
        "lease_seconds": batch.lease_seconds,
        "language": batch.language,
        "pay_per_hour": _pay(batch.pay_per_hour),
        "why_not": item.why_not,
        "reasons": [asdict(reason) for reason in item.reasons],
    }


def _pay(pay: PayPerHour | None) -> dict[str, Any]:
    return {"kind": "unknown"} if pay is None else {"kind": "measured", **vars(pay)}
