"""Staff's sessions: signed in with a second factor."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.ids import StaffId
from flask_smorest import Blueprint

from payment_service.bootstrap import SESSION_LIFETIME, Application
from payment_service.domain.people import StaffMember
from payment_service.entrypoints.http import schemas
from payment_service.entrypoints.http.documented import refusals


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

    return blueprint


def caller() -> StaffId:
    return StaffId(principal().subject)


def session_of(application: Application, member: StaffMember) -> dict[str, Any]:
    """A fresh session of the member, as the API and the cookies carry it."""
    token = application.sessions.issue(
        Principal(role="staff", subject=member.staff_id, grants=member.grants),
        lifetime=SESSION_LIFETIME,
    )
    return {
        "staff_id": member.staff_id,
        "email": member.email,
        "grants": sorted(member.grants),
        "token": token,
        "expires_at": application.clock.now() + SESSION_LIFETIME,
    }
