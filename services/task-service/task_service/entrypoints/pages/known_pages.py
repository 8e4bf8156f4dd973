"""Known answers: rows of a batch whose right answer its requester marks, one after the other."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from task_service.application.mark_known import OPEN_TO_MARKS
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import WrongBatchStatus
from task_service.domain.known_answers import key_of, written
from task_service.domain.templates import AnswerField, FieldKind, answer_schema
from task_service.entrypoints.pages import previews, shell

ADDRESS = "/requester/batches/<batch_id>/known"
_DRAWN = {FieldKind.BOXES, FieldKind.POLYGONS, FieldKind.SPANS, FieldKind.KEPT}
_CHARACTERS_MAX = 2_000
_KEY = "key:"


@dataclass(frozen=True)
class Marked:
    """A field of the form with what is known of it, and the values on offer where there are few."""

    name: str
    value: str
    options: list[tuple[str, str]]


def known_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("known_pages", __name__)

    @blueprint.get(ADDRESS)
    @require("requester")
    def known(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        if not batch.task_count:
            ui.say("wait", _("Nothing to mark"), _("Choose a file first: the batch has no rows."))
            return redirect(shell.batch_page(batch_id), 303)
        return _page(application, batch, previews.row_asked(batch.task_count))

    @blueprint.post(ADDRESS)
    @require("requester")
    @idempotent
    def mark(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        row = previews.row_asked(batch.task_count)
        typed = {
            name.removeprefix(_KEY): value[:_CHARACTERS_MAX]
            for name, value in request.form.items()
            if name.startswith(_KEY)
        }
        asked = [field.name for field in _fields(application, batch)]
        key = key_of({name: value for name, value in typed.items() if name in asked})
        try:
            application.mark_known(batch, row, key, fields=asked)
        except (WrongBatchStatus, NotFound):
            ui.say("bad", _("Nothing was changed"), _("The batch is over: nothing comes any more."))
            return redirect(shell.batch_page(batch_id), 303)
        _tell(known=bool(key))
        following = min(row + 1, batch.task_count)
        return redirect(f"{shell.batch_page(batch_id)}/known?{urlencode({'row': following})}", 303)

    return blueprint


def _tell(*, known: bool) -> None:
    if known:
        words = _("Answers to it are scored from now on. No worker is shown that you know it.")
        ui.say("good", _("Marked"), words)
    else:
        ui.say("good", _("Not marked"), _("It is an item like any other."))


def _fields(application: Application, batch: Batch) -> list[AnswerField]:
    """Those whose right value can be written down."""
    schema = answer_schema(application.batches.project_of(batch).template)
    return [field for field in schema if field.kind not in _DRAWN]


def _page(application: Application, batch: Batch, row: int) -> str:
    key = application.mark_known.key_of(batch, row)
    fields = [
        Marked(field.name, written(key.get(field.name, ())), _options(field, key.get(field.name)))
        for field in _fields(application, batch)
    ]
    return render_template(
        "requester/known.html",
        batch=batch,
        project=application.batches.project_of(batch),
        row=row,
        preview=shell.batch_preview(batch.batch_id, row),
        fields=fields,
        is_known=bool(key),
        is_open=batch.status in OPEN_TO_MARKS,
        characters_max=_CHARACTERS_MAX,
        key=_KEY,
    )


def _options(field: AnswerField, known: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """Empty where any words can be right, or several are."""
    value = written(known or ())
    if field.kind is not FieldKind.ONE_OF or (value and value not in field.values):
        return []
    return [("", _("not known")), *((one, one) for one in field.values)]
