"""Submissions: listed, looked at, accepted, rejected, one by one or many at once."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId, SubmissionId
from flask_smorest import Blueprint

from task_service.application.review_submissions import Decision
from task_service.bootstrap import Application
from task_service.domain.submissions import SubmissionStatus
from task_service.entrypoints.http import present, schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)

_DECIDING = {**OF_CHANGING, 409: "already_decided", 422: "invalid_input"}


def submissions_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("submissions", area="tasks", description="Answers and their review")
    _add_reading(blueprint, application)
    _add_deciding(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="submissions")

    @blueprint.get("/batches/<batch_id>/submissions")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.SubmissionQuerySchema, location="query")
    @blueprint.response(200, schemas.SubmissionPageSchema)
    def listed(query: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """A batch's submissions, oldest first, of one status or of all."""
        batch = application.batches.get(caller(), BatchId(batch_id))
        found = application.review.page(
            batch.batch_id,
            status=SubmissionStatus(query["status"]) if query["status"] else None,
            after=cursors.place_of(query),
            count_max=query["limit"] + 1,
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda submission: submission.submission_id,
            present=present.submission,
        )

    @blueprint.get("/submissions/<submission_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, schemas.SubmissionSchema)
    def show(submission_id: str) -> dict[str, Any]:
        """One submission with its answer."""
        return present.submission(application.review.get(caller(), SubmissionId(submission_id)))


def _add_deciding(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/submissions/<submission_id>/accept")
    @require("requester")
    @idempotent
    @refusals(blueprint, _DECIDING)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.AcceptanceSchema, required=False)
    @blueprint.response(200, schemas.SubmissionSchema)
    def accept(body: dict[str, Any], submission_id: str) -> dict[str, Any]:
        """Accept: the reward is paid. Accepting again changes nothing. With `override`, one that
        was rejected is accepted after all.
        """
        one = SubmissionId(submission_id)
        if body.get("override"):
            return present.submission(application.overturn_rejection(caller(), one))
        decision = Decision(one, accept=True)
        return present.submission(application.review.decide(caller(), decision))

    @blueprint.post("/submissions/<submission_id>/reject")
    @require("requester")
    @idempotent
    @refusals(blueprint, _DECIDING)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.RejectionSchema)
    @blueprint.response(200, schemas.SubmissionSchema)
    def reject(body: dict[str, Any], submission_id: str) -> dict[str, Any]:
        """Reject with a reason: the reward is not paid."""
        decision = Decision(SubmissionId(submission_id), accept=False, **body)
        return present.submission(application.review.decide(caller(), decision))

    @blueprint.post("/submissions/<submission_id>/return")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_DECIDING, 409: "already_decided, returned_too_often"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.ReturnSchema)
    @blueprint.response(200, schemas.SubmissionSchema)
    def send_back(body: dict[str, Any], submission_id: str) -> dict[str, Any]:
        """Send it back to its worker with a note, to be done again. It is not paid; what the worker
        submits in its place is a submission of its own. Twice at most for one answer.
        """
        return present.submission(
            application.return_submission(caller(), SubmissionId(submission_id), body["note"])
        )

    @blueprint.post("/batches/<batch_id>/reviews")
    @require("requester")
    @idempotent
    @refusals(blueprint, _DECIDING)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.ReviewsSchema)
    @blueprint.response(200, schemas.ReviewedSchema)
    def review(body: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """Decide many submissions of one batch. All are checked before any is decided."""
        batch = application.batches.get(caller(), BatchId(batch_id))
        decisions = [_decision(document) for document in body["decisions"]]
        decided = application.review.decide_all(caller(), batch.batch_id, decisions)
        return {"decided": decided, "unchanged": len(decisions) - decided}


def _decision(document: dict[str, Any]) -> Decision:
    return Decision(
        SubmissionId(document["submission_id"]),
        accept=document["decision"] == "accept",
        reason=document["reason"],
        reopen=document["reopen"],
    )
