"""`/operator`: every service's operations in one place, and the batches that are live."""

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from matching_service.bootstrap import Application
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.batches import BatchStatus

AREAS = ("tasks", "workers", "matching", "payments")
HOME = "/operator"
BATCHES = "/operator/batches"
TRACE = "/operator/trace"
_PAGE_BATCHES = 50
_ID_CHARACTERS_MAX = 40


def make_operator_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("operator_pages", __name__)
    cursors = Cursors(application.settings.common.cursor_key, salt="operator-batches")

    @blueprint.get(HOME)
    @require("staff", "operator")
    def operations() -> str:
        return render_template("operator/operations.html", areas=_areas())

    @blueprint.get(BATCHES)
    @require("staff", "operator")
    def batches() -> str:
        cursor = request.args.get("cursor")
        after = BatchId(cursors.read(cursor)) if cursor else None
        live = application.watch_batches(after=after, count_max=_PAGE_BATCHES)
        full = len(live) == _PAGE_BATCHES
        template = "operator/_batches.html" if "HX-Request" in request.headers else None
        return render_template(
            template or "operator/batches.html",
            live=live,
            status=AssignmentStatus,
            batch_words=_batch_words(),
            next_cursor=cursors.write(live[-1].batch.batch_id) if full else None,
        )

    @blueprint.get(TRACE)
    @require("staff", "operator")
    def trace() -> str | tuple[str, int]:
        """One task from publication on; what is asked for is in the address."""
        name = request.args.get("id", "").strip()[:_ID_CHARACTERS_MAX]
        if not name:
            return render_template("operator/trace.html", name="", trace=None)
        try:
            found = application.trace_task(name)
        except NotFound:
            return render_template("operator/trace.html", name=name, trace=None), 404
        words = _assignment_words()
        return render_template("operator/trace.html", name=name, trace=found, words=words)

    return blueprint


def _assignment_words() -> dict[AssignmentStatus, tuple[str, str]]:
    return {
        AssignmentStatus.LEASED: (_("In work"), "move"),
        AssignmentStatus.SUBMITTED: (_("Submitted"), "good"),
        AssignmentStatus.RETURNED: (_("Returned"), "quiet"),
        AssignmentStatus.EXPIRED: (_("Expired"), "quiet"),
    }


def _areas() -> list[tuple[str, str]]:
    names = (_("Tasks"), _("Workers"), _("Matching"), _("Payments"))
    return list(zip(AREAS, names, strict=True))


def _batch_words() -> dict[BatchStatus, tuple[str, str]]:
    return {
        BatchStatus.OPEN: (_("Open"), "move"),
        BatchStatus.PAUSED: (_("Paused"), "wait"),
        BatchStatus.CANCELLED: (_("Being closed"), "quiet"),
    }
