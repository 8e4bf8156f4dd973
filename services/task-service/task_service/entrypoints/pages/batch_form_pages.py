"""A new batch: terms and table in one form; another table for a draft."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId, ProjectId
from crowdloom.kernel.limits import TABLE_BYTES_MAX
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import FaultyRows, WrongBatchStatus
from task_service.domain.projects import Project
from task_service.domain.tables import Table, read_table
from task_service.entrypoints.pages import forms, shell
from task_service.entrypoints.pages.faults import Faults, faults_of


def batch_form_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("batch_form_pages", __name__)
    _add_new(blueprint, application)
    _add_table(blueprint, application)
    return blueprint


def _add_new(blueprint: Blueprint, application: Application) -> None:
    address = f"{shell.PROJECTS_PAGE}/<project_id>/batches/new"

    @blueprint.get(address)
    @require("requester")
    def new(project_id: str) -> str:
        project = application.projects.get(shell.reader(), ProjectId(project_id))
        return _form_page(application, project, forms.fresh_terms())

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def create(project_id: str) -> Any:
        project = application.projects.get(shell.reader(), ProjectId(project_id))
        terms = forms.read_terms(request.form, application.batches.currency)
        table, faults = _sent_table(project, terms.errors)
        if terms.errors or faults or table is None or terms.reward is None:
            return _form_page(application, project, terms, faults), 422
        batch = application.batches.draft(
            project,
            title=terms.typed["title"],
            redundancy=terms.redundancy,
            reward=terms.reward,
            lease_seconds=terms.lease_seconds,
            auto_accept_seconds=terms.auto_accept_seconds,
        )
        application.batches.set_table(batch, table)
        return redirect(shell.batch_page(batch.batch_id), 303)


def _add_table(blueprint: Blueprint, application: Application) -> None:
    address = "/requester/batches/<batch_id>/table"

    @blueprint.get(address)
    @require("requester")
    def other(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _table_page(application, batch)

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def replace(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        if request.form.get("seen", batch.table_id or "") != (batch.table_id or ""):
            return _table_page(application, batch, overtaken=True), 409
        errors: dict[str, str] = {}
        table, faults = _sent_table(application.batches.project_of(batch), errors)
        if table is None:
            return _table_page(application, batch, errors=errors, faults=faults), 422
        try:
            application.batches.set_table(batch, table)
        except WrongBatchStatus:
            ui.say("bad", _("Not replaced"), _("The batch is published: its table stays."))
        else:
            ui.say("good", _("Table read"), _("The preview below shows its rows."))
        return redirect(shell.batch_page(batch_id), 303)


def _sent_table(project: Project, errors: dict[str, str]) -> tuple[Table | None, Faults | None]:
    """The table that was uploaded, or its faults; without a file, an error in `errors`."""
    upload = request.files.get("table")
    if upload is None or not upload.filename:
        errors["table"] = _("Choose a CSV file: its rows become the tasks.")
        return None, None
    content = upload.stream.read(TABLE_BYTES_MAX + 1)
    try:
        return read_table(content, needed=project.columns), None
    except FaultyRows as refusal:
        return None, faults_of(refusal)


def _form_page(
    application: Application,
    project: Project,
    terms: forms.TermsForm,
    faults: Faults | None = None,
) -> str:
    return render_template(
        "requester/new_batch.html",
        project=project,
        terms=terms,
        faults=faults,
        currency=application.batches.currency.code,
        days_max=forms.DAYS_MAX,
        minutes_max=forms.MINUTES_MAX,
    )


def _table_page(
    application: Application,
    batch: Batch,
    *,
    errors: dict[str, str] | None = None,
    faults: Faults | None = None,
    overtaken: bool = False,
) -> str:
    """`overtaken`: another tab gave the draft its table after this one was opened."""
    return render_template(
        "requester/table.html",
        batch=batch,
        project=application.batches.project_of(batch),
        errors=errors or {},
        faults=faults,
        overtaken=overtaken,
    )
