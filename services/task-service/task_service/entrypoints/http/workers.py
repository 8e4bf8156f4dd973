"""Workers as their requester knows them, and whom to keep out or to keep."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.ids import Pseudonym
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from task_service.bootstrap import Application
from task_service.domain.letters import Letter
from task_service.domain.workers import NOTE_CHARACTERS_MAX, Standing, WorkerFigures, WorkerNote
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    SIGNED_IN,
    refusals,
)
from task_service.entrypoints.http.schemas import Text

_INSTANT = {"type": "string", "format": "date-time"}
_STANDINGS = [str(one) for one in Standing]


class WorkerSchema(Schema):
    """Figures are of the answers looked at; `last_on` is a day."""

    pseudonym = fields.String(required=True)
    answers = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    agreement = fields.Float(
        required=True,
        allow_none=True,
        metadata={"description": "0 to 1, over `compared` fields that others answered too"},
    )
    compared = fields.Integer(required=True)
    known = fields.Integer(
        required=True, metadata={"description": "Answers to rows whose answer you know"}
    )
    known_right = fields.Integer(
        required=True, metadata={"description": "How many of those were right"}
    )
    median_seconds = fields.Integer(required=True)
    last_on = fields.Date(required=True)
    standing = fields.String(required=True, allow_none=True, validate=validate.OneOf(_STANDINGS))
    note = fields.String(required=True)


class WorkerListSchema(Schema):
    answers_looked_at = fields.Integer(required=True)
    is_all = fields.Boolean(required=True)
    items = fields.List(fields.Nested(WorkerSchema), required=True)


class NewStandingSchema(Schema):
    pseudonym = Text(required=True, metadata={"description": "As it stands beside answers"})
    standing = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(_STANDINGS),
        metadata={"description": "null: a worker like any other again"},
    )
    note = Text(load_default="", validate=validate.Length(max=NOTE_CHARACTERS_MAX))


class StandingSchema(Schema):
    pseudonym = fields.String(required=True)
    standing = fields.String(required=True, allow_none=True)
    note = fields.String(required=True)
    noted_at = InstantField(required=True, allow_none=True, metadata=_INSTANT)


class StandingListSchema(Schema):
    items = fields.List(fields.Nested(StandingSchema), required=True)


class NewLetterSchema(Schema):
    pseudonym = Text(required=True, metadata={"description": "As it stands beside answers"})
    text = Text(required=True, validate=validate.Length(min=1, max=REASON_CHARACTERS_MAX))


class LetterSchema(Schema):
    letter_id = fields.String(required=True)
    pseudonym = fields.String(required=True)
    text = fields.String(required=True)
    said_at = InstantField(required=True, metadata=_INSTANT)


def workers_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("workers", area="tasks", description="Workers, by pseudonym")
    known = application.know_workers

    @blueprint.get("/workers")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, WorkerListSchema)
    def listed() -> dict[str, Any]:
        """Who answered lately, whoever answered most first, of the newest 1,000 answers."""
        found = known.figures(caller())
        notes = {one.pseudonym: one for one in known.notes(caller())}
        items = [_worker(one, notes.get(one.pseudonym)) for one in found.figures]
        return {"answers_looked_at": found.n, "is_all": found.is_all, "items": items}

    @blueprint.get("/workers/standings")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, StandingListSchema)
    def standings() -> dict[str, Any]:
        """Whom you excluded or put on your list, the newest first."""
        return {"items": known.notes(caller())}

    @blueprint.post("/workers/standings")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**OF_CHANGING, 409: "too_many_standings", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewStandingSchema)
    @blueprint.response(200, StandingSchema)
    def stand(body: dict[str, Any]) -> dict[str, Any]:
        """Exclude a worker who has answered you from all that is open or opens from now on, put one
        on your list, or take either back.
        """
        said, pseudonym = body["standing"], Pseudonym(body["pseudonym"])
        standing = Standing(said) if said else None
        made = known.note(caller(), pseudonym, standing, note=body["note"])
        return vars(made) if made else {**body, "note": "", "noted_at": None}

    @blueprint.post("/workers/messages")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {
            **OF_CHANGING,
            409: "letters_stopped",
            422: "invalid_input",
            429: "too_many_messages",
        },
    )
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewLetterSchema)
    @blueprint.response(201, LetterSchema)
    def write(body: dict[str, Any]) -> Letter:
        """Write to a worker who has answered you, three times a day at most. Nobody else reads it;
        they find it beside what you answered to their questions.
        """
        return application.write_to_worker(caller(), Pseudonym(body["pseudonym"]), body["text"])

    return blueprint


def _worker(one: WorkerFigures, note: WorkerNote | None) -> dict[str, Any]:
    agreement = None if one.agreement is None else round(one.agreement, 3)
    return {
        **vars(one),
        "agreement": agreement,
        "standing": note.standing if note else None,
        "note": note.note if note else "",
    }
