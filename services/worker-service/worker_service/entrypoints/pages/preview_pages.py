"""A look at a real item of a project, with its terms, before anything is claimed.

The item comes into its sandboxed frame by matching-service, which knows whom the project is for and
gives a permission to look; task-service shows what the permission is about. No slot is taken.
"""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, render_template, request

from worker_service.bootstrap import Application
from worker_service.entrypoints.pages import languages, shell, states

ITEMS_MAX = 3
"""As many as task-service shows."""


def preview_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("preview_pages", __name__)

    @blueprint.get(f"{shell.QUEUE_PAGE}/<batch_id>")
    @require("worker")
    def preview(batch_id: str) -> str:
        offer = application.show_queue.one(shell.reader(), BatchId(batch_id))
        count = min(ITEMS_MAX, offer.terms.task_count)
        return render_template(
            "work/preview.html",
            offer=offer,
            number=_number(count),
            count=count,
            language_name=languages.name_for_reader,
            matching_words=states.why_not_words(),
        )

    return blueprint


def _number(count: int) -> int:
    """The item that is asked for; the first one where that cannot be read."""
    asked = request.args.get("item", "")
    wanted = [number for number in range(1, count + 1) if str(number) == asked]
    return wanted[0] if wanted else 1
