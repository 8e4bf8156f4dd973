"""Appeals: a worker's own, and those that wait for a reviewer."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require, require_any
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import NotAllowed
from crowdloom.kernel.ids import AssignmentId
from flask_smorest import Blueprint

from worker_service.bootstrap import Application
from worker_service.domain.appeals import Appeal
from worker_service.entrypoints.http.accounts import caller
from worker_service.entrypoints.http.schemas import (
    AppealDecisionSchema,
    AppealListSchema,
    AppealSchema,
    AppealWordsSchema,
    NewAppealSchema,
)

REVIEWER = "operator"


def appeals_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("appeals", area="workers", description="Rejections contested")

    @blueprint.post("/appeals")
    @require("worker")
    @idempotent
    @blueprint.arguments(NewAppealSchema)
    @blueprint.response(201, AppealSchema)
    def open_one(body: dict[str, Any]) -> Appeal:
        """Contest the rejection of one's own work; there is one appeal per assignment."""
        assignment_id = AssignmentId(body["assignment_id"])
        return application.appeal_rejection.open(caller(), assignment_id, body["statement"])

    @blueprint.get("/appeals")
    @require("staff", REVIEWER)
    @blueprint.response(200, AppealListSchema)
    def waiting() -> dict[str, Any]:
        """Open appeals, the longest waiting first; for reviewers."""
        return {"appeals": [case.appeal for case in application.review_appeals.waiting()]}

    @blueprint.get("/appeals/<assignment_id>")
    @require_any("worker", "staff")
    @blueprint.response(200, AppealSchema)
    def show(assignment_id: str) -> Appeal:
        """One's own appeal, or any for a reviewer."""
        if _by_reviewer():
            return application.review_appeals.show(AssignmentId(assignment_id)).appeal
        return application.appeal_rejection.show(caller(), AssignmentId(assignment_id))

    @blueprint.post("/appeals/<assignment_id>/messages")
    @require_any("worker", "staff")
    @idempotent
    @blueprint.arguments(AppealWordsSchema)
    @blueprint.response(201, AppealSchema)
    def say(body: dict[str, Any], assignment_id: str) -> Appeal:
        """Add to the thread while the appeal is open."""
        if _by_reviewer():
            return application.review_appeals.say(AssignmentId(assignment_id), body["text"])
        return application.appeal_rejection.say(caller(), AssignmentId(assignment_id), body["text"])

    @blueprint.post("/appeals/<assignment_id>/decision")
    @require("staff", REVIEWER)
    @idempotent
    @blueprint.arguments(AppealDecisionSchema)
    @blueprint.response(200, AppealSchema)
    def decide(body: dict[str, Any], assignment_id: str) -> Appeal:
        """Decide for or against the worker, with a reason that the worker reads. Final."""
        return application.review_appeals.decide(
            AssignmentId(assignment_id),
            upheld=body["upheld"],
            reason=body["reason"],
            reviewer=principal().subject,
        )

    return blueprint


def _by_reviewer() -> bool:
    who = principal()
    if who.role == "staff" and REVIEWER not in who.grants:
        raise NotAllowed("This needs a reviewer of appeals", needed=[REVIEWER])
    return who.role == "staff"
