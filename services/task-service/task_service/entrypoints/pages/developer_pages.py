"""API keys: made, shown once, revoked."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.ui.formats import number_text
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.requesters import NAME_CHARACTERS_MAX, KeyScope
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.secrets_once import hand_over, handed, shown_once

_KEY_COOKIE = "cl_new_key"
_MTURK_CALLS = (
    (
        "CreateHIT, CreateHITWithHITType",
        "POST /projects/{id}/batches, /batches/{id}/tasks, …/publish",
    ),
    ("CreateHITType", "POST /projects"),
    ("ListHITs", "GET /projects/{id}/batches"),
    ("ListAssignmentsForHIT", "GET /batches/{id}/submissions"),
    ("ApproveAssignment", "POST /submissions/{id}/accept"),
    ("RejectAssignment", "POST /submissions/{id}/reject"),
    ("SendBonus", "POST /submissions/{id}/bonus"),
    ("CreateAdditionalAssignmentsForHIT", "POST /batches/{id}/extend"),
    ("UpdateExpirationForHIT", "POST /batches/{id}/cancel"),
    ("NotifyWorkers", "POST /workers/messages"),
    ("CreateWorkerBlock, DeleteWorkerBlock", "POST /workers/standings"),
    ("CreateQualificationType", "POST /qualifications"),
    ("AssociateQualificationWithWorker", "POST /qualifications/{id}/grants"),
    ("UpdateNotificationSettings", "POST /webhooks"),
    ("GetAccountBalance", "GET /api/payments/v1/wallet"),
)
"""An operation of Mechanical Turk's API, and what does the same here."""


def developer_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("developer_pages", __name__)

    @blueprint.get(shell.DEVELOPERS_PAGE)
    @require("requester")
    def keys() -> Response:
        page = _page(application, secret=handed(_KEY_COOKIE))
        return shown_once(page, cookie=_KEY_COOKIE, path=shell.DEVELOPERS_PAGE)

    @blueprint.post(shell.DEVELOPERS_PAGE)
    @require("requester")
    @idempotent
    def create() -> Any:
        try:
            made = application.api_keys.create(
                shell.reader(), request.form.get("name", ""), scope=_scope()
            )
        except InvalidInput:
            wrong = _(
                "A name has 1 to %(count)s characters.", count=number_text(NAME_CHARACTERS_MAX)
            )
            return _page(application, errors={"name": wrong}), 422
        hand_over(made.secret, cookie=_KEY_COOKIE, path=shell.DEVELOPERS_PAGE)
        return redirect(shell.DEVELOPERS_PAGE, 303)

    @blueprint.post(f"{shell.DEVELOPERS_PAGE}/<key_id>/revoke")
    @require("requester")
    @idempotent
    def revoke(key_id: str) -> BaseResponse:
        application.api_keys.revoke(shell.reader(), key_id)
        ui.say("good", _("Revoked"), _("Calls with that key are refused from now on."))
        return redirect(shell.DEVELOPERS_PAGE, 303)

    return blueprint


def _scope() -> KeyScope:
    """As it was chosen; what cannot be read may do the least."""
    chosen = request.form.get("scope", KeyScope.ALL)
    return KeyScope(chosen) if chosen in list(KeyScope) else KeyScope.READ


def _scopes() -> dict[KeyScope, str]:
    return {
        KeyScope.ALL: _("everything you may do here"),
        KeyScope.REVIEW: _("look, and decide answers"),
        KeyScope.READ: _("look alone"),
    }


def _page(application: Application, *, secret: str = "", errors: Any = None) -> str:
    return render_template(
        "requester/developers.html",
        keys=application.api_keys.listed(shell.reader()),
        scopes=_scopes(),
        address=f"{request.host_url}api/tasks/v1",
        mturk_calls=_MTURK_CALLS,
        secret=secret,
        errors=errors or {},
        name=request.form.get("name", ""),
    )
