"""What one watches: requesters and words, what they found, quiet hours; and a requester's facts."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import RequesterId
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from worker_service.bootstrap import Application
from worker_service.domain.queue_choices import (
    WATCHES_MAX,
    WORDS_CHARACTERS_MAX,
    QueueChoices,
    QuietHours,
)
from worker_service.entrypoints.pages import shell

ALERTS_PAGE = "/work/alerts"
_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def alert_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("alert_pages", __name__)
    _add_alerts(blueprint, application)
    _add_requester(blueprint, application)
    return blueprint


def _add_alerts(blueprint: Blueprint, application: Application) -> None:
    choose = application.choose_queue

    @blueprint.get(ALERTS_PAGE)
    @require("worker")
    def alerts() -> str:
        before = _page(application, choose.get(shell.reader()))
        choose.looked(shell.reader())
        return before

    @blueprint.post(ALERTS_PAGE)
    @require("worker")
    def watch() -> Any:
        requester_id = request.form.get("requester_id", "")
        words = request.form.get("q", "")[:WORDS_CHARACTERS_MAX]
        try:
            if requester_id:
                choose.watch_requester(shell.reader(), RequesterId(requester_id))
            else:
                choose.watch_words(shell.reader(), words)
        except InvalidInput:
            ui.say("bad", _("Not watched"), _why_not(words))
        except NotFound:
            ui.say("bad", _("Not watched"), _("It is not there any more."))
        else:
            ui.say("good", _("Watched"), _("The queue tells you when something new comes."))
        return redirect(ALERTS_PAGE, 303)

    @blueprint.post(f"{ALERTS_PAGE}/stop")
    @require("worker")
    def stop() -> Any:
        choose.stop_watching(shell.reader(), request.form.get("key", ""))
        ui.say("good", _("Not watched any more"))
        return redirect(ALERTS_PAGE, 303)

    _add_quiet(blueprint, application)


def _add_quiet(blueprint: Blueprint, application: Application) -> None:
    choose = application.choose_queue

    @blueprint.post(f"{ALERTS_PAGE}/quiet")
    @require("worker")
    def quiet() -> Any:
        since, until = (_hour(request.form.get(name, "")) for name in ("since", "until"))
        sound, hours = "sound" in request.form, QuietHours(since, until)
        if bool(since) != bool(until):
            typed = replace(choose.get(shell.reader()), sound=sound, quiet=hours)
            wrong = {"until" if since else "since": str(_("Both times, or neither."))}
            return _page(application, typed, errors=wrong), 422
        choose.set_alerts(shell.reader(), sound=sound, quiet=hours)
        ui.say("good", _("Saved"))
        return redirect(ALERTS_PAGE, 303)


def _page(
    application: Application, choices: QueueChoices, errors: Mapping[str, str] | None = None
) -> str:
    found = application.show_queue.found(shell.reader())
    return render_template("work/alerts.html", choices=choices, found=found, errors=errors or {})


def _add_requester(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/work/requesters/<requester_id>")
    @require("worker")
    def requester(requester_id: str) -> str:
        known = RequesterId(requester_id)
        name = application.show_queue.requester_name(known)
        choices = application.choose_queue.get(shell.reader())
        return render_template(
            "work/requester.html",
            requester_id=known,
            name=name,
            facts=application.show_queue.facts(known),
            offers=application.show_queue.of_requester(known),
            hidden=known in choices.hidden_requesters,
            watched=any(watch.requester_id == known for watch in choices.watches),
        )


def _why_not(words: str) -> str:
    if not words.strip():
        return str(_("Say what to watch: words of a title, or a requester."))
    return str(
        _("You watch %(count)s things already. Stop watching one of them.", count=WATCHES_MAX)
    )


def _hour(text: str) -> str:
    return text if _HOUR.fullmatch(text) else ""
