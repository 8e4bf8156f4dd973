"""The team: who acts for this requester, invitations, and for whom the reader acts."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require, set_session_cookies
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.chassis.http.team_roles import member_of
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.teams import TeamRole
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import SESSION_LIFETIME, Application
from task_service.entrypoints.http.accounts import session_of
from task_service.entrypoints.http.teams import session_for
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.secrets_once import hand_over, handed, shown_once
from task_service.entrypoints.team_sessions import TEAM_SESSION_LIFETIME, person

_COOKIE = "cl_new_invitation"
_JOIN_PAGE = "/requester/teams/join"


def team_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("team_pages", __name__)
    _add_team(blueprint, application)
    _add_members(blueprint, application)
    _add_joining(blueprint, application)
    _add_switch(blueprint, application)
    return blueprint


def _add_team(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.TEAM_PAGE)
    @require("requester")
    def team() -> Response:
        page = _page(application, code=handed(_COOKIE))
        return shown_once(page, cookie=_COOKIE, path=shell.TEAM_PAGE)

    @blueprint.post(f"{shell.TEAM_PAGE}/invitations")
    @require("requester")
    @idempotent
    def invite() -> Any:
        try:
            made = application.teams.invite(
                shell.reader(), role=_role(), note=request.form.get("note", "")
            )
        except InvalidInput:
            return _page(application, errors={"note": _("Say for whom, in 1 to 80 letters.")}), 422
        except Conflict:
            return _page(application, errors={"note": _("The team is full.")}), 409
        hand_over(made.secret, cookie=_COOKIE, path=shell.TEAM_PAGE)
        return redirect(shell.TEAM_PAGE, 303)

    @blueprint.post(f"{shell.TEAM_PAGE}/invitations/<invitation_id>/withdraw")
    @require("requester")
    @idempotent
    def withdraw(invitation_id: str) -> BaseResponse:
        application.teams.withdraw(shell.reader(), invitation_id)
        ui.say("good", _("Withdrawn"), _("Nobody can take the invitation up any more."))
        return redirect(shell.TEAM_PAGE, 303)


def _add_members(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{shell.TEAM_PAGE}/members/<person_id>/role")
    @require("requester")
    @idempotent
    def set_role(person_id: str) -> BaseResponse:
        changed = application.teams.set_role(shell.reader(), RequesterId(person_id), _role())
        ui.say("good", _("Changed"), f"{changed.name}: {_role_words()[changed.role]}")
        return redirect(shell.TEAM_PAGE, 303)

    @blueprint.post(f"{shell.TEAM_PAGE}/members/<person_id>/remove")
    @require("requester")
    @idempotent
    def remove(person_id: str) -> BaseResponse:
        application.teams.remove(shell.reader(), RequesterId(person_id))
        ui.say("good", _("Removed"), _("They can do nothing in your name from now on."))
        return redirect(shell.TEAM_PAGE, 303)


def _add_joining(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_JOIN_PAGE)
    @require("requester")
    def invited() -> str:
        code = request.args.get("code", "")
        return render_template(
            "requester/join_team.html",
            code=code,
            team=application.teams.invited_to(code),
            words=_role_words(),
        )

    @blueprint.post(_JOIN_PAGE)
    @require("requester")
    def join() -> BaseResponse:
        # No answer is kept by an idempotency key: it sets a session. Sent twice, it is used up.
        account = application.sign_in.account(person())
        team = application.teams.join(account, request.form.get("code", ""))
        return _act_for(application, team.requester.requester_id)


def _add_switch(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/teams/switch")
    @require("requester")
    def switch() -> BaseResponse:
        chosen = RequesterId(request.form.get("team", ""))
        if chosen == person():
            return _act_for_oneself(application)
        return _act_for(application, chosen)

    @blueprint.post("/requester/teams/leave")
    @require("requester")
    def leave() -> BaseResponse:
        if member_of(principal()) is not None:
            application.teams.remove(shell.reader(), person())
        return _act_for_oneself(application)


def _act_for(application: Application, team_id: RequesterId) -> BaseResponse:
    response = redirect(shell.PROJECTS_PAGE, 303)
    token = session_for(application, team_id)["token"]
    set_session_cookies(response, role="requester", token=token, lifetime=TEAM_SESSION_LIFETIME)
    return response


def _act_for_oneself(application: Application) -> BaseResponse:
    response = redirect(shell.PROJECTS_PAGE, 303)
    token = session_of(application, application.sign_in.account(person()))["token"]
    set_session_cookies(response, role="requester", token=token, lifetime=SESSION_LIFETIME)
    return response


def _page(application: Application, *, code: str = "", errors: Any = None) -> str:
    me, member = application.sign_in.account(person()), member_of(principal())
    return render_template(
        "requester/team.html",
        me=me,
        team=application.sign_in.account(shell.reader()),
        role=member.role if member else TeamRole.OWNER,
        members=application.teams.members(shell.reader()),
        invitations=application.teams.invitations(shell.reader()),
        accounts=[
            (me.requester_id, me.name),
            *(
                (one.requester.requester_id, one.requester.name)
                for one in application.teams.of(me.requester_id)
            ),
        ],
        words=_role_words(),
        join_link=f"{request.host_url.rstrip('/')}{_JOIN_PAGE}?code={code}" if code else "",
        note=request.form.get("note", ""),
        errors=errors or {},
    )


def _role() -> TeamRole:
    """As it was chosen; what cannot be read may do the least."""
    chosen = request.form.get("role", "")
    return TeamRole(chosen) if chosen in list(TeamRole) else TeamRole.VIEWER


def _role_words() -> dict[TeamRole, str]:
    return {
        TeamRole.OWNER: _("Owner: everything"),
        TeamRole.EDITOR: _("Editor: projects, batches and review"),
        TeamRole.REVIEWER: _("Reviewer: look, and decide answers"),
        TeamRole.BILLING: _("Billing: look, and money"),
        TeamRole.VIEWER: _("Viewer: look alone"),
    }
