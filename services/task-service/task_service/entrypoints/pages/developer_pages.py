"""API keys: made, shown once, revoked."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.ui.formats import number_text
from flask import (
    Blueprint,
    Response,
    after_this_request,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.requesters import NAME_CHARACTERS_MAX
from task_service.entrypoints.pages import shell

_KEY_COOKIE = "cl_new_key"
_KEY_SECONDS = 300


def developer_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("developer_pages", __name__)

    @blueprint.get(shell.DEVELOPERS_PAGE)
    @require("requester")
    def keys() -> Response:
        secret = request.cookies.get(_KEY_COOKIE, "")
        response = make_response(_page(application, secret=secret))
        if secret:
            response.delete_cookie(_KEY_COOKIE, path=shell.DEVELOPERS_PAGE)
        return response

    @blueprint.post(shell.DEVELOPERS_PAGE)
    @require("requester")
    @idempotent
    def create() -> Any:
        try:
            made = application.api_keys.create(shell.reader(), request.form.get("name", ""))
        except InvalidInput:
            wrong = _(
                "A name has 1 to %(count)s characters.", count=number_text(NAME_CHARACTERS_MAX)
            )
            return _page(application, errors={"name": wrong}), 422
        _hand_over(made.secret)
        return redirect(shell.DEVELOPERS_PAGE, 303)

    @blueprint.post(f"{shell.DEVELOPERS_PAGE}/<key_id>/revoke")
    @require("requester")
    @idempotent
    def revoke(key_id: str) -> BaseResponse:
        application.api_keys.revoke(shell.reader(), key_id)
        ui.say("good", _("Revoked"), _("Calls with that key are refused from now on."))
        return redirect(shell.DEVELOPERS_PAGE, 303)

    return blueprint


def _page(application: Application, *, secret: str = "", errors: Any = None) -> str:
    return render_template(
        "requester/developers.html",
        keys=application.api_keys.listed(shell.reader()),
        secret=secret,
        errors=errors or {},
        name=request.form.get("name", ""),
    )


def _hand_over(secret: str) -> None:
    """The secret waits in a cookie of this one page until it is shown. It is added after the view,
    so that the answer that is kept for repetitions does not hold it.
    """

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            _KEY_COOKIE,
            secret,
            path=shell.DEVELOPERS_PAGE,
            max_age=_KEY_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
        )
        return response
