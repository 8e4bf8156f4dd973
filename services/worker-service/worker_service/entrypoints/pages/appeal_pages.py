"""Appeals: the worker's thread, and the reviewer's list and page.

The reviewer's pages are this service's, since the appeals are; the origin sends `/operator/appeals`
here and the rest of `/operator` to matching-service.
"""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require
from crowdloom.kernel.errors import Conflict, InvalidInput, NotFound
from crowdloom.kernel.ids import AssignmentId
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from worker_service.bootstrap import Application
from worker_service.domain.appeals import APPEAL_WINDOW, DECIDE_WITHIN, WordsTooLong
from worker_service.entrypoints.http.appeals import REVIEWER
from worker_service.entrypoints.pages import shell

REVIEW_PAGE = "/operator/appeals"


def appeal_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("appeal_pages", __name__)
    _add_worker(blueprint, application)
    _add_reviewer(blueprint, application)
    return blueprint


def _add_worker(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/work/assignments/<assignment_id>/appeal")
    @require("worker")
    def thread(assignment_id: str) -> str:
        return _worker_page(application, AssignmentId(assignment_id))

    @blueprint.post("/work/assignments/<assignment_id>/appeal")
    @require("worker")
    def write(assignment_id: str) -> Any:
        own = AssignmentId(assignment_id)
        text = request.form.get("text", "")
        known = application.appeal_rejection.find(shell.reader(), own)
        act = application.appeal_rejection.say if known else application.appeal_rejection.open
        try:
            act(shell.reader(), own, text)
        except InvalidInput as refusal:
            return _worker_page(application, own, text=text, error=_why(refusal)), 422
        except Conflict as refusal:
            ui.say("bad", _("Not taken"), _refused(refusal))
        else:
            ui.say(
                "good", _("Sent"), _("A reviewer who is neither you nor the requester reads it.")
            )
        return redirect(f"/work/assignments/{own}/appeal", 303)


def _worker_page(
    application: Application, assignment_id: AssignmentId, *, text: str = "", error: str = ""
) -> str:
    found = application.open_workspace(shell.reader(), assignment_id)
    if found.item is None:
        raise NotFound("There is no such assignment", assignment_id=assignment_id)
    contests = application.appeal_rejection.contests(shell.reader(), [found.item])
    return render_template(
        "work/appeal.html",
        item=found.item,
        contest=contests.get(assignment_id),
        window_seconds=int(APPEAL_WINDOW.total_seconds()),
        decide_seconds=int(DECIDE_WITHIN.total_seconds()),
        text=text,
        errors={"text": error} if error else {},
    )


def _add_reviewer(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(REVIEW_PAGE)
    @require("staff", REVIEWER)
    def waiting() -> str:
        return render_template(
            "operator/appeals.html",
            cases=application.review_appeals.waiting(),
            now=application.clock.now(),
        )

    @blueprint.get(f"{REVIEW_PAGE}/<assignment_id>")
    @require("staff", REVIEWER)
    def case(assignment_id: str) -> str:
        return _case_page(application, AssignmentId(assignment_id))

    @blueprint.post(f"{REVIEW_PAGE}/<assignment_id>")
    @require("staff", REVIEWER)
    def act(assignment_id: str) -> Any:
        text = request.form.get("text", "")
        try:
            return _act(application, AssignmentId(assignment_id), text)
        except InvalidInput as refusal:
            page = _case_page(
                application, AssignmentId(assignment_id), text=text, error=_why(refusal)
            )
            return page, 422
        except Conflict as refusal:
            ui.say("bad", _("Not taken"), _refused(refusal))
            return redirect(f"{REVIEW_PAGE}/{assignment_id}", 303)


def _act(application: Application, assignment_id: AssignmentId, text: str) -> BaseResponse:
    chosen = request.form.get("act")
    if chosen not in {"uphold", "dismiss"}:
        application.review_appeals.say(assignment_id, text)
        ui.say("good", _("Sent"), _("The worker reads it in the thread."))
        return redirect(f"{REVIEW_PAGE}/{assignment_id}", 303)
    application.review_appeals.decide(
        assignment_id, upheld=chosen == "uphold", reason=text, reviewer=principal().subject
    )
    ui.say("good", _("Decided"), _("The worker reads your reason, and it is final."))
    return redirect(REVIEW_PAGE, 303)


def _case_page(
    application: Application, assignment_id: AssignmentId, *, text: str = "", error: str = ""
) -> str:
    return render_template(
        "operator/appeal.html",
        case=application.review_appeals.show(assignment_id),
        now=application.clock.now(),
        text=text,
        errors={"text": error} if error else {},
    )


def _why(refusal: InvalidInput) -> str:
    if isinstance(refusal, WordsTooLong):
        return str(_("This is too long; say it in at most 1,024 characters."))
    return str(_("Say why, in a sentence or two."))


def _refused(refusal: Conflict) -> str:
    words = {
        "not_rejected": _("Only work that is rejected can be appealed."),
        "too_late_to_appeal": _("The days in which it could be appealed are over."),
        "appeal_over": _("The appeal takes no more words: it is decided, or its thread is full."),
    }
    return str(words[refusal.code])
