"""Project talk for its requester, and the moderation of it for operators."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import BatchId, RequesterId
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.application.talk import unanswered
from task_service.bootstrap import Application
from task_service.domain.talk import Message
from task_service.entrypoints.pages import shell

MODERATOR = "operator"


def talk_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("talk_pages", __name__)
    _add_requester(blueprint, application)

    @blueprint.app_template_global("open_question_count")
    def open_question_count(batch_id: BatchId) -> int:
        return len(unanswered(application.talk.thread(batch_id)))

    _add_marks(blueprint, application)
    _add_operator(blueprint, application)
    return blueprint


def _add_requester(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/requester/batches/<batch_id>/talk")
    @require("requester")
    def thread(batch_id: str) -> str:
        return _page(application, batch_id)

    @blueprint.post("/requester/batches/<batch_id>/talk")
    @require("requester")
    @idempotent
    def say(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        answers = request.form.get("answers") or None
        text = request.form.get("text", "")
        try:
            application.talk.say(batch, text, answers=answers, pinned="pinned" in request.form)
        except InvalidInput:
            return _page(application, batch_id, unsent=(answers, text)), 422
        except Conflict:
            ui.say("bad", _("Not sent"), _("The thread is full: change the instructions instead."))
        else:
            ui.say("good", _("Sent"), _("Workers of this batch read it."))
        return _back(batch_id)


def _add_marks(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/talk/<message_id>/pin")
    @require("requester")
    @idempotent
    def pin(batch_id: str, message_id: str) -> BaseResponse:
        application.batches.get(shell.reader(), BatchId(batch_id))
        pinned = request.form.get("pinned") == "1"
        application.talk.pin(shell.reader(), message_id, pinned=pinned)
        return _back(batch_id)

    @blueprint.post("/requester/batches/<batch_id>/talk/<message_id>/report")
    @require("requester")
    @idempotent
    def report(batch_id: str, message_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        reason = request.form.get("reason", "")
        try:
            application.talk.report(batch.batch_id, message_id, reporter=None, reason=reason)
        except InvalidInput:
            ui.say("bad", _("Not reported"), _("Say what is wrong with it, in a few words."))
        else:
            ui.say("good", _("Reported"), _("Somebody of the market looks at it."))
        return _back(batch_id)


def _add_operator(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.MODERATION_PAGE)
    @require("staff", MODERATOR)
    def waiting() -> str:
        reported, hidden = application.talk.to_moderate()
        return render_template(
            "operator/talk.html",
            reported=reported,
            hidden=hidden,
            letters=application.judge_letters.waiting(),
            stopped=application.judge_letters.stopped(),
        )

    @blueprint.post(f"{shell.MODERATION_PAGE}/letters/<letter_id>")
    @require("staff", MODERATOR)
    @idempotent
    def close(letter_id: str) -> BaseResponse:
        stop = request.form.get("act") == "stop"
        application.judge_letters.close(letter_id, by=principal().subject, stop=stop)
        if stop:
            ui.say("good", _("Stopped"), _("This requester writes to no worker any more."))
        else:
            ui.say("good", _("Looked at"), _("The report is off the list."))
        return redirect(shell.MODERATION_PAGE, 303)

    @blueprint.post(f"{shell.MODERATION_PAGE}/writers/<requester_id>")
    @require("staff", MODERATOR)
    @idempotent
    def allow(requester_id: str) -> BaseResponse:
        application.judge_letters.allow(RequesterId(requester_id))
        ui.say("good", _("Allowed"), _("This requester may write to workers again."))
        return redirect(shell.MODERATION_PAGE, 303)

    @blueprint.post(f"{shell.MODERATION_PAGE}/<message_id>")
    @require("staff", MODERATOR)
    @idempotent
    def judge(message_id: str) -> BaseResponse:
        act = request.form.get("act")
        if act == "show":
            application.talk.show_again(message_id)
            ui.say("good", _("Shown"), _("Everybody in the project reads it."))
            return redirect(shell.MODERATION_PAGE, 303)
        if act == "clear":
            _say_cleared(application.talk.clear(message_id))
            return redirect(shell.MODERATION_PAGE, 303)
        try:
            reason = request.form.get("reason", "")
            application.talk.hide(message_id, reason=reason, by=principal().subject)
        except InvalidInput:
            ui.say("bad", _("Not hidden"), _("Give a reason; everybody in the project reads it."))
        else:
            ui.say("good", _("Hidden"), _("Everybody in the project reads your reason instead."))
        return redirect(shell.MODERATION_PAGE, 303)


def _say_cleared(message: Message) -> None:
    if message.is_hidden:
        told = _("Somebody hid it meanwhile: it stands below, and can be shown again from there.")
        ui.say("wait", _("Still hidden"), told)
    else:
        ui.say("good", _("Looked at"), _("The report is off the list."))


def _page(
    application: Application, batch_id: str, unsent: tuple[str | None, str] | None = None
) -> str:
    batch = application.batches.get(shell.reader(), BatchId(batch_id))
    thread = application.talk.thread(batch.batch_id)
    return render_template(
        "requester/talk.html",
        batch=batch,
        project=application.batches.project_of(batch),
        thread=thread,
        open_ids={message.message_id for message in unanswered(thread)},
        unsent=unsent,
    )


def _back(batch_id: str) -> BaseResponse:
    return redirect(f"{shell.batch_page(batch_id)}/talk", 303)
