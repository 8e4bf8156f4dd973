"""Why workers gave items of a batch back, and which tasks they call broken."""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, render_template
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.given_back import complaints_of
from task_service.entrypoints.pages import shell

NEWEST_MAX = 1_000
_NOTES_MAX = 100


def given_back_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("given_back_pages", __name__)

    @blueprint.get("/requester/batches/<batch_id>/given-back")
    @require("requester")
    def given_back(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        newest = application.reader.given_back.newest(batch.batch_id, NEWEST_MAX)
        return render_template(
            "requester/given_back.html",
            batch=batch,
            project=application.batches.project_of(batch),
            complaints=complaints_of(newest),
            notes_max=_NOTES_MAX,
            newest_max=NEWEST_MAX,
            words=_words(),
        )

    return blueprint


def _words() -> dict[str | None, str]:
    return {
        "broken": _("The task is broken"),
        "unclear": _("They do not understand what is asked"),
        "underpaid": _("It takes longer than it pays"),
        "language": _("It is in a language they do not read well"),
        "skipped": _("Skipped"),
        None: _("No reason said"),
    }
