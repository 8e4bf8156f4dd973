"""The workspace: the task in its sandboxed frame, with the bar that belongs to it.

A claim reaches this service as an event, so the page may be opened before it is known here. Then it
shows the frame at once, and its script asks matching-service, the owner of the fact, for the rest.
"""

import re
from typing import Any

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, BatchId
from crowdloom.kernel.limits import ANSWER_BYTES_MAX
from flask import Blueprint, render_template, request

from worker_service.application.show_work import Workspace
from worker_service.bootstrap import Application
from worker_service.domain.appeals import Contest
from worker_service.domain.work_items import Status
from worker_service.entrypoints.pages import shell, states

_ASSIGNMENT_ID = re.compile(r"asg_[0-9a-hjkmnp-tv-z]{26}")


def workspace_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("workspace_pages", __name__)

    @blueprint.get("/work/assignments/<assignment_id>")
    @require("worker")
    def workspace(assignment_id: str) -> str:
        if not _ASSIGNMENT_ID.fullmatch(assignment_id):
            raise NotFound("There is no such assignment", assignment_id=assignment_id)
        said = request.args.get("batch")
        found = application.open_workspace(
            shell.reader(), AssignmentId(assignment_id), BatchId(said) if said else None
        )
        if _is_over(found):
            return render_template("work/over.html", **_facts(found), contest=_contest(found))
        several = "several" in request.args
        return render_template("work/workspace.html", **_facts(found), several=several)

    def _contest(found: Workspace) -> Contest | None:
        items = [found.item] if found.item else []
        contests = application.appeal_rejection.contests(shell.reader(), items)
        return contests.get(found.assignment_id)

    return blueprint


def _is_over(found: Workspace) -> bool:
    return found.item is not None and found.item.status is not Status.CLAIMED


def _facts(found: Workspace) -> dict[str, Any]:
    return {
        "assignment_id": found.assignment_id,
        "item": found.item,
        "offer": found.offer,
        "words": states.words(),
        "tones": states.TONES,
        "return_reasons": states.return_reasons(),
        "answer_bytes_max": ANSWER_BYTES_MAX,
    }
