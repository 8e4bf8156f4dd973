"""`/api/matching/v1`: the queue, claims, and what a worker holds."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId
from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from matching_service.bootstrap import Application
from matching_service.domain.assignments import AssignmentStatus
from matching_service.entrypoints.devices import device_if_known
from matching_service.entrypoints.http import present, schemas


def make_api(application: Application) -> Blueprint:
    blueprint = api_blueprint("matching", area="matching", description="Work to be had")
    _add_queue(blueprint, application)
    _add_claims(blueprint, application)
    _add_assignments(blueprint, application)
    _add_counts(blueprint, application)
    return blueprint


def _worker() -> WorkerId:
    return WorkerId(principal().subject)


def _add_queue(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="queue")

    @blueprint.route("/queue")
    class QueueView(MethodView):
        @blueprint.arguments(schemas.QueueQuery, location="query")
        @blueprint.response(200, schemas.QueueAnswer)
        @require("worker")
        def get(self, query: dict[str, Any]) -> dict[str, Any]:
            """Open batches, with measured pay per hour, and why one is not for you."""
            after = BatchId(cursors.read(query["cursor"])) if query["cursor"] else None
            limit = query["limit"]
            device = device_if_known()
            items = application.queue.items(_worker(), after=after, count_max=limit, device=device)
            following = cursors.write(items[-1].batch.batch_id) if len(items) == limit else None
            return {"items": [present.queue_item(item) for item in items], "next_cursor": following}

    @blueprint.route("/queue/<batch_id>/why")
    class WhyView(MethodView):
        @blueprint.response(200, schemas.WhyAnswer)
        @require("worker")
        def get(self, batch_id: str) -> dict[str, Any]:
            """Why you would be given nothing of this batch now; null where you would."""
            asked, device = BatchId(batch_id), device_if_known()
            return {"why_not": application.claim_task.why_not(_worker(), asked, device=device)}


def _add_claims(blueprint: Blueprint, application: Application) -> None:
    @blueprint.route("/claims")
    class ClaimsView(MethodView):
        @blueprint.arguments(schemas.ClaimRequest)
        @blueprint.response(201, schemas.ClaimAnswer)
        @blueprint.alt_response(204, description="There is nothing for you now")
        @require("worker")
        def post(self, body: dict[str, Any]) -> Any:
            """Ask for one item, or for `count`: the others are in `more`. The same Idempotency-Key
            returns the same assignments.
            """
            batch_id = BatchId(body["batch_id"]) if "batch_id" in body else None
            made = application.claim_task.several(
                _worker(),
                idempotency_key(),
                body["count"],
                batch_id=batch_id,
                device=body["device"] or device_if_known(),
            )
            return present.claims(made) if made else Response(status=204)


def _add_assignments(blueprint: Blueprint, application: Application) -> None:
    @blueprint.route("/assignments")
    class AssignmentsView(MethodView):
        @blueprint.response(200, schemas.AssignmentsAnswer)
        @require("worker")
        def get(self) -> dict[str, Any]:
            """What you hold now."""
            held = application.hold_assignment.held(_worker())
            return {"items": [present.assignment(one) for one in held], "next_cursor": None}

    @blueprint.route("/assignments/<assignment_id>")
    class AssignmentView(MethodView):
        @blueprint.response(200, schemas.AssignmentAnswer)
        @require("worker")
        def get(self, assignment_id: str) -> dict[str, Any]:
            """One of your assignments, with its ticket."""
            return present.claim(
                application.hold_assignment.get(_worker(), AssignmentId(assignment_id))
            )

    @blueprint.route("/assignments/<assignment_id>/extend")
    class ExtensionView(MethodView):
        @blueprint.response(200, schemas.AssignmentAnswer)
        @require("worker")
        def post(self, assignment_id: str) -> dict[str, Any]:
            """Ask for more time: the full length again, a few times at most. Use the new ticket."""
            return present.claim(
                application.hold_assignment.extend(
                    _worker(), AssignmentId(assignment_id), idempotency_key()
                )
            )

    @blueprint.route("/assignments/<assignment_id>/return")
    class ReturnView(MethodView):
        @blueprint.response(204)
        @require("worker")
        def post(self, assignment_id: str) -> None:
            """Give the item back; somebody else gets it. Repeating this changes nothing."""
            application.hold_assignment.give_back(_worker(), AssignmentId(assignment_id))


def _add_counts(blueprint: Blueprint, application: Application) -> None:
    @blueprint.route("/batches/<batch_id>/counts")
    class BatchCountsView(MethodView):
        @blueprint.response(200, schemas.BatchCountsAnswer)
        @require("staff", "operator")
        def get(self, batch_id: str) -> dict[str, Any]:
            """Assignments of a batch by status."""
            counts = application.queue.counts(BatchId(batch_id))
            by_name = {str(status): counts.get(status, 0) for status in AssignmentStatus}
            return {**by_name, "claimed_total": sum(by_name.values())}
