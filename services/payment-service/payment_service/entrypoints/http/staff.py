"""Staff's sessions: signed in with a second factor."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.session_records import SessionRecord, device_of
from crowdloom.chassis.tokens import Principal
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.ids import StaffId
from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from payment_service.bootstrap import API_PASS_LIFETIME, SESSION_LIFETIME, Application
from payment_service.domain.people import GRANTS, StaffMember
from payment_service.entrypoints.http import schemas
from payment_service.entrypoints.http.documented import STAFF, refusals


class StaffSessionRecordSchema(Schema):
    """`device` is coarse: a browser's family and a system, or API; `seen_at` within minutes."""

    session_id = fields.String(required=True)
    device = fields.String(required=True)
    begun_at = InstantField(required=True)
    seen_at = InstantField(required=True)
    expires_at = InstantField(required=True)
    this_one = fields.Boolean(required=True)


class StaffSessionPageSchema(Schema):
    items = fields.List(fields.Nested(StaffSessionRecordSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def staff_blueprint(application: Application) -> Blueprint:
    """`/sessions`. Its answer holds a token, so none is kept by Idempotency-Key."""
    blueprint = api_blueprint("staff", area="payments", description="Staff's sessions")

    @blueprint.post("/sessions")
    @refusals(
        blueprint,
        {
            401: "wrong_credentials",
            403: "not_enrolled",
            422: "invalid_input",
            429: "too_many_sign_ins",
        },
    )
    @blueprint.arguments(schemas.SignInSchema)
    @blueprint.response(200, schemas.StaffSessionSchema)
    def sign_in(body: dict[str, Any]) -> dict[str, Any]:
        """Sign in with e-mail, password and the authenticator's code."""
        member = application.sign_in(
            email=body["email"], password=body["password"], code=body["totp"]
        )
        return session_of(application, member)

    @blueprint.get("/sessions")
    @require("staff", *GRANTS)
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, StaffSessionPageSchema)
    def sessions() -> dict[str, Any]:
        """Where the caller is signed in, newest first."""
        shown = [
            {**vars(record), "this_one": record.session_id == principal().session_id}
            for record in application.session_records.of(caller())
        ]
        return {"items": shown, "next_cursor": None}

    @blueprint.delete("/sessions/<session_id>")
    @require("staff", *GRANTS)
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(204)
    def end_session(session_id: str) -> None:
        """End a session of one's own: here at once, at other services within two hours."""
        application.session_records.end(caller(), session_id)

    return blueprint


def caller() -> StaffId:
    return StaffId(principal().subject)


def session_of(application: Application, member: StaffMember) -> dict[str, Any]:
    """A fresh session of the member, as the API carries it. Here the token is good as long as the
    session; every other service takes it until `expires_at`.
    """
    who, record = begun(application, member)
    return {
        "staff_id": member.staff_id,
        "email": member.email,
        "grants": sorted(member.grants),
        "token": application.sessions.issue(who, lifetime=API_PASS_LIFETIME),
        "expires_at": record.begun_at + API_PASS_LIFETIME,
    }


def begun(application: Application, member: StaffMember) -> tuple[Principal, SessionRecord]:
    """A session of whoever sends this request, with its record."""
    record = application.session_records.begin(
        member.staff_id,
        device=device_of(request.headers.get("User-Agent", "")),
        lifetime=SESSION_LIFETIME,
    )
    who = Principal(
        role="staff",
        subject=member.staff_id,
        grants=member.grants,
        session_id=record.session_id,
    )
    return who, record
