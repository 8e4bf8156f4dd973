"""A requester's qualifications: made with or without a test, given and taken by hand."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import DomainError, InvalidInput, NotFound
from crowdloom.kernel.ids import Pseudonym
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.qualifications import Exam, TooManyQualifications, questions_of_text
from task_service.entrypoints.pages import forms, shell

PAGE = "/requester/qualifications"
_HOUR_SECONDS = 3_600
_DEFAULTS = {"pass_percent": "80", "tries_max": "3", "wait_hours": "24", "valid_days": ""}


def qualification_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("qualification_pages", __name__)
    _add_making(blueprint, application)
    _add_giving(blueprint, application)
    return blueprint


def _add_making(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(PAGE)
    @require("requester")
    def listed() -> str:
        return _list(application, _DEFAULTS, {})

    @blueprint.post(PAGE)
    @require("requester")
    @idempotent
    def make() -> Any:
        form = request.form.to_dict()
        try:
            made = application.qualifications.make(
                shell.reader(),
                name=form.get("name", ""),
                description=form.get("description", ""),
                exam=_exam(form),
                valid_days=_whole(form, "valid_days", None),
            )
        except InvalidInput as refusal:
            return _list(application, form, _errors(refusal)), 422
        except TooManyQualifications:
            ui.say(
                "bad", _("Not made"), _("You have 100 already, which is as many as one can have.")
            )
            return redirect(PAGE, 303)
        ui.say("good", _("Made"), _("Workers can see it now. Ask for it in a batch, or give it."))
        return redirect(f"{PAGE}/{made.qualification_id}", 303)


def _add_giving(blueprint: Blueprint, application: Application) -> None:
    own = application.qualifications

    @blueprint.get(f"{PAGE}/<qualification_id>")
    @require("requester")
    def one(qualification_id: str) -> str:
        return _one(application, qualification_id)

    @blueprint.post(f"{PAGE}/<qualification_id>/grants")
    @require("requester")
    @idempotent
    def give(qualification_id: str) -> BaseResponse:
        own.get(shell.reader(), qualification_id)
        try:
            own.grant(shell.reader(), qualification_id, _worker())
        except NotFound:
            ui.say("bad", _("Not given"), _("Choose a worker who has answered something of yours."))
        else:
            ui.say("good", _("Given"), _("The worker sees it in a moment."))
        return redirect(f"{PAGE}/{qualification_id}", 303)

    @blueprint.post(f"{PAGE}/<qualification_id>/revocations")
    @require("requester")
    @idempotent
    def take(qualification_id: str) -> BaseResponse:
        own.get(shell.reader(), qualification_id)
        reason = request.form.get("reason", "")
        try:
            own.revoke(shell.reader(), qualification_id, _worker(), reason=reason)
        except DomainError:
            ui.say("bad", _("Not taken back"), _("Say why, in a sentence: the worker reads it."))
        else:
            ui.say("good", _("Taken back"), _("The worker reads your reason."))
        return redirect(f"{PAGE}/{qualification_id}", 303)

    @blueprint.post(f"{PAGE}/<qualification_id>/close")
    @require("requester")
    @idempotent
    def close(qualification_id: str) -> BaseResponse:
        own.close(shell.reader(), qualification_id)
        ui.say("good", _("Closed"), _("Nobody gets it any more. Who has it keeps it."))
        return redirect(f"{PAGE}/{qualification_id}", 303)


def _worker() -> Pseudonym:
    return Pseudonym(request.form.get("pseudonym", ""))


def _exam(form: dict[str, str]) -> Exam:
    """Raises InvalidInput."""
    written = questions_of_text(form.get("questions", ""))
    return Exam(
        questions=written.questions,
        answer_key=written.answer_key,
        pass_percent=_whole(form, "pass_percent", 100) or 0,
        tries_max=_whole(form, "tries_max", 1) or 0,
        wait_seconds=(_whole(form, "wait_hours", 0) or 0) * _HOUR_SECONDS,
    )


def _whole(form: dict[str, str], name: str, default: int | None) -> int | None:
    """Raises InvalidInput naming the field."""
    text = form.get(name, "").strip()
    if not text:
        return default
    try:
        return int(forms.parse_number(text))
    except forms.Unreadable as error:
        raise InvalidInput("Not a number", errors={name: ["A whole number."]}) from error


def _errors(refusal: InvalidInput) -> dict[str, str]:
    """What to mend, by field of the form, in the reader's language where we have words for it."""
    named = refusal.facts.get("errors")
    fields = named if isinstance(named, dict) else {}
    words = {
        "name": _("Give it a name of at most 128 characters."),
        "description": _("Say in at most 2,000 characters what it stands for."),
        "pass_percent": _("A whole number from 1 to 100."),
        "tries_max": _("A whole number from 1 to 20."),
        "wait_hours": _("A whole number of hours, at most 720."),
        "wait_seconds": _("A whole number of hours, at most 720."),
        "valid_days": _("A whole number of days, or nothing."),
    }
    other = _("A question is a paragraph: its words, then 2 to 10 different choices, a line each, "
              "with a * before each right one.")  # fmt: skip
    named_here = {name.replace("wait_seconds", "wait_hours").split(".")[0]: name for name in fields}
    return {
        ("questions" if shown == "answer_key" else shown): str(words.get(name, other))
        for shown, name in named_here.items()
    }


def _list(application: Application, form: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "requester/qualifications.html",
        listed=application.qualifications.listed(shell.reader()),
        worker=request.args.get("worker", ""),
        form=form,
        errors=errors,
    )


def _one(application: Application, qualification_id: str) -> str:
    own = application.qualifications
    found = own.get(shell.reader(), qualification_id)
    return render_template(
        "requester/qualification.html",
        one=found,
        grants=own.grants(shell.reader(), qualification_id),
        workers=own.workers(shell.reader()),
        worker=request.args.get("worker", ""),
    )
