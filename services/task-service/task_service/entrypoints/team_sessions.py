"""Sessions of people who act for a team: short, renewed while they work, over once they are out."""

from datetime import timedelta
from typing import Any

import jwt
from crowdloom import ui
from crowdloom.chassis.http.auth import (
    COOKIE_OF_ROLE,
    bearer_token,
    clear_session_cookies,
    principal,
    refuse_session,
    set_session_cookies,
    who_is,
)
from crowdloom.chassis.http.problems import wants_page
from crowdloom.chassis.http.team_roles import Member, grants_of, member_of
from crowdloom.chassis.tokens import InvalidToken, Principal
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole
from flask import Flask, Response, g, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.requesters import Requester

TEAM_SESSION_LIFETIME = timedelta(hours=1)
"""How long payment-service, which knows no members, can still take a session of one who is out."""


def person() -> RequesterId:
    """Whose account it is that called: the member's own, where they act for a team."""
    member = member_of(principal())
    return RequesterId(member.person if member else principal().subject)


def team_principal(team_id: RequesterId, role: TeamRole, acting: Requester) -> Principal:
    grants = grants_of(Member(role, acting.requester_id))
    return Principal(role="requester", subject=team_id, grants=grants, name=acting.name)


def guard_team_sessions(app: Flask, application: Application) -> None:
    """Refuse a session whose member was removed or has another role by now; renew one in use."""

    @app.before_request
    def check() -> None:
        if request.path.startswith(_BY_TICKET):
            return
        found = _acting()
        if found is None:
            return
        caller, member = found
        role = application.teams.role_in(RequesterId(caller.subject), RequesterId(member.person))
        if role is not member.role:
            # A page sends to the sign-in, which has to open, with its form and its style sheet.
            refuse_session(InvalidToken("Your role in this team has changed; sign in again"))
            if wants_page():
                ui.say("wait", _("Signed out"), _("Your role in this team changed: sign in again."))

    @app.after_request
    def renew(response: Response) -> Response:
        cookie = request.cookies.get(COOKIE_OF_ROLE["requester"])
        if cookie and g.get("session_refusal") and "Set-Cookie" not in response.headers:
            clear_session_cookies(response, role="requester")
            return response
        found = _acting() if cookie and not bearer_token() else None
        if found is None or "Set-Cookie" in response.headers:
            return response
        if _expires_at(cookie) - application.clock.now().timestamp() < _RENEWED_BELOW:
            token = application.sessions.issue(found[0], lifetime=TEAM_SESSION_LIFETIME)
            set_session_cookies(
                response, role="requester", token=token, lifetime=TEAM_SESSION_LIFETIME
            )
        return response


_BY_TICKET = "/api/tasks/v1/assignments/"
"""A worker's ticket opens these and nothing else does: looking for a session costs each submit."""
_RENEWED_BELOW = TEAM_SESSION_LIFETIME.total_seconds() / 2


def _acting() -> tuple[Principal, Member] | None:
    caller = who_is("requester")
    if caller is None:
        return None  # the view says so, where it asks
    member = member_of(caller)
    return (caller, member) if member else None


def _expires_at(cookie: str | None) -> float:
    claims: dict[str, Any] = jwt.decode(cookie or "", options={"verify_signature": False})
    return float(claims["exp"])
