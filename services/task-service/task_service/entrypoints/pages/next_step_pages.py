"""A next step: what the answers say becomes the rows of another project's draft."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId, ProjectId
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import FaultyRows
from task_service.entrypoints.pages import shell

_PROJECTS_SHOWN_MAX = 200


def next_step_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("next_step_pages", __name__)

    @blueprint.get("/requester/batches/<batch_id>/next-step")
    @require("requester")
    def offer(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _page(application, batch)

    @blueprint.post("/requester/batches/<batch_id>/next-step")
    @require("requester")
    @idempotent
    def begin(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        chosen = ProjectId(request.form.get("project", ""))
        project = application.projects.get(shell.reader(), chosen)
        try:
            made = application.chain_batch(batch, project)
        except FaultyRows:
            lacking = [name for name in project.columns if name not in batch.columns]
            wrong = _("Its template needs columns that are not here: %(names)s")
            error = wrong % {"names": ", ".join(lacking)}
            return _page(application, batch, errors={"project": error}), 422
        sentence = _(
            "%(missing)s rows have no answer, in %(contested)s the answers are divided.",
            missing=number_text(made.missing),
            contested=number_text(made.contested),
        )
        ui.say("wait" if made.missing else "good", _("A draft of the next step"), sentence)
        return redirect(shell.batch_page(made.draft.batch_id), 303)

    return blueprint


def _page(application: Application, batch: Batch, errors: Any = None) -> str:
    return render_template(
        "requester/next_step.html",
        batch=batch,
        project=application.batches.project_of(batch),
        projects=[
            (one.project_id, one.title)
            for one in application.projects.page(shell.reader(), count_max=_PROJECTS_SHOWN_MAX)
        ],
        fields=application.reader.submissions.answer_fields(batch.batch_id),
        chosen=request.form.get("project", ""),
        errors=errors or {},
    )
