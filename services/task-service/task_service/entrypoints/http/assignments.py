"""For a worker with a ticket: load the task, keep a draft, submit. Nothing else is needed."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.kernel.errors import NotFound
from flask_smorest import Blueprint
from marshmallow import fields, validate

from task_service.application.ports import Draft
from task_service.bootstrap import Application
from task_service.domain.submissions import checked_answer, checked_draft
from task_service.entrypoints.file_links import FileLinks
from task_service.entrypoints.http import present, schemas
from task_service.entrypoints.http.documented import WITH_TICKET, refusals
from task_service.entrypoints.http.tickets import ticket_for

HELD_MS_MAX = 10_000
_TICKET = {401: "ticket_missing, invalid_token", 404: "not_found"}


class SubmitSchema(schemas.AnswerSchema):
    """`held_ms`: how long the worker's page held the answer back so that it could be undone."""

    held_ms = fields.Integer(
        strict=True, load_default=0, validate=validate.Range(min=0, max=HELD_MS_MAX)
    )


def assignments_blueprint(application: Application) -> Blueprint:
    """A ticket is good for its own assignment alone. Submitting needs no Idempotency-Key: the same
    answer again gets the same receipt, another one is refused.
    """
    blueprint = api_blueprint("assignments", area="tasks", description="Work, with a ticket")
    _add_task_and_draft(blueprint, application)
    _add_submission(blueprint, application)
    return blueprint


def _add_task_and_draft(blueprint: Blueprint, application: Application) -> None:
    answering = application.answer_task
    links = FileLinks(application.settings.common.cursor_key, application.clock)

    @blueprint.get("/assignments/<assignment_id>/task")
    @refusals(blueprint, {**_TICKET, 409: "assignment_over, lease_expired"})
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.response(200, schemas.AssignedTaskSchema)
    def task(assignment_id: str) -> dict[str, Any]:
        """The task with its input."""
        ticket = ticket_for(application, assignment_id)
        loaded = answering.load(ticket)
        owner = loaded.project.requester_id
        return present.assigned_task(
            loaded, links.linked(loaded.inputs, owner, until=ticket.deadline)
        )

    @blueprint.get("/assignments/<assignment_id>/draft")
    @refusals(blueprint, _TICKET)
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.response(200, schemas.DraftSchema)
    def draft(assignment_id: str) -> Draft:
        """The answer as it was last kept."""
        kept = answering.draft(ticket_for(application, assignment_id))
        if kept is None:
            raise NotFound("There is no draft", assignment_id=assignment_id)
        return kept

    @blueprint.put("/assignments/<assignment_id>/draft")
    @refusals(blueprint, {**_TICKET, 413: "answer_too_large", 422: "invalid_input"})
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.arguments(schemas.AnswerSchema)
    @blueprint.response(200, schemas.DraftSchema)
    def keep(body: dict[str, Any], assignment_id: str) -> Draft:
        """Keep an unfinished answer, also when the time is over."""
        ticket = ticket_for(application, assignment_id)
        return answering.save_draft(ticket, checked_draft(body["answer"]))


def _add_submission(blueprint: Blueprint, application: Application) -> None:
    answering = application.answer_task

    @blueprint.post("/assignments/<assignment_id>/submission")
    @refusals(
        blueprint,
        {
            **_TICKET,
            409: "lease_expired, already_submitted, assignment_over",
            413: "answer_too_large",
            422: "invalid_input",
        },
    )
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.arguments(SubmitSchema)
    @blueprint.response(201, schemas.ReceiptSchema)
    def submit(body: dict[str, Any], assignment_id: str) -> dict[str, Any]:
        """Submit. What is refused because the time is over is kept as a draft."""
        ticket = ticket_for(application, assignment_id)
        answer = checked_answer(body["answer"])
        return present.submission(answering.submit(ticket, answer, held_ms=body["held_ms"]))

    @blueprint.get("/assignments/<assignment_id>/submission")
    @refusals(blueprint, _TICKET)
    @blueprint.doc(security=WITH_TICKET)
    @blueprint.response(200, schemas.ReceiptSchema)
    def receipt(assignment_id: str) -> dict[str, Any]:
        """The receipt, and what became of the answer."""
        ticket = ticket_for(application, assignment_id)
        found = answering.submitted(ticket.assignment_id)
        if found is None:
            raise NotFound("Nothing was submitted", assignment_id=assignment_id)
        return present.submission(found)
