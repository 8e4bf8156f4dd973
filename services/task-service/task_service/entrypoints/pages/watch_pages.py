"""The operator's pages of answers: what looks odd among them, and one that an appeal is about. Who
a worker is, is not known here.
"""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.ids import AssignmentId
from flask import Blueprint, render_template, request

from task_service.bootstrap import Application
from task_service.domain.consensus import joined

ANSWERS_PAGE = "/operator/answers"


def watch_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("watch_pages", __name__)

    @blueprint.get(ANSWERS_PAGE)
    @require("staff", "operator")
    def answers() -> str:
        return render_template("operator/answers.html", now=application.watch_answers())

    @blueprint.get(f"{ANSWERS_PAGE}/<assignment_id>")
    @require("staff", "operator")
    def evidence(assignment_id: str) -> str:
        """By itself, or as a part of the page of its appeal."""
        found = application.show_evidence(AssignmentId(assignment_id))
        part = "HX-Request" in request.headers
        page = "operator/_evidence.html" if part else "operator/evidence.html"
        return render_template(page, evidence=found, answer=joined(found.submission.answer))

    return blueprint
