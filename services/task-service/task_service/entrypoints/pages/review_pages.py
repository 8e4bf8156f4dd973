"""Review: submitted answers beside their inputs, decided one by one or many at once."""

from typing import Any
from urllib.parse import quote, urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, SubmissionId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from task_service.application.review_submissions import Decision
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import AlreadyDecided
from task_service.domain.submissions import SubmissionStatus
from task_service.entrypoints.pages import shell

PAGE_ANSWERS = 20


def review_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("review_pages", __name__)
    _add_list(blueprint, application)
    _add_one(blueprint, application)
    _add_many(blueprint, application)
    return blueprint


def _add_list(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/requester/batches/<batch_id>/review")
    @require("requester")
    def review(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _page(application, batch)


def _add_one(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/review/<submission_id>")
    @require("requester")
    @idempotent
    def decide(batch_id: str, submission_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        decision = Decision(
            SubmissionId(submission_id),
            accept=request.form.get("decision") == "accept",
            reason=request.form.get("reason", ""),
            reopen="reopen" in request.form,
        )
        try:
            application.review.decide_all(shell.reader(), batch.batch_id, [decision])
        except InvalidInput:
            return _page(application, batch, refused=decision), 422
        except AlreadyDecided:
            ui.say("bad", _("Nothing was changed"), _("That answer was decided in the meantime."))
        return _onward(batch)


def _add_many(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/review")
    @require("requester")
    @idempotent
    def accept_many(batch_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        named = request.form.getlist("shown" if "all" in request.form else "ticked")
        if not named:
            ui.say("bad", _("Nothing was changed"), _("Tick the answers to accept first."))
            return _onward(batch)
        decided = _accept(application, batch, [SubmissionId(one) for one in named])
        sentence = ngettext(
            "%(count)s answer accepted.",
            "%(count)s answers accepted.",
            decided,
            count=number_text(decided),
        )
        ui.say("good", _("Accepted"), sentence)
        return _onward(batch)


def _accept(application: Application, batch: Batch, named: list[SubmissionId]) -> int:
    """Accept those that still wait; one that was rejected meanwhile stops none of the others."""
    known = application.reader.submissions.of_ids(named)
    waiting = [
        Decision(one.submission_id, accept=True)
        for one in known
        if one.status is SubmissionStatus.SUBMITTED
    ]
    return application.review.decide_all(shell.reader(), batch.batch_id, waiting)


def _onward(batch: Batch) -> BaseResponse:
    """The same place of the list: what was decided is gone from it, the next item is there."""
    following = request.form.get("following", "")
    anchor = f"#{quote(following)}" if following else ""
    return redirect(f"{shell.batch_page(batch.batch_id)}/review{_place()}{anchor}", 303)


def _place() -> str:
    """The part of the list that the address names, as a query."""
    cursor = request.args.get("cursor")
    return f"?{urlencode({'cursor': cursor})}" if cursor else ""


def _page(application: Application, batch: Batch, refused: Decision | None = None) -> str:
    cursors = Cursors(application.settings.common.cursor_key, salt="review_pages")
    cursor = request.args.get("cursor")
    found = application.show_answers.page(
        batch,
        status=SubmissionStatus.SUBMITTED,
        after=cursors.read(cursor) if cursor else None,
        count_max=PAGE_ANSWERS + 1,
    )
    shown = found[:PAGE_ANSWERS]
    more = len(found) > PAGE_ANSWERS
    last = shown[-1].submission.submission_id if shown else ""
    return render_template(
        "requester/review.html",
        batch=batch,
        project=application.batches.project_of(batch),
        answers=shown,
        waiting=application.show_batches.progress(batch).submitted,
        next_cursor=cursors.write(last) if more else None,
        place=_place(),
        refused=refused,
        reason_error=_reason_error() if refused else None,
        reason_characters_max=REASON_CHARACTERS_MAX,
    )


def _reason_error() -> str:
    count = number_text(REASON_CHARACTERS_MAX)
    return str(_("Give a reason of 1 to %(count)s characters; the worker reads it.", count=count))
