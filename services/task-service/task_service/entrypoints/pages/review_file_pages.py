"""Decisions by a file: chosen, looked at as what it would do, then taken."""

import re
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX, TABLE_BYTES_MAX
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from task_service.application.decide_by_file import Plan, signature
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import AlreadyDecided, FaultyRows
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.faults import Fault, Faults, faults_of


def review_file_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("review_file_pages", __name__)
    address = "/requester/batches/<batch_id>/review/file"

    @blueprint.get(address)
    @require("requester")
    def choose(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _page(application, batch)

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def look(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        upload = request.files.get("file")
        if upload is None or not upload.filename:
            error = _("Choose the file with your decisions.")
            return _page(application, batch, errors={"file": error}), 422
        content = upload.stream.read(TABLE_BYTES_MAX + 1)
        return _shown(application, batch, content)

    @blueprint.post(f"{address}/<digest>")
    @require("requester")
    @idempotent
    def decide(batch_id: str, digest: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _decide(application, batch, application.decide_by_file.kept(shell.reader(), digest))

    return blueprint


def _shown(application: Application, batch: Batch, content: bytes, *, changed: bool = False) -> Any:
    """What the file would do, or what is wrong with it."""
    try:
        plan = application.decide_by_file.plan(batch, content, reopen="reopen" in request.form)
        plan.check()
    except FaultyRows as refusal:
        return _page(application, batch, faults=_worded(faults_of(refusal))), 422
    digest = application.decide_by_file.keep(shell.reader(), content)
    page = _page(application, batch, plan=plan, digest=digest, changed=changed)
    return (page, 409) if changed else page


def _decide(application: Application, batch: Batch, content: bytes) -> Any:
    """Take what was shown. Where the file would do something else by now, show it again."""
    plan = application.decide_by_file.plan(batch, content, reopen="reopen" in request.form)
    if _signature(plan) != request.form.get("shown"):
        return _shown(application, batch, content, changed=True)
    try:
        application.decide_by_file.apply(shell.reader(), batch, plan)
    except AlreadyDecided:
        return _shown(application, batch, content, changed=True)
    count = len(plan.accept) + len(plan.reject) + len(plan.overturn)
    sentence = ngettext(
        "%(count)s answer was decided.",
        "%(count)s answers were decided.",
        count,
        count=number_text(count),
    )
    ui.say("good", _("Decided by the file"), sentence)
    return redirect(f"{shell.batch_page(batch.batch_id)}/review", 303)


def _page(
    application: Application,
    batch: Batch,
    *,
    errors: dict[str, str] | None = None,
    faults: Faults | None = None,
    plan: Plan | None = None,
    digest: str = "",
    changed: bool = False,
) -> str:
    return render_template(
        "requester/review_file.html",
        batch=batch,
        project=application.batches.project_of(batch),
        errors=errors or {},
        faults=faults,
        plan=plan,
        shown=_signature(plan) if plan else "",
        digest=digest,
        changed=changed,
        reopen="reopen" in request.form or request.method == "GET",
    )


def _signature(plan: Plan) -> str:
    return ",".join(str(count) for count in signature(plan))


def _worded(faults: Faults) -> Faults:
    shown = tuple(Fault(one.line, one.column, _in_words(one.reason)) for one in faults.shown)
    return Faults(shown, faults.count)


def _in_words(reason: str) -> str:
    """In the reader's language; what is said of tables alike is in it already."""
    numbers = {"number": (re.findall(r"\d+", reason) or [""])[0]}
    for begins, words in _words().items():
        if reason.startswith(begins):
            return words % numbers
    return reason


def _words() -> dict[str, str]:
    return {
        "neither": _(
            "Neither the columns AssignmentId, Approve and Reject, nor submission_id and decision"
        ),
        "a reason has": _(
            "A reason has 1 to %(count)s characters", count=number_text(REASON_CHARACTERS_MAX)
        ),
        "both Approve": _("Both Approve and Reject are filled: leave one empty"),
        "write x": _("Write x, or leave it empty"),
        "write accept": _("Write accept or reject, or leave it empty"),
        "line ": _("Line %(number)s decides this answer as well"),
        "there is no such answer": _("There is no such answer in this batch"),
        "it was accepted": _("It was accepted before, and that stands"),
        "it was rejected": _("It was rejected before: empty the reason to overturn that"),
        "it was sent back": _("It was sent back to its worker"),
    }
