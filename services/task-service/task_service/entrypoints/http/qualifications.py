"""Qualifications of a requester's own."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.answer_keys import read_answer_key
from crowdloom.kernel.ids import Pseudonym
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from task_service.bootstrap import Application
from task_service.domain.qualifications import Exam, HandGrant, OwnQualification, Question
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)
from task_service.entrypoints.http.schemas import Text

_INSTANT = {"type": "string", "format": "date-time"}
_KEYED = OF_CHANGING


class QuestionSchema(Schema):
    name = Text(required=True, metadata={"example": "q1"})
    text = Text(required=True)
    choices = fields.List(Text(), required=True, metadata={"example": ["fir", "spruce"]})


class NewQualificationSchema(Schema):
    """Without questions it is given by hand alone."""

    name = Text(required=True)
    description = Text(required=True)
    questions = fields.List(fields.Nested(QuestionSchema), load_default=list)
    answer_key = fields.Dict(
        keys=Text(),
        load_default=None,
        allow_none=True,
        metadata={
            "description": "`{question: choice}`, or a list of choices any of which is right"
        },
    )
    pass_percent = fields.Integer(load_default=100, strict=True)
    tries_max = fields.Integer(load_default=1, strict=True)
    wait_seconds = fields.Integer(load_default=0, strict=True)
    valid_days = fields.Integer(load_default=None, allow_none=True, strict=True)


class OwnQualificationSchema(Schema):
    qualification_id = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    questions = fields.List(fields.Nested(QuestionSchema), required=True)
    answer_key = fields.Dict(required=True, allow_none=True)
    pass_percent = fields.Integer(required=True)
    tries_max = fields.Integer(required=True)
    wait_seconds = fields.Integer(required=True)
    valid_days = fields.Integer(required=True, allow_none=True)
    closed = fields.Boolean(required=True)
    created_at = InstantField(required=True, metadata=_INSTANT)


class OwnQualificationListSchema(Schema):
    items = fields.List(fields.Nested(OwnQualificationSchema), required=True)


class NewGrantSchema(Schema):
    pseudonym = Text(required=True, metadata={"description": "As it stands beside answers"})


class NewRevocationSchema(NewGrantSchema):
    reason = Text(required=True, metadata={"description": "The worker reads it"})


class GrantSchema(Schema):
    pseudonym = fields.String(required=True)
    granted_at = InstantField(required=True, metadata=_INSTANT)
    revoked_at = InstantField(required=True, allow_none=True, metadata=_INSTANT)
    reason = fields.String(required=True)


class GrantListSchema(Schema):
    items = fields.List(fields.Nested(GrantSchema), required=True)


def qualifications_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("qualifications", area="tasks", description="Qualifications")
    _add_making(blueprint, application)
    _add_grants(blueprint, application)
    return blueprint


def _add_making(blueprint: Blueprint, application: Application) -> None:
    own = application.qualifications

    @blueprint.post("/qualifications")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_KEYED, 409: "too_many_qualifications", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewQualificationSchema)
    @blueprint.response(201, OwnQualificationSchema)
    def make(body: dict[str, Any]) -> dict[str, Any]:
        """Make a qualification; with questions it has a test that scores itself. What was made does
        not change: close it and make another.
        """
        made = own.make(
            caller(),
            name=body["name"],
            description=body["description"],
            exam=_exam(body),
            valid_days=body["valid_days"],
        )
        return _presented(made)

    @blueprint.get("/qualifications")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, OwnQualificationListSchema)
    def listed() -> dict[str, Any]:
        """The caller's, newest first."""
        return {"items": [_presented(one) for one in own.listed(caller())]}

    @blueprint.get("/qualifications/<qualification_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, OwnQualificationSchema)
    def show(qualification_id: str) -> dict[str, Any]:
        """One of them, with its key."""
        return _presented(own.get(caller(), qualification_id))

    @blueprint.post("/qualifications/<qualification_id>/close")
    @require("requester")
    @idempotent
    @refusals(blueprint, _KEYED)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, OwnQualificationSchema)
    def close(qualification_id: str) -> dict[str, Any]:
        """Nobody gets it any more; who has it keeps it."""
        return _presented(own.close(caller(), qualification_id))


def _add_grants(blueprint: Blueprint, application: Application) -> None:
    own = application.qualifications

    @blueprint.get("/qualifications/<qualification_id>/grants")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, GrantListSchema)
    def grants(qualification_id: str) -> dict[str, Any]:
        """To whom it was given by hand. Who passed the test is not told: workers are anonymous."""
        return {"items": list(own.grants(caller(), qualification_id))}

    @blueprint.post("/qualifications/<qualification_id>/grants")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_KEYED, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewGrantSchema)
    @blueprint.response(201, GrantSchema)
    def grant(body: dict[str, Any], qualification_id: str) -> HandGrant:
        """Give it to a worker who has answered something of yours."""
        return own.grant(caller(), qualification_id, Pseudonym(body["pseudonym"]))

    @blueprint.post("/qualifications/<qualification_id>/revocations")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_KEYED, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewRevocationSchema)
    @blueprint.response(201, GrantSchema)
    def revoke(body: dict[str, Any], qualification_id: str) -> HandGrant:
        """Take it back, with a reason that the worker reads."""
        pseudonym = Pseudonym(body["pseudonym"])
        return own.revoke(caller(), qualification_id, pseudonym, reason=body["reason"])


def _exam(body: dict[str, Any]) -> Exam:
    key = body["answer_key"]
    return Exam(
        questions=tuple(
            Question(one["name"], one["text"], tuple(one["choices"])) for one in body["questions"]
        ),
        answer_key=read_answer_key(key) if key else None,
        pass_percent=body["pass_percent"],
        tries_max=body["tries_max"],
        wait_seconds=body["wait_seconds"],
    )


def _presented(one: OwnQualification) -> dict[str, Any]:
    key = one.exam.answer_key
    return {
        **vars(one),
        **vars(one.exam),
        "answer_key": {name: list(right) for name, right in key.items()} if key else None,
    }
