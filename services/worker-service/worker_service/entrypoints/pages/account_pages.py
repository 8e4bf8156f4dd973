"""Start without e-mail, keep the code, come back with it, settings."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import (
    authenticate,
    clear_session_cookies,
    give_passes,
    require,
    set_home_cookies,
)
from crowdloom.chassis.own_machine import elsewhere
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import InvalidInput
from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from worker_service.application.register_worker import EffortNeeded, TooManyRegistrations
from worker_service.bootstrap import SESSION_LIFETIME, Application
from worker_service.domain.recovery import (
    RecoveryCode,
    RecoveryCodeMistyped,
    RecoveryCodeUnknown,
)
from worker_service.domain.workers import Worker
from worker_service.entrypoints.http.accounts import begun, zipped
from worker_service.entrypoints.pages import languages, shell
from worker_service.entrypoints.pages.queue_pages import HOURLY_CHOICES

_CODE_COOKIE = "cl_recovery"
_CODE_PATH = "/work/recovery-code"
_CODE_SECONDS = 1_800
_RENEWED_COOKIE = "cl_renewed"
_RENEWED_SECONDS = 5


def account_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("account_pages", __name__)
    _add_start(blueprint, application)
    _add_recovery_code(blueprint)
    _add_sign_in(blueprint, application)
    _add_settings(blueprint, application)
    return blueprint


def _add_start(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.START_PAGE)
    def start() -> Any:
        if shell.signed_in() and not request.cookies.get(_RENEWED_COOKIE):
            return _onwards()
        return start_page(languages.guessed())

    @blueprint.post(shell.START_PAGE)
    def begin() -> Any:
        if shell.signed_in():
            return begun_before()
        chosen = request.form.getlist("languages")
        try:
            made = application.register_worker(
                languages=chosen,
                source=request.remote_addr or "",
                proof=request.form.get("proof", ""),
            )
        except InvalidInput:
            return start_page(chosen, _("Choose languages from the list.")), 422
        except EffortNeeded as asked:
            return effort_page(chosen, asked), 428
        except TooManyRegistrations:
            too_many = _("Too many new accounts came from your address. Try again in an hour.")
            return start_page(chosen, too_many), 429
        response = _to_code(made.recovery_code)
        welcome(response, application, made.worker)
        return response


def _onwards() -> BaseResponse:
    """For somebody whom another service sent here since the pass had expired: a fresh one, and
    back. A second time within seconds, something else is wrong, and the page says what to do.
    """
    response = redirect(shell.next_page())
    give_passes(response, authenticate(("worker",)))
    response.set_cookie(
        _RENEWED_COOKIE,
        "1",
        path=shell.START_PAGE,
        max_age=_RENEWED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
    )
    return response


def effort_page(chosen: list[str], asked: EffortNeeded) -> str:
    """The page's script solves the challenge; without one, waiting for a minute does."""
    wait = _("Many accounts were made from your address. Wait a minute, then try again.")
    return start_page(chosen, wait, effort=asked.facts)


def start_page(
    chosen: list[str], error: str = "", *, effort: Mapping[str, object] | None = None
) -> str:
    return render_template(
        "work/start.html",
        offered=languages.named(chosen),
        chosen=chosen,
        hourly_choices=HOURLY_CHOICES,
        hourly=request.form.get("min", ""),
        errors={"languages": error} if error else {},
        effort=effort,
        next=shell.next_page(),
        passkeys=current_app.config["PASSKEYS_POSSIBLE"] and not elsewhere(request.url),
    )


def _add_recovery_code(blueprint: Blueprint) -> None:
    # The code waits in a cookie of this one path until its owner has it: the server keeps none.
    @blueprint.get(_CODE_PATH)
    @require("worker")
    def recovery_code() -> Any:
        code = request.cookies.get(_CODE_COOKIE)
        if not code:
            return redirect(shell.next_page())
        return render_template("work/recovery_code.html", code=code, next=shell.next_page())

    @blueprint.get(f"{_CODE_PATH}/file")
    @require("worker")
    def recovery_code_file() -> Any:
        code = request.cookies.get(_CODE_COOKIE)
        if not code:
            return redirect(_CODE_PATH)
        text = _("Crowdloom recovery code. Whoever has it has the account.")
        response = Response(f"{text}\n\n{code}\n", mimetype="text/plain")
        response.headers["Content-Disposition"] = "attachment; filename=crowdloom-code.txt"
        return response

    @blueprint.post(_CODE_PATH)
    @require("worker")
    def kept() -> BaseResponse:
        response = redirect(shell.next_page(), 303)
        response.delete_cookie(_CODE_COOKIE, path=_CODE_PATH)
        return response


def begun_before() -> BaseResponse:
    """In another tab: to the code of that account while it is shown, else onwards. One more account
    would be signed in here, and the code that its owner keeps be that of the first.
    """
    return redirect(_code_page(), 303)


def _code_page() -> str:
    following = shell.next_page()
    query = "" if following == shell.QUEUE_PAGE else f"?{urlencode({'next': following}, safe='/')}"
    return f"{_CODE_PATH}{query}"


def _to_code(code: RecoveryCode) -> BaseResponse:
    response = redirect(_code_page(), 303)
    response.set_cookie(
        _CODE_COOKIE,
        code.text,
        path=_CODE_PATH,
        max_age=_CODE_SECONDS,
        httponly=True,
        samesite="Strict",
        secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
    )
    return response


def welcome(response: BaseResponse, application: Application, worker: Worker) -> None:
    """Sign a new account in; the queue begins with the pay that was wished for, if any was."""
    wished = request.form.get("min", "")
    if wished in map(str, HOURLY_CHOICES):
        application.choose_queue.remember(worker.worker_id, {"min": wished})
    remember(response, application, worker)


def remember(response: BaseResponse, application: Application, worker: Worker) -> None:
    who, _record = begun(application, worker.worker_id, SESSION_LIFETIME)
    set_home_cookies(response, who, lifetime=SESSION_LIFETIME)


def _add_sign_in(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/work/sign-in")
    def sign_in() -> str:
        return sign_in_page()

    @blueprint.post("/work/sign-in")
    def come_back() -> Any:
        try:
            worker = application.sign_in(request.form.get("recovery_code", ""))
        except RecoveryCodeMistyped:
            return sign_in_page(_("This is not a whole code, or a character is wrong.")), 422
        except RecoveryCodeUnknown:
            return sign_in_page(_("No account has this code. A newer code replaces it.")), 401
        response = redirect(shell.next_page(), 303)
        remember(response, application, worker)
        return response

    @blueprint.post("/work/sign-out")
    def sign_out() -> BaseResponse:
        response = redirect("/", 303)
        if shell.signed_in():
            who = authenticate(("worker",))
            application.session_records.end(who.subject, who.session_id)
        clear_session_cookies(response, role="worker")
        response.delete_cookie(_CODE_COOKIE, path=_CODE_PATH)
        return response


def sign_in_page(error: str = "") -> str:
    return render_template(
        "work/sign_in.html",
        # What was typed is not sent back: a code does not belong into a page that may be kept.
        errors={"recovery_code": error} if error else {},
        next=shell.next_page(),
        passkeys=current_app.config["PASSKEYS_POSSIBLE"] and not elsewhere(request.url),
    )


def _add_settings(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/work/settings")
    @require("worker")
    def settings() -> str:
        worker = application.show_profile(shell.reader())
        return render_template(
            "work/settings.html",
            worker=worker,
            has_passkeys=bool(application.passkeys.of(shell.reader())),
            offered=languages.named(worker.languages),
            chosen=worker.languages,
        )

    @blueprint.post("/work/settings")
    @require("worker")
    def save() -> BaseResponse:
        try:
            application.change_profile(shell.reader(), languages=request.form.getlist("languages"))
        except DomainError:
            ui.say("bad", _("Not saved"), _("Choose languages from the list."))
        else:
            ui.say("good", _("Saved"), _("The queue shows what is in your languages."))
        return redirect("/work/settings", 303)

    @blueprint.get("/work/settings/export")
    @require("worker")
    def export() -> Response:
        return zipped(application, shell.reader())

    @blueprint.post("/work/settings/close")
    @require("worker")
    def close() -> BaseResponse:
        application.close_account(shell.reader())
        application.session_records.end_all(shell.reader())
        application.passkeys.forget(shell.reader())
        ui.say("good", _("Account closed"), _("Its key and its languages are deleted."))
        response = redirect("/", 303)
        clear_session_cookies(response, role="worker")
        return response

    @blueprint.post("/work/settings/recovery-code")
    @require("worker")
    def new_code() -> BaseResponse:
        return _to_code(application.reissue_recovery_code(shell.reader()))
