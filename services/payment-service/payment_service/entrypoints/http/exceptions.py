"""The exceptions queue: what waits for a person, whose it is, and what was said of it.

It is settled by a proposal (`/approvals`, kinds exception_resolution and write_off).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from payment_service.application.exception_ports import SORTS, Wanted
from payment_service.application.exceptions_desk import EVIDENCE_KINDS, TOGETHER_MAX
from payment_service.bootstrap import Application
from payment_service.domain.exceptions import (
    AGE_BUCKETS,
    WAITING,
    ExceptionState,
    Severity,
    age_days,
    bucket_of,
    opened_between,
)
from payment_service.domain.people import CHECKER, CONTROLLER, FINANCE_READERS, MAKER
from payment_service.entrypoints.http import schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.staff import caller

ACTORS = (MAKER, CHECKER, CONTROLLER)
NOTES_MAX = 500
_ACT = {**SEEN, 400: "idempotency_key_missing, reason_missing", 404: "not_found"}
_SEVERITIES = [each.word for each in Severity]


class ExceptionSchema(Schema):
    """`state` is open, assigned, pending_resolution or escalated while it waits, then resolved or
    written_off; `age` is the bucket of days.
    """

    exception_id = fields.String(required=True)
    key = fields.String(required=True)
    kind = fields.String(required=True)
    subject = fields.String(required=True)
    amount = fields.Nested(schemas.MoneySchema, required=True, allow_none=True)
    severity = fields.String(required=True)
    state = fields.String(required=True)
    owner = fields.String(required=True, allow_none=True)
    opened_at = InstantField(required=True)
    age_days = fields.Integer(required=True)
    age = fields.String(required=True)
    resolution = fields.String(required=True, allow_none=True)
    resolved_at = InstantField(required=True, allow_none=True)
    facts = fields.Dict(required=True)


class EvidenceSchema(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(EVIDENCE_KINDS))
    id = fields.String(required=True, validate=validate.Length(min=1, max=200))


class NoteSchema(Schema):
    who = fields.String(required=True)
    what = fields.String(required=True)
    text = fields.String(required=True)
    evidence = fields.List(fields.String(), required=True, allow_none=True)
    at = InstantField(required=True)


class ExceptionDetailSchema(ExceptionSchema):
    notes = fields.List(fields.Nested(NoteSchema), required=True)


class ExceptionQuerySchema(schemas.PageQuerySchema):
    """`state` is one state, waiting or all; `owner` is a member of staff or nobody."""

    kind = fields.String(load_default=None)
    state = fields.String(
        load_default="waiting",
        validate=validate.OneOf(["waiting", "all", *(each.value for each in ExceptionState)]),
    )
    owner = fields.String(load_default=None)
    severity = fields.String(load_default=None, validate=validate.OneOf(_SEVERITIES))
    age = fields.String(load_default=None, validate=validate.OneOf(list(AGE_BUCKETS)))
    sort = fields.String(load_default="oldest", validate=validate.OneOf(SORTS))


class ExceptionPageSchema(Schema):
    """`total_count` and `amounts` are of all that was asked for, `items` this page's."""

    items = fields.List(fields.Nested(ExceptionSchema), required=True)
    total_count = fields.Integer(required=True)
    amounts = fields.List(fields.Nested(schemas.MoneySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class AssignmentsSchema(Schema):
    """`owner` null makes them nobody's."""

    exception_ids = fields.List(
        fields.String(), required=True, validate=validate.Length(min=1, max=TOGETHER_MAX)
    )
    owner = fields.String(load_default=None, allow_none=True)


class AssignedSchema(Schema):
    assigned_count = fields.Integer(required=True)


class CommentSchema(Schema):
    text = fields.String(load_default="", validate=validate.Length(max=2000))
    evidence = fields.Nested(EvidenceSchema, load_default=None, allow_none=True)


class ReasonSchema(Schema):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))


def exceptions_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("exceptions", area="payments", description="The exceptions queue")
    _add_reading(blueprint, application)
    _add_acting(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="exceptions")
    exceptions = application.readers.exceptions

    @blueprint.get("/exceptions")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(ExceptionQuerySchema, location="query")
    @blueprint.response(200, ExceptionPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """What waits for a person, oldest first where nothing else is asked for."""
        now = application.clock.now()
        wanted = wanted_of(query, now)
        count, amounts = exceptions.totals(wanted)
        found = exceptions.found(wanted, query["limit"] + 1, place=cursors.place_of(query))
        page = page_of(
            found,
            query["limit"],
            cursors,
            place=lambda row: exceptions.place_of(row, wanted.sort),
            present=lambda row: shown(row, now),
        )
        return {**page, "total_count": count, "amounts": [each.to_wire() for each in amounts]}

    @blueprint.get("/exceptions/<exception_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, ExceptionDetailSchema)
    def one(exception_id: str) -> dict[str, Any]:
        """One with all that was done about it and said of it."""
        found = exceptions.get(exception_id)
        if found is None:
            raise NotFound("There is no such exception")
        notes = exceptions.notes(exception_id, NOTES_MAX)
        return {**shown(found, application.clock.now()), "notes": notes}


def _add_acting(blueprint: Blueprint, application: Application) -> None:
    desk, exceptions = application.exceptions_desk, application.readers.exceptions

    def as_it_is(exception_id: str) -> dict[str, Any]:
        found = exceptions.get(exception_id)
        return {} if found is None else shown(found, application.clock.now())

    @blueprint.post("/exceptions/assign")
    @require("staff", *ACTORS)
    @idempotent
    @refusals(blueprint, {**_ACT, 409: "exception_settled", 422: "invalid_input"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(AssignmentsSchema)
    @blueprint.response(200, AssignedSchema)
    def assign(body: dict[str, Any]) -> dict[str, Any]:
        """Make several somebody's, all or none of them."""
        owner = None if body["owner"] is None else StaffId(body["owner"])
        return {"assigned_count": desk.assign(caller(), body["exception_ids"], owner)}

    @blueprint.post("/exceptions/<exception_id>/comments")
    @require("staff", *ACTORS)
    @idempotent
    @refusals(blueprint, {**_ACT, 422: "invalid_input"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(CommentSchema)
    @blueprint.response(201, ExceptionSchema)
    def comment(body: dict[str, Any], exception_id: str) -> dict[str, Any]:
        """Say something of it, or name what proves it."""
        evidence = body["evidence"]
        desk.comment(
            caller(),
            exception_id,
            text=body["text"],
            evidence=(evidence["kind"], evidence["id"]) if evidence else None,
        )
        return as_it_is(exception_id)

    @blueprint.post("/exceptions/<exception_id>/escalate")
    @require("staff", *ACTORS)
    @idempotent
    @refusals(blueprint, {**_ACT, 409: "exception_settled", 422: "invalid_input"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, ExceptionSchema)
    def escalate(body: dict[str, Any], exception_id: str) -> dict[str, Any]:
        """Somebody else must decide it."""
        desk.escalate(caller(), exception_id, reason=body["reason"])
        return as_it_is(exception_id)

    @blueprint.post("/exceptions/<exception_id>/reopen")
    @require("staff", *ACTORS)
    @idempotent
    @refusals(blueprint, {**_ACT, 409: "not_settled", 422: "invalid_input"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, ExceptionSchema)
    def reopen(body: dict[str, Any], exception_id: str) -> dict[str, Any]:
        """It was settled too soon."""
        desk.reopen(caller(), exception_id, reason=body["reason"])
        return as_it_is(exception_id)


def wanted_of(query: Mapping[str, Any], now: datetime) -> Wanted:
    """Which ones a checked query asks for."""
    after, until = opened_between(query["age"], now) if query["age"] else (None, None)
    severity = query["severity"]
    return Wanted(
        states=_states(query["state"]),
        kind=query["kind"] or None,
        owner=query["owner"] or None,
        severity=Severity[severity.upper()] if severity else None,
        opened_after=after,
        opened_until=until,
        sort=query["sort"],
    )


def _states(state: str) -> tuple[ExceptionState, ...]:
    if state == "waiting":
        return WAITING
    return tuple(ExceptionState) if state == "all" else (ExceptionState(state),)


def shown(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """As the API shows it. The age of one that is settled is what it was then."""
    days = age_days(row["opened_at"], row.get("resolved_at") or now)
    return {
        **row,
        "exception_id": row["_id"],
        "age_days": days,
        "age": bucket_of(days),
        "resolution": row.get("resolution"),
        "resolved_at": row.get("resolved_at"),
    }
