"""A requester's team: members, invitations, and sessions to act for it."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole
from flask_smorest import Blueprint

from task_service.application.teams import Team
from task_service.bootstrap import Application
from task_service.domain.teams import Membership
from task_service.entrypoints.http import team_schemas as schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_READING,
    SIGNED_IN,
    refusals,
)
from task_service.entrypoints.team_sessions import TEAM_SESSION_LIFETIME, person, team_principal


def teams_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("teams", area="tasks", description="A requester's team")
    _add_members(blueprint, application)
    _add_invitations(blueprint, application)
    _add_mine(blueprint, application)
    _add_log(blueprint, application)
    return blueprint


def _add_members(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/team/members")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, schemas.MemberPageSchema)
    def members() -> dict[str, Any]:
        """Who acts for this requester, in the order they joined."""
        return {"items": application.teams.members(caller()), "next_cursor": None}

    @blueprint.patch("/team/members/<person_id>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed", 404: "not_found"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.RoleSchema)
    @blueprint.response(200, schemas.MemberSchema)
    def set_role(body: dict[str, Any], person_id: str) -> Membership:
        """Give a member another role, from their next call on."""
        role = TeamRole(body["role"])
        return application.teams.set_role(caller(), RequesterId(person_id), role)

    @blueprint.delete("/team/members/<person_id>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed", 404: "not_found"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(204)
    def remove(person_id: str) -> None:
        """Take a member out; their sessions for the team are refused from then on."""
        application.teams.remove(caller(), RequesterId(person_id))


def _add_invitations(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/team/invitations")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.NewInvitationSchema)
    @blueprint.response(201, schemas.CreatedInvitationSchema)
    def invite(body: dict[str, Any]) -> dict[str, Any]:
        """Invite somebody. The code is in this answer and nowhere else; it works once, for seven
        days. No answer is kept by Idempotency-Key: it would hold the code.
        """
        made = application.teams.invite(caller(), role=TeamRole(body["role"]), note=body["note"])
        return {**vars(made.invitation), "code": made.secret}

    @blueprint.get("/team/invitations")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, schemas.InvitationPageSchema)
    def invitations() -> dict[str, Any]:
        """Invitations that can still be taken up."""
        return {"items": application.teams.invitations(caller()), "next_cursor": None}

    @blueprint.delete("/team/invitations/<invitation_id>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed", 404: "not_found"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(204)
    def withdraw(invitation_id: str) -> None:
        """Withdraw an invitation that was not taken up."""
        application.teams.withdraw(caller(), invitation_id)


def _add_mine(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/teams")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, schemas.TeamPageSchema)
    def mine() -> dict[str, Any]:
        """The teams that the caller is a member of."""
        return {"items": list(map(_team, application.teams.of(person()))), "next_cursor": None}

    @blueprint.post("/teams/join")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**OF_READING, 409: "conflict"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.CodeSchema)
    @blueprint.response(201, schemas.TeamSchema)
    def join(body: dict[str, Any]) -> dict[str, Any]:
        """Take an invitation up with its code."""
        account = application.sign_in.account(person())
        return _team(application.teams.join(account, body["code"]))

    @blueprint.post("/teams/<team_id>/sessions")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(201, schemas.TeamSessionSchema)
    def act_for(team_id: str) -> dict[str, Any]:
        """A session to act for a team, for an hour."""
        return session_for(application, RequesterId(team_id))


def _add_log(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="team_log")

    @blueprint.get("/team/log")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.LogQuerySchema, location="query")
    @blueprint.response(200, schemas.DeedPageSchema)
    def log(query: dict[str, Any]) -> dict[str, Any]:
        """Who did what in this requester's name, newest first; for the owner alone."""
        found = application.keep_log.page(
            caller(),
            project_id=query["project_id"],
            before=cursors.place_of(query),
            count_max=query["limit"] + 1,
        )
        return page_of(
            found, query["limit"], cursors, place=lambda deed: deed.deed_id, present=vars
        )


def session_for(application: Application, team_id: RequesterId) -> dict[str, Any]:
    """Raises NotFound, for a team that the caller is no member of as well."""
    account = application.sign_in.account(person())
    role = application.teams.role_in(team_id, account.requester_id)
    if role is None:
        raise NotFound("There is no such team", team_id=team_id)
    token = application.sessions.issue(
        team_principal(team_id, role, account), lifetime=TEAM_SESSION_LIFETIME
    )
    expires_at = application.clock.now() + TEAM_SESSION_LIFETIME
    return {"team_id": team_id, "role": role, "token": token, "expires_at": expires_at}


def _team(team: Team) -> dict[str, Any]:
    name = team.requester.name
    return {"team_id": team.requester.requester_id, "name": name, "role": team.role}
