"""The invariants of the books as they hold now, and the log of what privileged people did."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.contracts.fields import InstantField
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from payment_service.bootstrap import Application
from payment_service.domain.audit import SENTENCES, Finding
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.http import schemas
from payment_service.entrypoints.http.documented import SEEN, STAFF, refusals


class FindingSchema(Schema):
    """`broken` names the first that do not hold, `broken_count` says how many there are."""

    invariant = fields.String(required=True)
    sentence = fields.String(required=True)
    holds = fields.Boolean(required=True)
    figure = fields.String(required=True)
    broken_count = fields.Integer(required=True)
    broken = fields.List(fields.String(), required=True)


class AuditSchema(Schema):
    as_of = InstantField(required=True)
    holds = fields.Boolean(required=True)
    broken_count = fields.Integer(required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class ActSchema(Schema):
    """`facts` are what the act was about, as it was noted."""

    act_id = fields.String(required=True)
    who = fields.String(required=True)
    what = fields.String(required=True)
    subject = fields.String(required=True)
    facts = fields.Dict(required=True)
    request_id = fields.String(required=True)
    at = InstantField(required=True)


class ActPageSchema(Schema):
    items = fields.List(fields.Nested(ActSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ActQuerySchema(schemas.PageQuerySchema):
    who = fields.String(load_default=None)
    what = fields.String(load_default=None)
    subject = fields.String(load_default=None)
    since = InstantField(load_default=None)
    until = InstantField(load_default=None)


def audit_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("audit", area="payments", description="Audit")
    cursors = Cursors(application.settings.common.cursor_key, salt="audit")

    @blueprint.get("/audit")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, AuditSchema)
    def audit() -> dict[str, Any]:
        """Every invariant of the books, as it holds now. Reads the whole journal."""
        findings = application.audit_money()
        broken = sum(not finding.holds for finding in findings)
        return {
            "as_of": application.clock.now(),
            "holds": broken == 0,
            "broken_count": broken,
            "findings": [_finding(finding) for finding in findings],
        }

    @blueprint.get("/audit/acts")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(ActQuerySchema, location="query")
    @blueprint.response(200, ActPageSchema)
    def acts(query: dict[str, Any]) -> dict[str, Any]:
        """What privileged people did, newest first: an append-only log."""
        found = application.readers.audit.listed(
            query["limit"] + 1,
            before=cursors.place_of(query),
            **{name: query[name] for name in ("who", "what", "subject", "since", "until")},
        )
        return page_of(
            found, query["limit"], cursors, place=lambda row: str(row["_id"]), present=_act
        )

    return blueprint


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "invariant": finding.invariant,
        "sentence": SENTENCES[finding.invariant],
        "holds": finding.holds,
        "figure": finding.figure,
        "broken_count": finding.broken_count,
        "broken": list(finding.broken),
    }


def _act(row: Any) -> dict[str, Any]:
    return {"act_id": row["_id"], **{name: value for name, value in row.items() if name != "_id"}}
