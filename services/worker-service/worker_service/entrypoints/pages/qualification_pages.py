"""The catalogue of qualifications, and the tests."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from worker_service.application.qualify import Qualify, TestResult
from worker_service.bootstrap import Application
from worker_service.domain.qualifications import HasNoTest, TestNotOpen
from worker_service.entrypoints.pages import qualification_words, shell
from worker_service.entrypoints.pages.languages import name_for_reader

PAGE = "/work/qualifications"


def qualification_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("qualification_pages", __name__)
    qualify = application.qualify

    @blueprint.app_template_global("qualification_name")
    def qualification_name(code: str) -> str:
        found = qualify.find(code)
        return qualification_words.name_of(found) if found else str(_("a qualification"))

    @blueprint.get(PAGE)
    @require("worker")
    def catalogue() -> str:
        found = qualify.catalogue(shell.reader())
        return render_template(
            "work/qualifications.html",
            yours=[entry for entry in found.entries if entry.held is not None],
            # What opens most stands first; the rest in the catalogue's order.
            offered=sorted(
                (entry for entry in found.entries if entry.held is None),
                key=lambda entry: -entry.open_batch_count,
            ),
            record=found.record,
            age_days=found.age_days,
            spoken=[name_for_reader(tag) for tag in _spoken(application)],
            words=qualification_words,
        )

    @blueprint.get(f"{PAGE}/<code>")
    @require("worker")
    def one(code: str) -> str:
        return _page(qualify, code, {}, {})

    @blueprint.post(f"{PAGE}/<code>")
    @require("worker")
    @idempotent
    def take(code: str) -> Any:
        answers = {
            name.removeprefix(_ANSWER): value
            for name, value in request.form.items()
            if name.startswith(_ANSWER)
        }
        try:
            result = qualify.take_test(shell.reader(), code, answers.items())
        except InvalidInput as refusal:
            return _page(qualify, code, answers, _errors(refusal)), 422
        except (HasNoTest, TestNotOpen):
            ui.say("bad", _("Not taken"), _("The test is not open for you now: see below."))
        else:
            _say(result)
        return _back(code)

    return blueprint


_ANSWER = "answer."
"""Before a question's name, which may be that of a field of the form's own."""


def _spoken(application: Application) -> tuple[str, ...]:
    return application.show_profile(shell.reader()).languages


def _page(qualify: Qualify, code: str, answers: dict[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "work/qualification.html",
        entry=qualify.entry(shell.reader(), code),
        opens=qualify.opens(code),
        answers=answers,
        errors=errors,
        words=qualification_words,
    )


def _errors(refusal: InvalidInput) -> dict[str, str]:
    named = refusal.facts.get("errors")
    names = named if isinstance(named, dict) else {}
    return {name: str(_("Choose an answer.")) for name in names}


def _say(result: TestResult) -> None:
    score = number_text(result.score)
    if result.passed:
        sentence = _("%(score)s of 100. You have the qualification from now on.", score=score)
        ui.say("good", _("Passed"), sentence)
    elif result.tries_left:
        sentence = _("%(score)s of 100 are not enough. You can try again later.", score=score)
        ui.say("wait", _("Not passed"), sentence)
    else:
        sentence = _("%(score)s of 100 are not enough, and this was the last try.", score=score)
        ui.say("wait", _("Not passed"), sentence)


def _back(code: str) -> BaseResponse:
    return redirect(f"{PAGE}/{code}", 303)
