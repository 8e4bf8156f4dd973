"""The operator's page of what looks odd among answers. Who a worker is, is not known here."""

from crowdloom.chassis.http.auth import require
from flask import Blueprint, render_template

from task_service.bootstrap import Application

ANSWERS_PAGE = "/operator/answers"


def watch_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("watch_pages", __name__)

    @blueprint.get(ANSWERS_PAGE)
    @require("staff", "operator")
    def answers() -> str:
        return render_template("operator/answers.html", now=application.watch_answers())

    return blueprint
