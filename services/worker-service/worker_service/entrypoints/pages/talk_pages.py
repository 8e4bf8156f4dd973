"""Answers to a worker's questions. The threads themselves are task-service's, opened by tickets."""

from crowdloom.chassis.http.auth import require
from flask import Blueprint, render_template

from worker_service.bootstrap import Application
from worker_service.entrypoints.pages import shell


def talk_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("talk_pages", __name__)

    @blueprint.get("/work/talk")
    @require("worker")
    def talk() -> str:
        return render_template("work/talk.html", lines=application.show_talk(shell.reader()))

    return blueprint
