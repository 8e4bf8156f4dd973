"""From the domain to what the API answers."""

from collections.abc import Mapping
from typing import Any

from task_service.application.answer_task import LoadedTask
from task_service.application.batches import BatchView
from task_service.application.ports import Task
from task_service.domain.batches import Addition, Batch, Declined
from task_service.domain.projects import Project
from task_service.domain.submissions import Submission


def project(shown: Project) -> dict[str, Any]:
    return {**vars(shown), "template_html": shown.template}


def batch(shown: Batch) -> dict[str, Any]:
    terms = shown.terms
    return {
        **vars(shown),
        "status": str(shown.status),
        "redundancy": terms.redundancy,
        "reward": terms.reward.to_wire(),
        "fee": terms.fee.to_wire(),
        "vat": terms.vat.to_wire(),
        "cost": shown.cost.to_wire(),
        "lease_seconds": terms.lease_seconds,
        "auto_accept_seconds": terms.auto_accept_seconds,
        "wanted_seconds": terms.wanted_seconds,
        "declined": _declined(shown.declined) if shown.declined else None,
        "addition": _addition(shown.addition) if shown.addition else None,
    }


def _addition(shown: Addition) -> dict[str, Any]:
    return {
        "status": str(shown.status),
        "task_count": shown.task_count,
        "redundancy": shown.redundancy,
        "reward": shown.reward.to_wire(),
        "declined": _declined(shown.declined) if shown.declined else None,
    }


def batch_view(view: BatchView) -> dict[str, Any]:
    shown = view.batch
    counts = {
        "slots": shown.slot_count,
        "submitted": view.tally.submitted,
        "accepted": view.tally.accepted,
        "rejected": view.tally.rejected,
        "withdrawn": shown.withdrawn_count,
        "open": shown.open_slot_count,
        "leased": shown.leased_slot_count,
    }
    return {**batch(shown), "counts": counts}


def task(shown: Task, columns: tuple[str, ...]) -> dict[str, Any]:
    return {
        "task_id": shown.task_id,
        "number": shown.number,
        "input": dict(zip(columns, shown.cells, strict=True)),
    }


def submission(shown: Submission) -> dict[str, Any]:
    return {**vars(shown), "status": str(shown.status), "seconds": round(shown.seconds, 1)}


def assigned_task(loaded: LoadedTask, inputs: Mapping[str, str]) -> dict[str, Any]:
    """`inputs` are its own, with addresses where they name kept files."""
    ticket, terms = loaded.ticket, loaded.batch.terms
    return {
        "assignment_id": ticket.assignment_id,
        "task_id": ticket.task_id,
        "batch_id": ticket.batch_id,
        "title": loaded.batch.title,
        "description": loaded.project.description,
        "language": loaded.project.language,
        "reward": terms.reward.to_wire(),
        "deadline": ticket.deadline,
        "auto_accept_seconds": terms.auto_accept_seconds,
        "input": dict(inputs),
        "note": loaded.note,
        "answer_fields": loaded.project.answer_fields,
        "frame_url": f"/frame/assignments/{ticket.assignment_id}",
    }


def _declined(declined: Declined) -> dict[str, Any]:
    return {
        "code": declined.code,
        "needed": declined.needed.to_wire(),
        "missing": declined.missing.to_wire(),
    }
