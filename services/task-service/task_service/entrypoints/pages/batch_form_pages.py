"""A new batch: terms and file in one form; another file for a draft."""

from dataclasses import dataclass
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, ProjectId
from crowdloom.kernel.limits import TABLE_BYTES_MAX
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from task_service.application.split_source import Upload
from task_service.bootstrap import Application
from task_service.domain.batches import Batch, BatchStatus
from task_service.domain.errors import FaultyRows, WrongBatchStatus
from task_service.domain.projects import Project
from task_service.domain.splitting.pieces import Wish
from task_service.entrypoints.pages import forms, shell
from task_service.entrypoints.pages.faults import Faults, faults_of
from task_service.entrypoints.pages.pay_advice import pay_advice
from task_service.entrypoints.pages.source_forms import Reading, usual_reading
from task_service.entrypoints.pages.source_pages import file_page, media_type_of


@dataclass(frozen=True)
class _Sent:
    """A kept upload, and how files of its kind are usually read; `wish` names what was detected,
    `faults` are those of its rows.
    """

    content: bytes
    digest: str
    reading: Reading
    wish: Wish
    faults: Faults | None = None


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
        """`kept` names a file that was tried on the project's draft."""
        project = application.projects.get(shell.reader(), ProjectId(project_id))
        kept = request.args.get("kept")
        sent, faults = _sent_file(application, project, {}) if kept else (None, None)
        return _form_page(application, project, forms.fresh_terms(), faults, sent)

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def create(project_id: str) -> Any:
        project = application.projects.get(shell.reader(), ProjectId(project_id))
        terms = forms.read_terms(request.form, application.batches.currency)
        sent, faults = _sent_file(application, project, terms.errors)
        if sent is not None and sent.faults and "mend" not in request.form:
            faults = sent.faults
        if terms.errors or faults or sent is None or terms.reward is None:
            return _form_page(application, project, terms, faults, sent), 422
        batch = application.batches.draft(
            project,
            title=terms.typed["title"],
            redundancy=terms.redundancy,
            reward=terms.reward,
            lease_seconds=terms.lease_seconds,
            auto_accept_seconds=terms.auto_accept_seconds,
            wanted_seconds=terms.wanted_seconds,
        )
        return _onward(_given(application, batch, sent))


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
        project = application.batches.project_of(batch)
        sent, faults = _sent_file(application, project, errors)
        if sent is None:
            return _table_page(application, batch, errors=errors, faults=faults), 422
        try:
            batch.check_status(BatchStatus.DRAFT)
            there = _given(application, batch, sent)
        except WrongBatchStatus:
            ui.say("bad", _("Not replaced"), _("The batch is published: its table stays."))
            there = shell.batch_page(batch_id)
        return _onward(there)


def _onward(there: str) -> Any:
    """To the next page; a script that showed how far the upload was goes there by itself."""
    if request.headers.get("X-Upload-Progress"):
        return {"location": there}
    return redirect(there, 303)


def _given(application: Application, batch: Batch, sent: _Sent) -> str:
    """A table without a fault becomes the draft's tasks; anything else is looked at first. Returns
    the page to go to. Raises WrongBatchStatus.
    """
    if sent.faults or sent.reading.wish.kind != "rows":
        return file_page(batch.batch_id, sent.digest, sent.reading)
    upload = Upload(sent.reading.name, sent.content, "text/csv")
    application.split_source.split(batch, upload, sent.wish)
    ui.say("good", _("Table read"), _("The preview below shows its rows."))
    return shell.batch_page(batch.batch_id)


def _sent_file(
    application: Application, project: Project, errors: dict[str, str]
) -> tuple[_Sent | None, Faults | None]:
    """The file that was uploaded now, or with the form before; else a fault of the whole file, or
    an error in `errors`.
    """
    upload = request.files.get("table")
    try:
        if upload is not None and upload.filename:
            name = upload.filename
            content = upload.stream.read(TABLE_BYTES_MAX + 1)
            whole = Upload(name, content, media_type_of(name))
            digest = application.look_at_upload.keep(project.requester_id, whole)
        elif "kept" in request.form or "kept" in request.args:
            # What the form sends now goes before what its address said.
            said = request.form if "kept" in request.form else request.args
            name, digest = said.get("name", ""), said["kept"]
            content = application.look_at_upload.open(project.requester_id, digest).read()
        else:
            errors["table"] = _("Choose a file: its rows or pieces become the tasks.")
            return None, None
    except FaultyRows as refusal:
        return None, faults_of(refusal)
    except NotFound:
        errors["table"] = _("The file waited too long and is gone: choose it again.")
        return None, None
    reading = usual_reading(content, name)
    if reading.wish.kind != "rows":
        return _Sent(content, digest, reading, reading.wish), None
    found = application.look_at_upload.look(project, content, reading.wish)
    faults = faults_of(found.refusal) if found.refusal else None
    return _Sent(content, digest, reading, found.exact(reading.wish), faults), None


def _form_page(
    application: Application,
    project: Project,
    terms: forms.TermsForm,
    faults: Faults | None = None,
    sent: _Sent | None = None,
) -> str:
    return render_template(
        "requester/new_batch.html",
        project=project,
        sent=sent,
        terms=terms,
        faults=faults,
        advice=pay_advice(application, project),
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
