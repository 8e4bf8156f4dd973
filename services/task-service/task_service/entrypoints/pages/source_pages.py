"""A file for a draft: how it is read and split, its pieces, its faulty rows; then confirmed."""

import mimetypes
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId
from crowdloom.ui.registration import PAGE_POLICY
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_babel import gettext as _

from task_service.application.look_at_upload import Look
from task_service.application.split_later import SplitState
from task_service.application.split_source import Upload
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import FaultyRows, WrongBatchStatus
from task_service.domain.mending import faulty_csv
from task_service.domain.splitting.pieces import is_whole_table
from task_service.domain.uploads import Kind, fitting_splits, kind_of
from task_service.entrypoints.http.sources import file_response
from task_service.entrypoints.pages import shell, source_forms
from task_service.entrypoints.pages.faults import faults_of, faults_told, worded
from task_service.entrypoints.pages.rows_shown import ShownRows, pieces_shown, rows_shown
from task_service.entrypoints.pages.source_forms import Reading
from task_service.entrypoints.pages.source_words import (
    ShownSource,
    delimiters,
    encodings,
    shown_source,
    split_words,
)

MENDS_BYTES_MAX = 10_000_000
_ADDRESS = "/requester/batches/<batch_id>/file/<digest>"


def file_page(batch_id: str, digest: str, reading: Reading) -> str:
    """Where an upload is looked at before it counts."""
    return f"{shell.batch_page(batch_id)}/file/{digest}?{reading.query}"


def draft_source(application: Application, batch: Batch) -> ShownSource | None:
    """What the draft's tasks were made of; None where they did not come as a file."""
    source = application.merge_source.source_of(batch)
    if source is None:
        return None
    page = file_page(batch.batch_id, source.digest, Reading(source.name, source.wish, {}))
    return shown_source(source, page)


def split_facts(application: Application, batch: Batch) -> dict[str, Any]:
    """How the splitting of a long file stands, for the draft's page; over, nothing is told."""
    job = application.split_later.of(batch)
    if job is None or job.state is SplitState.DONE:
        return {"splitting": None}
    return {"splitting": job, "split_faults": faults_told(job.faults)}


def media_type_of(name: str) -> str:
    """By the name; whatever could run in a browser is opaque."""
    guess = mimetypes.guess_type(name)[0] or ""
    safe = guess.startswith(("image/", "audio/")) and "svg" not in guess
    return guess if safe else "application/octet-stream"


def source_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("source_pages", __name__)

    @blueprint.before_request
    def admit_many_cells() -> None:
        request.max_form_memory_size = MENDS_BYTES_MAX

    _add_look(blueprint, application)
    _add_mend(blueprint, application)
    _add_give(blueprint, application)
    _add_files(blueprint, application)
    return blueprint


def _add_look(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_ADDRESS)
    @require("requester")
    def look(batch_id: str, digest: str) -> Response:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _page(application, batch, digest)


def _add_mend(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_ADDRESS}/mend")
    @require("requester")
    @idempotent
    def mend(batch_id: str, digest: str) -> Any:
        """The mended table is a file of its own: the one before stays as it was."""
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        content, reading = _sent(application, digest)
        table = application.look_at_upload.rows(content, reading.wish)
        mends = source_forms.read_mends(request.form, table)
        upload = Upload(reading.name, content)
        made, key = application.look_at_upload.mend(shell.reader(), upload, reading.wish, mends)
        again = source_forms.read_reading(
            {"name": made.name, "by": "rows", "encoding": "utf-8", "delimiter": ","}, made.content
        )
        return redirect(file_page(batch.batch_id, key, again), 303)


def _add_give(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_ADDRESS}/give")
    @require("requester")
    @idempotent
    def give(batch_id: str, digest: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        if request.form.get("seen", batch.table_id or "") != (batch.table_id or ""):
            return _page(application, batch, digest, overtaken=True), 409
        content, reading = _sent(application, digest)
        if reading.errors or not _has_columns(application, batch, content, reading):
            return _page(application, batch, digest), 422
        upload = Upload(reading.name, content, media_type_of(reading.name))
        try:
            if application.split_later.is_long(content, reading.wish):
                application.split_later.ask(batch, upload, reading.wish)
                return redirect(shell.batch_page(batch_id), 303)
            application.split_source.split(batch, upload, reading.wish)
        except FaultyRows:
            return _page(application, batch, digest), 422
        except WrongBatchStatus:
            ui.say("bad", _("Not replaced"), _("The batch is published: its table stays."))
        else:
            ui.say("good", _("Tasks made"), _("The preview below shows them one by one."))
        return redirect(shell.batch_page(batch_id), 303)


def _has_columns(application: Application, batch: Batch, content: bytes, reading: Reading) -> bool:
    """Whether a table of rows has the columns that the template names; only such a table is read
    twice.
    """
    if not is_whole_table(reading.wish):
        return True
    project = application.batches.project_of(batch)
    return application.look_at_upload.look(project, content, reading.wish).table is not None


def _add_files(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{_ADDRESS}/faulty.csv")
    @require("requester")
    def faulty(batch_id: str, digest: str) -> Response:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        content, reading = _sent(application, digest)
        table = application.look_at_upload.rows(content, reading.wish)
        found = table.faults(application.batches.project_of(batch).columns)
        reasons = {
            line: [_reason(fault.column, fault.reason) for fault in faults]
            for line, faults in found.items()
        }
        text = "\ufeff" + "".join(faulty_csv(table, reasons))
        response = Response(text, mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=faulty-rows.csv"
        return response

    @blueprint.get("/requester/files/<digest>")
    @require("requester")
    def piece(digest: str) -> Response:
        """A kept file of the reader's own, to be shown on a page."""
        return file_response(application.look_at_upload.open(shell.reader(), digest), digest)


def _reason(column: str | None, reason: str) -> str:
    return f"{column}: {worded(reason)}" if column else worded(reason)


def _sent(application: Application, digest: str) -> tuple[bytes, Reading]:
    """The kept file, and how it is to be read according to the address. Raises NotFound."""
    content = application.look_at_upload.open(shell.reader(), digest).read()
    return content, source_forms.read_reading(request.args, content)


def _page(
    application: Application, batch: Batch, digest: str, *, overtaken: bool = False
) -> Response:
    """`overtaken`: another tab gave the draft its table after this one was opened."""
    content, reading = _sent(application, digest)
    project = application.batches.project_of(batch)
    is_long = application.split_later.is_long(content, reading.wish)
    if is_long:  # its pieces would be made for this page alone
        found = Look(fitting_splits(content), None, None)
    else:
        found = application.look_at_upload.look(project, content, reading.wish)
    kind = kind_of(content)
    page = render_template(
        "requester/source.html",
        batch=batch,
        project=project,
        digest=digest,
        reading=reading,
        look=found,
        is_long=is_long,
        faults=faults_of(found.refusal) if found.refusal else None,
        rows=_rows(found),
        pieces=_pieces(application, found),
        kinds=[(name, split_words()[name]) for name in found.fitting],
        encodings=encodings(found.encoding, reading.wish.encoding),
        delimiters=delimiters(found.delimiter),
        is_text=kind is Kind.TEXT,
        overtaken=overtaken,
    )
    response = make_response(page)
    # Pieces of recordings are heard on this page.
    response.headers["Content-Security-Policy"] = f"{PAGE_POLICY}; media-src 'self'"
    return response


def _rows(found: Look) -> ShownRows | None:
    if found.raw is None:
        return None
    page = request.args.get("page", "")[:9]
    number = int(page) if page.isdecimal() else 1
    return rows_shown(found.raw, found.faults or {}, number)


def _pieces(application: Application, found: Look) -> Any:
    if found.table is None or found.raw is not None:
        return []
    owner = shell.reader()
    return pieces_shown(
        found.table, lambda digest: application.look_at_upload.open(owner, digest).media_type
    )
