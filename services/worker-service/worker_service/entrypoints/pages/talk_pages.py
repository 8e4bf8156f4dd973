"""Answers to a worker's questions. The threads themselves are task-service's, opened by tickets."""

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from worker_service.bootstrap import Application
from worker_service.entrypoints.pages import shell


def talk_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("talk_pages", __name__)

    @blueprint.get("/work/talk")
    @require("worker")
    def talk() -> str:
        return render_template(
            "work/talk.html",
            lines=application.show_talk(shell.reader()),
            reason_characters_max=REASON_CHARACTERS_MAX,
        )

    @blueprint.post("/work/talk/<message_id>/report")
    @require("worker")
    def report(message_id: str) -> BaseResponse:
        try:
            application.report_letter(shell.reader(), message_id, request.form.get("reason", ""))
        except InvalidInput:
            ui.say("bad", _("Not reported"), _("Say what is wrong with it, in a few words."))
        else:
            ui.say("good", _("Reported"), _("Somebody of the market looks at it."))
        return redirect("/work/talk", 303)

    return blueprint
