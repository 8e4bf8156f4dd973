"""A worker's page of project talk. The ticket opens it: its cookie is sent below this path alone.

It is a page of ours beside the sandboxed frame, with the policy of pages, and works without script.
"""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.tickets import Ticket
from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import Conflict, InvalidInput, NotFound
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.talk import TooManyMessages
from task_service.entrypoints.http.tickets import TicketMissing, ticket_for


def talk_frame(application: Application) -> Blueprint:
    blueprint = Blueprint("frame_talk", __name__, url_prefix="/frame/assignments/<assignment_id>")
    _add_reading(blueprint, application)
    _add_writing(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:

    @blueprint.errorhandler(TicketMissing)
    @blueprint.errorhandler(InvalidToken)
    def without_ticket(_refusal: Exception) -> Any:
        return render_template("frame/no_ticket.html"), 401

    @blueprint.get("/talk")
    def thread(assignment_id: str) -> str:
        return _page(application, ticket_for(application, assignment_id))

    @blueprint.get("/talk/pinned")
    def pinned(assignment_id: str) -> str:
        try:
            ticket = ticket_for(application, assignment_id)
        except (TicketMissing, InvalidToken, NotFound):
            return ""  # a part of another page, which says itself what is the matter
        return render_template(
            "frame/_pinned.html",
            pinned=application.talk.pinned(ticket.batch_id),
            assignment_id=assignment_id,
        )


def _add_writing(blueprint: Blueprint, application: Application) -> None:
    talk = application.talk

    @blueprint.post("/talk")
    def ask(assignment_id: str) -> Any:
        ticket = ticket_for(application, assignment_id)
        text = request.form.get("text", "")
        try:
            talk.ask(ticket, text, about_item="about_item" in request.form)
        except InvalidInput:
            wrong = str(_("Write your question, in at most 1,024 characters."))
            return _page(application, ticket, text=text, error=wrong), 422
        except (TooManyMessages, Conflict) as refusal:
            wait = _("You asked much within an hour, or the thread is full. Wait for answers.")
            return _page(application, ticket, text=text, error=str(wait)), refusal.status
        ui.say("good", _("Sent"), _("The requester reads it. The answer comes here."))
        return _back(assignment_id)

    @blueprint.post("/talk/<message_id>/report")
    def report(assignment_id: str, message_id: str) -> BaseResponse:
        ticket = ticket_for(application, assignment_id)
        reason = request.form.get("reason", "")
        try:
            talk.report(ticket.batch_id, message_id, reporter=ticket.pseudonym, reason=reason)
        except (InvalidInput, NotFound):
            ui.say("bad", _("Not reported"), _("Say what is wrong with it, in a few words."))
        else:
            ui.say("good", _("Reported"), _("Somebody of the market looks at it."))
        return _back(assignment_id)


def _page(application: Application, ticket: Ticket, *, text: str = "", error: str = "") -> str:
    batch = application.reader.batches.get(ticket.batch_id)
    if batch is None:
        raise NotFound("There is no such batch", batch_id=ticket.batch_id)
    return render_template(
        "frame/talk.html",
        batch=batch,
        ticket=ticket,
        thread=application.talk.thread(ticket.batch_id),
        text=text,
        errors={"text": error} if error else {},
    )


def _back(assignment_id: str) -> BaseResponse:
    return redirect(f"/frame/assignments/{assignment_id}/talk", 303)
