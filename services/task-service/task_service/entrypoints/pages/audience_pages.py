"""Whom a draft is for: chosen in a form, and said in plain words before anything is published."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.batches import Batch, BatchStatus
from task_service.domain.errors import WrongBatchStatus
from task_service.domain.requirements import DEVICES
from task_service.domain.templates import task_type_of
from task_service.entrypoints.pages import audience_words, languages, shell
from task_service.entrypoints.pages.audience_forms import (
    REACH_PAGE,
    ROWS_SHOWN_MIN,
    AudienceForm,
    form_of,
    read_audience,
)

ADDRESS = "/requester/batches/<batch_id>/audience"


def audience_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("audience_pages", __name__)

    @blueprint.get(ADDRESS)
    @require("requester")
    def audience(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        if batch.status is not BatchStatus.DRAFT:
            return _published(batch)
        return _page(application, batch, form_of(batch.requirements))

    @blueprint.post(ADDRESS)
    @require("requester")
    @idempotent
    def choose(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        listed = application.know_workers.listed(batch.requester_id)
        form = read_audience(request.form, batch.requirements, listed)
        if "more" in request.form:
            return _page(application, batch, form, blank=ROWS_SHOWN_MIN)
        if form.errors:
            return _page(application, batch, form), 422
        try:
            application.batches.set_requirements(batch, form.asked)
        except InvalidInput:
            form.errors["rule"] = _("That cannot be met: look at the conditions again.")
            return _page(application, batch, form), 422
        except WrongBatchStatus:
            return _published(batch)
        ui.say("good", _("Kept"), _("Only those who fit are shown the batch."))
        return redirect(f"{shell.batch_page(batch_id)}#audience", 303)

    return blueprint


def _published(batch: Batch) -> Any:
    sentence = _("It is published: workers were told whom it is for, and that stays.")
    ui.say("bad", _("Nothing was changed"), sentence)
    return redirect(shell.batch_page(batch.batch_id), 303)


def _page(application: Application, batch: Batch, form: AudienceForm, *, blank: int = 0) -> str:
    known = application.know_workers
    project = application.batches.project_of(batch)
    names = audience_words.names_of(application.qualifications.listed(batch.requester_id))
    rows = form.rows_with_blank(max(blank, ROWS_SHOWN_MIN - len(form.rows)))
    return render_template(
        "requester/audience.html",
        batch=batch,
        project=project,
        form=form,
        rows=rows,
        rules=audience_words.rules(),
        names=names,
        languages=_languages(form),
        devices=[(code, audience_words.device(code)) for code in DEVICES],
        listed_count=len(known.listed(batch.requester_id)),
        excluded_count=len(known.excluded(batch.requester_id)),
        project_language=audience_words.language(project.language),
        reach_page=REACH_PAGE,
        task_type=task_type_of(project.template),
    )


def _languages(form: AudienceForm) -> list[tuple[str, str]]:
    """Those that are offered, and any that was asked for by the API."""
    offered = languages.choices()
    more = [tag for tag in form.languages if tag not in dict(offered)]
    return [*offered, *((tag, tag) for tag in more)]
