"""Sign up, sign in, sign out."""

from typing import Any

from crowdloom.chassis.http.auth import clear_session_cookies, set_session_cookies
from crowdloom.kernel.errors import InvalidInput
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import SESSION_LIFETIME, Application
from task_service.domain.errors import EmailTaken, TooManySignUps, TooManyTries, WrongPassword
from task_service.domain.requesters import (
    NAME_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    Requester,
)
from task_service.entrypoints.http.accounts import session_of
from task_service.entrypoints.pages import shell


def account_pages(application: Application) -> Blueprint:
    """Neither form keeps its answer by an idempotency key: it would hold a session. Sent twice,
    signing up signs in to the account that was made, and signing in makes one session more.
    """
    blueprint = Blueprint("account_pages", __name__)
    _add_sign_up(blueprint, application)
    _add_sign_in(blueprint, application)
    return blueprint


def _add_sign_up(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/requester/sign-up")
    def sign_up() -> Any:
        if shell.signed_in():
            return redirect(shell.next_page())
        return _sign_up_page({})

    @blueprint.post("/requester/sign-up")
    def begin() -> Any:
        form = request.form
        email, password = form.get("email", ""), form.get("password", "")
        try:
            made = application.sign_up(
                email=email,
                password=password,
                name=form.get("name", ""),
                source=request.remote_addr or "",
            )
        except TooManySignUps:
            too_many = _("Too many new accounts came from your address. Try again in an hour.")
            return _sign_up_page({"email": too_many}), 429
        except EmailTaken:
            return _existing(application, email, password)
        except InvalidInput as refusal:
            return _sign_up_page(_sign_up_errors(refusal)), 422
        return _signed_in(application, made)


def _existing(application: Application, email: str, password: str) -> Any:
    """Whoever sends the form twice has the password, and gets in; nobody else does."""
    try:
        return _signed_in(application, application.sign_in(email=email, password=password))
    except (WrongPassword, TooManyTries):
        taken = _("There is an account with this e-mail. Sign in instead.")
        return _sign_up_page({"email": taken}), 409


def _sign_up_errors(refusal: InvalidInput) -> dict[str, str]:
    words = {
        "email": _("That is no e-mail address."),
        "password": _(
            "A password has at least %(count)s characters.",
            count=number_text(PASSWORD_CHARACTERS_MIN),
        ),
        "name": _(
            "A name has 1 to %(count)s characters; workers see it.",
            count=number_text(NAME_CHARACTERS_MAX),
        ),
    }
    named = refusal.facts.get("errors")
    return {name: words[name] for name in named} if isinstance(named, dict) else {}


def _sign_up_page(errors: dict[str, str]) -> str:
    return render_template(
        "requester/sign_up.html",
        errors=errors,
        typed=request.form,
        next=shell.next_page(),
        password_characters_min=PASSWORD_CHARACTERS_MIN,
        name_characters_max=NAME_CHARACTERS_MAX,
    )


def _add_sign_in(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.SIGN_IN_PAGE)
    def sign_in() -> Any:
        if shell.signed_in():
            return redirect(shell.next_page())
        return _sign_in_page({})

    @blueprint.post(shell.SIGN_IN_PAGE)
    def come_back() -> Any:
        form = request.form
        try:
            found = application.sign_in(
                email=form.get("email", ""), password=form.get("password", "")
            )
        except WrongPassword:
            wrong = _("E-mail and password do not belong together.")
            return _sign_in_page({"password": wrong}), 401
        except TooManyTries:
            return _sign_in_page({"email": _("Too many failed tries. Wait ten minutes.")}), 429
        return _signed_in(application, found)

    @blueprint.post("/requester/sign-out")
    def sign_out() -> BaseResponse:
        response = redirect("/", 303)
        clear_session_cookies(response, role="requester")
        return response


def _sign_in_page(errors: dict[str, str]) -> str:
    return render_template(
        "requester/sign_in.html", errors=errors, typed=request.form, next=shell.next_page()
    )


def _signed_in(application: Application, requester: Requester) -> BaseResponse:
    response = redirect(shell.next_page(), 303)
    token = session_of(application, requester)["token"]
    set_session_cookies(response, role="requester", token=token, lifetime=SESSION_LIFETIME)
    return response
