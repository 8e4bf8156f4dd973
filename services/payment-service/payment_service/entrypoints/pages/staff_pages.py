"""Staff come in: enrol once with the link they were given, then sign in with a second factor."""

from typing import Any

import pyotp
import segno
from crowdloom import ui
from crowdloom.chassis.http.auth import (
    clear_session_cookies,
    give_passes,
    set_home_cookies,
    who_is,
)
from crowdloom.chassis.own_machine import elsewhere
from crowdloom.chassis.passkeys import PasskeyRefused
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId
from flask import Blueprint, current_app, redirect, render_template, request
from flask_babel import gettext as _
from itsdangerous import BadData
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.staff import Enrolment
from payment_service.bootstrap import ENROLMENT_SECONDS_MAX, SESSION_LIFETIME, Application
from payment_service.domain.people import (
    FINANCE_READERS,
    PASSWORD_CHARACTERS_MIN,
    NotEnrolled,
    StaffMember,
    TooManySignIns,
    WeakPassword,
    WrongCredentials,
)
from payment_service.entrypoints.http.staff import begun
from payment_service.entrypoints.pages import shell

_SIGN_IN = "/finance/sign-in"
_ISSUER = "Crowdloom"
_RENEWED_COOKIE = "cl_renewed"
_RENEWED_SECONDS = 5


def staff_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("staff_pages", __name__)
    _add_sign_in(blueprint, application)
    _add_enrolment(blueprint, application)
    return blueprint


def _add_sign_in(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_SIGN_IN)
    def sign_in() -> Any:
        member = who_is("staff")
        if member is None or request.cookies.get(_RENEWED_COOKIE):
            return _sign_in_page()
        return _onwards(member)

    @blueprint.post(_SIGN_IN)
    def come_in() -> Any:
        typed = request.form
        try:
            member = application.sign_in(
                email=typed.get("email", ""),
                password=typed.get("password", ""),
                code=typed.get("code", ""),
                key_owner=_key_owner(application),
            )
        except WrongCredentials:
            return _sign_in_page(_("E-mail, password or code is wrong.")), 401
        except TooManySignIns:
            return _sign_in_page(_("Too many wrong tries. Wait a minute, then try again.")), 429
        except NotEnrolled:
            return _sign_in_page(_("Set up your second factor first, with your link.")), 403
        response = redirect(_first_page(member.grants), 303)
        _remember(response, application, member)
        return response

    @blueprint.post("/finance/sign-out")
    def sign_out() -> BaseResponse:
        response = redirect(_SIGN_IN, 303)
        member = who_is("staff")
        if member is not None:
            application.session_records.end(member.subject, member.session_id)
        clear_session_cookies(response, role="staff")
        return response


def _key_owner(application: Application) -> str | None:
    """Whose passkey was used beside the password; None where a code was typed."""
    answer = request.form.get("credential")
    if not answer:
        return None
    try:
        return application.passkeys.subject_of(answer)
    except PasskeyRefused:
        return ""


def _onwards(member: Principal) -> BaseResponse:
    """For somebody whom another service sent here since the pass had expired: a fresh one, and
    back. A second time within seconds, something else is wrong.
    """
    response = redirect(_first_page(member.grants))
    give_passes(response, member)
    response.set_cookie(
        _RENEWED_COOKIE,
        "1",
        path=_SIGN_IN,
        max_age=_RENEWED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
    )
    return response


def _first_page(grants: frozenset[str]) -> str:
    if not grants.intersection(FINANCE_READERS):
        return shell.next_page(shell.OPERATOR_PAGE, shell.OPERATOR_PAGE)
    return shell.next_page(shell.TODAY_PAGE, shell.TODAY_PAGE, shell.OPERATOR_PAGE)


def _sign_in_page(error: str = "") -> str:
    return render_template(
        "finance/sign_in.html",
        errors={"email": error} if error else {},
        email=request.form.get("email", ""),
        next=request.values.get("next", ""),
        passkeys=current_app.config["PASSKEYS_POSSIBLE"] and not elsewhere(request.url),
    )


def _remember(response: BaseResponse, application: Application, member: StaffMember) -> None:
    who, _record = begun(application, member)
    set_home_cookies(response, who, lifetime=SESSION_LIFETIME)


def _add_enrolment(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/finance/enrol/<token>")
    def enrol(token: str) -> str:
        return _enrol_page(application.enrol.show(_named(application, token)))

    @blueprint.post("/finance/enrol/<token>")
    def enrolled(token: str) -> Any:
        staff_id = _named(application, token)
        enrolment = application.enrol.show(staff_id)
        try:
            application.enrol(
                staff_id,
                password=request.form.get("password", ""),
                code=request.form.get("code", ""),
            )
        except WeakPassword:
            return _enrol_page(enrolment, password=_too_short()), 422
        except WrongCredentials:
            wrong = _(
                "The code does not fit. Check the clock of the device with the authenticator."
            )
            return _enrol_page(enrolment, code=wrong), 422
        ui.say("good", _("Ready"), _("Sign in with the next code that your authenticator shows."))
        return redirect(_SIGN_IN, 303)


def _named(application: Application, token: str) -> StaffId:
    """Whom an enrolment link is for. Raises NotFound."""
    try:
        staff_id = application.enrolment_links.loads(token, max_age=ENROLMENT_SECONDS_MAX)
    except BadData:
        raise NotFound(
            _("The link is not whole, or older than a day. Ask for a new one.")
        ) from None
    return StaffId(str(staff_id))


def _too_short() -> str:
    return str(_("Use at least %(num)s characters.", num=PASSWORD_CHARACTERS_MIN))


def _enrol_page(enrolment: Enrolment, **errors: str) -> str:
    address = pyotp.TOTP(enrolment.secret).provisioning_uri(
        name=enrolment.member.email, issuer_name=_ISSUER
    )
    return render_template(
        "finance/enrol.html",
        email=enrolment.member.email,
        secret=enrolment.secret,
        picture=segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff"),
        characters_min=PASSWORD_CHARACTERS_MIN,
        errors=errors,
    )
