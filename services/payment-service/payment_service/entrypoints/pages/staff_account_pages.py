"""A staff member's own account: where it is signed in, and its passkeys beside the code."""

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.own_machine import elsewhere
from crowdloom.chassis.passkeys import PasskeyRefused
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import API_PASS_LIFETIME, Application
from payment_service.domain.people import GRANTS
from payment_service.entrypoints.pages import shell

_ACCOUNT = "/finance/account"


def staff_account_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("staff_account_pages", __name__)
    blueprint.record(
        lambda state: state.app.config.update(PASSKEYS_POSSIBLE=application.passkeys.possible)
    )
    _add_account(blueprint, application)
    _add_sessions(blueprint, application)
    _add_passkeys(blueprint, application)
    return blueprint


def _add_account(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_ACCOUNT)
    @require("staff", *GRANTS)
    def account() -> str:
        return render_template(
            "finance/account.html",
            sessions=application.session_records.of(shell.staff_member()),
            this_one=principal().session_id,
            lives_on=int(API_PASS_LIFETIME.total_seconds()),
            keys=application.passkeys.of(shell.staff_member()),
            possible=application.passkeys.possible and not elsewhere(request.url),
            elsewhere=elsewhere(request.url),
        )


def _add_sessions(blueprint: Blueprint, application: Application) -> None:
    records = application.session_records

    @blueprint.post(f"{_ACCOUNT}/sessions/<session_id>/end")
    @require("staff", *GRANTS)
    def end(session_id: str) -> BaseResponse:
        if records.end(shell.staff_member(), session_id):
            _note(application, "staff.session_end", session_id)
        ui.say("good", _("Ended"), _("That device has to sign in again."))
        return redirect(_ACCOUNT, 303)

    @blueprint.post(f"{_ACCOUNT}/sessions/end-others")
    @require("staff", *GRANTS)
    def end_others() -> BaseResponse:
        records.end_all(shell.staff_member(), but=principal().session_id)
        _note(application, "staff.session_end", "all others")
        ui.say("good", _("Ended"), _("You are signed in here alone."))
        return redirect(_ACCOUNT, 303)


def _note(application: Application, what: str, subject: str) -> None:
    who = shell.staff_member()
    application.store.run(lambda s: s.audit.note(who=who, what=what, subject=subject))


def _add_passkeys(blueprint: Blueprint, application: Application) -> None:
    keys = application.passkeys

    @blueprint.post("/finance/passkeys/use")
    def to_use() -> Response:
        return _json(keys.options_to_use())

    @blueprint.post("/finance/passkeys/add")
    @require("staff", *GRANTS)
    def to_add() -> Response:
        who = shell.staff_member()
        name = application.readers.staff.names().get(who, "staff")
        return _json(keys.options_to_add(who, shown_name=name, subject=who))

    @blueprint.post(f"{_ACCOUNT}/passkeys")
    @require("staff", *GRANTS)
    def add() -> BaseResponse:
        try:
            key = keys.read_new(request.form.get("credential", ""))
            kept = keys.keep(key, shell.staff_member(), name=request.form.get("name", ""))
        except PasskeyRefused:
            ui.say("bad", _("Not added"), _("The passkey could not be added. Try again."))
        else:
            _note(application, "staff.passkey_add", kept.name or kept.passkey_id)
            ui.say("good", _("Added"), _("Beside your password it does instead of the code."))
        return redirect(_ACCOUNT, 303)

    @blueprint.post(f"{_ACCOUNT}/passkeys/<passkey_id>/remove")
    @require("staff", *GRANTS)
    def remove(passkey_id: str) -> BaseResponse:
        """The authenticator's code stays, so that this is never the last factor."""
        if keys.remove(shell.staff_member(), passkey_id):
            _note(application, "staff.passkey_remove", passkey_id)
        ui.say("good", _("Removed"), _("Nobody can sign in with it any more."))
        return redirect(_ACCOUNT, 303)


def _json(document: str) -> Response:
    return Response(document, mimetype="application/json", headers={"Cache-Control": "no-store"})
