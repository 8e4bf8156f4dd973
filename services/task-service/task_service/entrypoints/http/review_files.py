"""Decisions by a file: what it would do, or all of it."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId
from flask import request
from flask_smorest import Blueprint

from task_service.application.decide_by_file import Plan
from task_service.bootstrap import Application
from task_service.domain.tables import FAULTS_MAX
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    SIGNED_IN,
    refusals,
)
from task_service.entrypoints.http.result_schemas import PlanSchema, ReviewFileQuerySchema

_BODY = {
    "required": True,
    "content": {
        "text/csv": {
            "schema": {"type": "string"},
            "example": "submission_id,decision,reason\nsub_01,reject,It is empty.\n",
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def review_files_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("review_files", area="tasks", description="Decisions by a file")

    @blueprint.post("/batches/<batch_id>/reviews/file")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {
            **OF_CHANGING,
            409: "already_decided",
            422: "faulty_rows: `faults` lists line, column and reason; invalid_input",
        },
    )
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY], requestBody=_BODY)
    @blueprint.arguments(ReviewFileQuerySchema, location="query")
    @blueprint.response(200, PlanSchema)
    def decide(query: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """Decide by a file: all of it, or nothing where a row is faulty; `dry=true` only tells what
        it would do. Either Mechanical Turk's results file, with `x` in Approve or a reason in
        Reject (`x` and an emptied Reject overturn a rejection), or a table with submission_id,
        decision (accept, reject or empty), reason and reopen. CSV or XLSX.
        """
        batch = application.batches.get(caller(), BatchId(batch_id))
        content = request.get_data()
        plan = application.decide_by_file.plan(batch, content, reopen=query["reopen"])
        if not query["dry"]:
            application.decide_by_file.apply(caller(), batch, plan)
        return _presented(plan, dry=query["dry"])

    return blueprint


def _presented(plan: Plan, *, dry: bool) -> dict[str, Any]:
    return {
        "dry": dry,
        "accepted": len(plan.accept),
        "rejected": len(plan.reject),
        "overturned": len(plan.overturn),
        "unchanged": plan.unchanged,
        "unmarked": plan.unmarked,
        "faults": [fault.to_wire() for fault in plan.faults[:FAULTS_MAX]],
        "fault_count": len(plan.faults),
    }
