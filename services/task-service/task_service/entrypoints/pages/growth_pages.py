"""More of a published batch: rows, answers per item, a higher reward, and what that costs."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId
from crowdloom.kernel.limits import TABLE_BYTES_MAX
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.application.pilot import PILOT_TASKS
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import (
    AdditionUnderWay,
    FaultyRows,
    NothingToAdd,
    RowsAreSplit,
    WrongBatchStatus,
)
from task_service.domain.splitting.pieces import not_splittable
from task_service.domain.tables import Table
from task_service.entrypoints.pages import forms, shell
from task_service.entrypoints.pages.faults import Faults, faults_of
from task_service.entrypoints.pages.source_forms import usual_reading

_NO_TABLE = "not a table: its rows are to follow those of the batch"
ADDRESS = "/requester/batches/<batch_id>/grow"


def growth_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("growth_pages", __name__)
    _add_form(blueprint, application)
    _add_rows(blueprint, application)
    _add_drop(blueprint, application)
    return blueprint


def _page(batch_id: str) -> str:
    return f"{shell.batch_page(batch_id)}/grow"


def _add_form(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(ADDRESS)
    @require("requester")
    def grow(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _form_page(application, batch, request.args.to_dict())

    @blueprint.post(ADDRESS)
    @require("requester")
    @idempotent
    def ask(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        typed = request.form.to_dict()
        terms = forms.read_growth(typed, batch.terms.reward.currency)
        if terms.errors:
            return _form_page(application, batch, typed, errors=terms.errors), 422
        try:
            application.grow_batch.ask(
                batch, reward=terms.reward, redundancy=terms.redundancy or None
            )
        except NothingToAdd:
            words = _("Add rows, more answers or a higher reward. Nothing can be made less.")
            return _form_page(application, batch, typed, errors={"reward": words}), 409
        except (AdditionUnderWay, WrongBatchStatus):
            _say_changed()
        else:
            ui.say("move", _("Asked for"), _("It holds as soon as its cost is reserved."))
        return redirect(shell.batch_page(batch_id), 303)


def _form_page(
    application: Application,
    batch: Batch,
    typed: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    faults: Faults | None = None,
) -> str:
    return render_template(
        "requester/grow.html",
        batch=batch,
        project=application.batches.project_of(batch),
        typed={**_now(batch), **{name: text for name, text in typed.items() if text}},
        errors=errors or {},
        faults=faults,
        cost=_cost(application, batch, typed),
        currency=batch.terms.reward.currency.code,
        top_up=_top_up(batch),
        pilot=_pilot(application, batch),
    )


def _pilot(application: Application, batch: Batch) -> dict[str, Any] | None:
    """What came of the first rows, where the others waited for that."""
    tables = batch.addition.tables if batch.addition else ()
    if not any(table.held_back for table in tables):
        return None
    return {
        "progress": application.show_batches.progress(batch),
        "agreement": application.show_batches.measured(batch).agreement,
        "results": application.show_answers.by_task(batch, after=0, count_max=PILOT_TASKS),
    }


def _now(batch: Batch) -> dict[str, str]:
    """What holds, or was wanted last, as one would type it."""
    wanted = batch.addition or batch.terms
    return {"redundancy": str(wanted.redundancy), "reward": str(wanted.reward).split()[0]}


def _cost(application: Application, batch: Batch, typed: dict[str, str]) -> Any:
    """What it would reserve, as it is typed; None where that cannot be told."""
    terms = forms.read_growth(typed, batch.terms.reward.currency)
    if terms.errors:
        return None
    try:
        planned = application.grow_batch.planned(
            batch, reward=terms.reward, redundancy=terms.redundancy or None
        )
    except (AdditionUnderWay, WrongBatchStatus, InvalidInput):
        return None
    return application.grow_batch.cost(batch, planned)


def _top_up(batch: Batch) -> str | None:
    declined = batch.addition.declined if batch.addition else None
    return shell.top_up_page(declined.missing, batch.batch_id) if declined else None


def _add_rows(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{ADDRESS}/rows")
    @require("requester")
    @idempotent
    def rows(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        try:
            application.grow_batch.add_rows(batch, _sent_table(application, batch))
        except FaultyRows as refusal:
            return _form_page(application, batch, {}, faults=faults_of(refusal)), 422
        except RowsAreSplit:
            words = _("Its rows are the pieces of one file. Make a batch of its own for more.")
            ui.say("bad", _("Nothing was changed"), words)
            return redirect(shell.batch_page(batch_id), 303)
        except (AdditionUnderWay, WrongBatchStatus):
            _say_changed()
            return redirect(shell.batch_page(batch_id), 303)
        ui.say("good", _("Table read"), _("Its rows are added once you ask for the funds below."))
        return redirect(_page(batch_id), 303)


def _sent_table(application: Application, batch: Batch) -> Table:
    """Raises FaultyRows, also for a file that is no table."""
    upload = request.files.get("table")
    if upload is None or not upload.filename:
        raise not_splittable("the file is empty: its first line names the columns")
    content = upload.stream.read(TABLE_BYTES_MAX + 1)
    if len(content) > TABLE_BYTES_MAX:
        raise not_splittable(f"the file is larger than {TABLE_BYTES_MAX // 1_000_000} MB")
    wish = usual_reading(content, upload.filename).wish
    if wish.kind != "rows":
        raise not_splittable(_NO_TABLE)
    found = application.look_at_upload.look(application.batches.project_of(batch), content, wish)
    if found.table is None:
        raise found.refusal or not_splittable(_NO_TABLE)
    return found.table


def _add_drop(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{ADDRESS}/drop")
    @require("requester")
    @idempotent
    def drop(batch_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        try:
            application.grow_batch.drop(shell.reader(), batch)
        except AdditionUnderWay:
            _say_changed()
        else:
            ui.say("good", _("Dropped"), _("The batch stays as it is."))
        return redirect(shell.batch_page(batch_id), 303)


def _say_changed() -> None:
    ui.say("bad", _("Nothing was changed"), _("The batch changed meanwhile. Look at it again."))
