"""How a worker signs in, and where: passkeys, and sessions that can each be ended."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.own_machine import elsewhere
from crowdloom.chassis.passkeys import PasskeyRefused
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import WorkerId
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from worker_service.application.register_worker import EffortNeeded, TooManyRegistrations
from worker_service.bootstrap import PASS_LIFETIME, Application
from worker_service.entrypoints.pages import shell
from worker_service.entrypoints.pages.account_pages import (
    begun_before,
    effort_page,
    remember,
    sign_in_page,
    start_page,
    welcome,
)

ACCOUNT_PAGE = "/work/account"
_OPTIONS = "/work/passkeys"
# Stored in a key that is made before there is an account; what tells accounts apart is the key.
_NEWCOMER = "new"
_TWO = 2


def device_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("device_pages", __name__)
    blueprint.record(
        lambda state: state.app.config.update(PASSKEYS_POSSIBLE=application.passkeys.possible)
    )
    _add_account(blueprint, application)
    _add_sessions(blueprint, application)
    _add_options(blueprint, application)
    _add_passkeys(blueprint, application)
    _add_coming_in(blueprint, application)
    return blueprint


def _add_account(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(ACCOUNT_PAGE)
    @require("worker")
    def account() -> str:
        return render_template(
            "work/account.html",
            sessions=application.session_records.of(shell.reader()),
            this_one=principal().session_id,
            lives_on=PASS_LIFETIME,
            keys=application.passkeys.of(shell.reader()),
            code_shown=application.show_profile(shell.reader()).code_shown,
            possible=application.passkeys.possible and not elsewhere(request.url),
            elsewhere=elsewhere(request.url),
        )


def _add_sessions(blueprint: Blueprint, application: Application) -> None:
    records = application.session_records

    @blueprint.post(f"{ACCOUNT_PAGE}/sessions/<session_id>/end")
    @require("worker")
    def end(session_id: str) -> BaseResponse:
        records.end(shell.reader(), session_id)
        ui.say("good", _("Ended"), _("That device has to sign in again."))
        return redirect(ACCOUNT_PAGE, 303)

    @blueprint.post(f"{ACCOUNT_PAGE}/sessions/end-others")
    @require("worker")
    def end_others() -> BaseResponse:
        records.end_all(shell.reader(), but=principal().session_id)
        ui.say("good", _("Ended"), _("You are signed in here alone."))
        return redirect(ACCOUNT_PAGE, 303)


def _add_options(blueprint: Blueprint, application: Application) -> None:
    """What the page's script asks for; a challenge each time, good once."""
    keys = application.passkeys

    @blueprint.post(f"{_OPTIONS}/start")
    def to_start() -> Response:
        return _json(keys.options_to_add(_NEWCOMER, shown_name="Crowdloom"))

    @blueprint.post(f"{_OPTIONS}/add")
    @require("worker")
    def to_add() -> Response:
        who = shell.reader()
        return _json(keys.options_to_add(who, shown_name="Crowdloom", subject=who))

    @blueprint.post(f"{_OPTIONS}/use")
    def to_use() -> Response:
        return _json(keys.options_to_use())


def _json(document: str) -> Response:
    return Response(document, mimetype="application/json", headers={"Cache-Control": "no-store"})


def _add_passkeys(blueprint: Blueprint, application: Application) -> None:
    keys = application.passkeys

    @blueprint.post(f"{ACCOUNT_PAGE}/passkeys")
    @require("worker")
    def add() -> BaseResponse:
        try:
            key = keys.read_new(request.form.get("credential", ""))
            keys.keep(key, shell.reader(), name=request.form.get("name", ""))
        except PasskeyRefused:
            ui.say("bad", _("Not added"), _("The passkey could not be added. Try again."))
        else:
            ui.say("good", _("Added"), _("You can sign in with this passkey now."))
        return redirect(ACCOUNT_PAGE, 303)

    @blueprint.post(f"{ACCOUNT_PAGE}/passkeys/<passkey_id>/remove")
    @require("worker")
    def remove(passkey_id: str) -> BaseResponse:
        only_way = not application.show_profile(shell.reader()).code_shown
        if only_way and len(keys.of(shell.reader())) < _TWO:
            ui.say(
                "bad",
                _("Not removed"),
                _("It is your only way in. Make a recovery code first, or add another passkey."),
            )
        elif keys.remove(shell.reader(), passkey_id):
            ui.say("good", _("Removed"), _("Nobody can sign in with it any more."))
        return redirect(ACCOUNT_PAGE, 303)


def _add_coming_in(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/work/start/passkey")
    def start() -> Any:
        if shell.signed_in():
            return begun_before()
        chosen = request.form.getlist("languages")
        try:
            key = application.passkeys.read_new(request.form.get("credential", ""))
            made = application.register_worker(
                languages=chosen,
                source=request.remote_addr or "",
                code_shown=False,
                proof=request.form.get("proof", ""),
            )
            application.passkeys.keep(key, made.worker.worker_id, name="")
        except PasskeyRefused:
            return start_page(chosen, _("The passkey could not be made. Try again.")), 422
        except InvalidInput:
            return start_page(chosen, _("Choose languages from the list.")), 422
        except EffortNeeded as asked:
            return effort_page(chosen, asked), 428
        except TooManyRegistrations:
            too_many = _("Too many new accounts came from your address. Try again in an hour.")
            return start_page(chosen, too_many), 429
        response = redirect(shell.next_page(), 303)
        welcome(response, application, made.worker)
        return response

    @blueprint.post("/work/sign-in/passkey")
    def sign_in() -> Any:
        try:
            who = application.passkeys.subject_of(request.form.get("credential", ""))
        except PasskeyRefused:
            return sign_in_page(_("This passkey opens no account here. Try again.")), 401
        response = redirect(shell.next_page(), 303)
        remember(response, application, application.show_profile(WorkerId(who)))
        return response
