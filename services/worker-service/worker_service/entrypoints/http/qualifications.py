"""Qualifications: what there is, what one has, and tests that score themselves."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from worker_service.application.qualify import Entry, TestResult
from worker_service.bootstrap import Application
from worker_service.domain.qualifications import GrantedBy, HasNoTest
from worker_service.entrypoints.http.accounts import caller

ANSWER_CHARACTERS_MAX = 2_000


class HeldSchema(Schema):
    """`reason` says why it ended: `expired`, `rule_not_met`, or words of a requester."""

    granted_by = fields.Enum(GrantedBy, by_value=True, required=True)
    granted_at = InstantField(required=True)
    expires_at = InstantField(required=True, allow_none=True)
    score = fields.Integer(required=True, allow_none=True)
    revoked_at = InstantField(required=True, allow_none=True)
    reason = fields.String(required=True)


class RuleSchema(Schema):
    accepted_count_min = fields.Integer(required=True)
    acceptance_percent_min = fields.Integer(required=True)
    age_days_min = fields.Integer(required=True)
    known_count_min = fields.Integer(required=True)
    known_percent_min = fields.Integer(required=True)


class QualificationSchema(Schema):
    """`is_held` is whether one has it now; `held` is kept when it has ended, with the reason."""

    qualification = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    way = fields.Enum(GrantedBy, by_value=True, required=True)
    requester_name = fields.String(required=True)
    language = fields.String(required=True, allow_none=True)
    valid_days = fields.Integer(required=True, allow_none=True)
    open_batch_count = fields.Integer(required=True)
    rule = fields.Nested(RuleSchema, required=True, allow_none=True)
    is_held = fields.Boolean(required=True)
    held = fields.Nested(HeldSchema, required=True, allow_none=True)
    tries_left = fields.Integer(required=True, allow_none=True)
    opens_at = InstantField(required=True, allow_none=True)
    last_score = fields.Integer(required=True, allow_none=True)


class RecordSchema(Schema):
    accepted_count = fields.Integer(required=True)
    rejected_count = fields.Integer(required=True)
    age_days = fields.Integer(required=True)


class QualificationListSchema(Schema):
    """`record` is what rules are about: decided work, without rejections under appeal."""

    items = fields.List(fields.Nested(QualificationSchema), required=True)
    record = fields.Nested(RecordSchema, required=True)


class QuestionSchema(Schema):
    name = fields.String(required=True)
    text = fields.String(required=True)
    choices = fields.List(fields.String(), required=True)


class TestSchema(Schema):
    questions = fields.List(fields.Nested(QuestionSchema), required=True)
    pass_percent = fields.Integer(required=True)
    tries_left = fields.Integer(required=True)
    opens_at = InstantField(required=True, allow_none=True)


class TestAnswersSchema(Schema):
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.Length(max=ANSWER_CHARACTERS_MAX)),
        required=True,
    )


class TestResultSchema(Schema):
    score = fields.Integer(required=True)
    passed = fields.Boolean(required=True)
    tries_left = fields.Integer(required=True)
    opens_at = InstantField(required=True, allow_none=True)


def qualifications_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("qualifications", area="workers", description="Qualifications")
    qualify = application.qualify

    @blueprint.get("/qualifications")
    @require("worker")
    @blueprint.response(200, QualificationListSchema)
    def catalogue() -> dict[str, Any]:
        """What can be had, what one has, and one's record."""
        found = qualify.catalogue(caller())
        return {
            "items": [_presented(entry) for entry in found.entries],
            "record": {**vars(found.record), "age_days": found.age_days},
        }

    @blueprint.get("/qualifications/<code>")
    @require("worker")
    @blueprint.response(200, QualificationSchema)
    def show(code: str) -> dict[str, Any]:
        """One of them."""
        return _presented(qualify.entry(caller(), code))

    @blueprint.get("/qualifications/<code>/test")
    @require("worker")
    @blueprint.response(200, TestSchema)
    def test(code: str) -> dict[str, Any]:
        """The questions. Looking at them is no try."""
        entry = qualify.entry(caller(), code)
        asked = entry.qualification.test
        if asked is None:
            raise HasNoTest("This qualification is not got by a test", qualification=code)
        return {
            "questions": asked.questions,
            "pass_percent": asked.pass_percent,
            "tries_left": entry.tries_left,
            "opens_at": entry.opens_at,
        }

    @blueprint.post("/qualifications/<code>/test")
    @require("worker")
    @idempotent
    @blueprint.arguments(TestAnswersSchema)
    @blueprint.response(201, TestResultSchema)
    def take(body: dict[str, Any], code: str) -> TestResult:
        """Hand a try in. What passes is granted at once."""
        return qualify.take_test(caller(), code, body["answers"].items())

    return blueprint


def _presented(entry: Entry) -> dict[str, Any]:
    return {**vars(entry.qualification), **vars(entry), "way": entry.qualification.way} | {
        "qualification": entry.qualification.code
    }
