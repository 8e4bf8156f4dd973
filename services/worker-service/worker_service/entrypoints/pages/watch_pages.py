"""The operator's page of new accounts: evidence for a person, and no address in it; and what became
of one item, for the trace of its task.
"""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.ids import AssignmentId
from flask import Blueprint, render_template

from worker_service.bootstrap import Application
from worker_service.entrypoints.pages import states

ACCOUNTS_PAGE = "/operator/accounts"
ITEMS = "/operator/items"


def watch_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("watch_pages", __name__)

    @blueprint.get(ACCOUNTS_PAGE)
    @require("staff", "operator")
    def accounts() -> str:
        return render_template("operator/accounts.html", now=application.watch_accounts())

    @blueprint.get(f"{ITEMS}/<assignment_id>")
    @require("staff", "operator")
    def item(assignment_id: str) -> str:
        """A part of the trace of a task: what was decided, and when. Nobody is named in it."""
        found, appeal = application.show_item(AssignmentId(assignment_id))
        return render_template(
            "operator/_item.html", item=found, appeal=appeal, words=states.words()
        )

    return blueprint
