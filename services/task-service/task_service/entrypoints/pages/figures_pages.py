"""Charts beside their tables: what was answered, how alike, how fast, and when."""

from datetime import timedelta

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, render_template
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.entrypoints.pages import shell


def figures_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("figures_pages", __name__)

    @blueprint.get("/requester/batches/<batch_id>/figures")
    @require("requester")
    def figures(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return render_template(
            "requester/figures.html",
            batch=batch,
            project=application.batches.project_of(batch),
            figures=application.show_figures(batch),
            agreement_words=_agreement_words(),
            daily=timedelta(days=1),
        )

    return blueprint


def _agreement_words() -> list[str]:
    """For the bands, in their order."""
    return [
        _("No more than half agree"),
        _("More than half agree"),
        _("More than three quarters agree"),
        _("All agree"),
    ]
