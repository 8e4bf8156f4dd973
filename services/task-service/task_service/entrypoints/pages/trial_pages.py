"""Answer a row yourself: the page looks at the clock. The answer is lost, the time is kept."""

from datetime import datetime
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId
from crowdloom.ui.formats import duration
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.entrypoints.pages import previews, shell

SECONDS_MAX = 3600


def trial_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("trial_pages", __name__)
    watch = _Watch(application)
    _add_trial_of_draft(blueprint, application, watch)
    _add_trial_of_batch(blueprint, application, watch)
    return blueprint


class _Watch:
    """When a trial began stands signed in the page, so that no script has to look at the clock."""

    def __init__(self, application: Application) -> None:
        self._clock = application.clock
        self._stamps = Cursors(application.settings.common.cursor_key, salt="trials")

    def stamp(self) -> str:
        return self._stamps.write(self._clock.now().isoformat())

    def begun(self) -> datetime | None:
        """From the address, None before the start. Raises InvalidInput."""
        stamp = request.args.get("begun")
        return datetime.fromisoformat(self._stamps.read(stamp)) if stamp else None

    def seconds(self) -> int | None:
        """Since the stamp in the form; None where nobody takes that long. Raises InvalidInput."""
        begun = datetime.fromisoformat(self._stamps.read(request.form.get("begun", "")))
        seconds = round((self._clock.now() - begun).total_seconds())
        return max(1, seconds) if seconds <= SECONDS_MAX else None


def _add_trial_of_draft(blueprint: Blueprint, application: Application, watch: _Watch) -> None:
    address = f"{shell.DRAFTS_PAGE}/<draft_id>/try"
    drafts = application.edit_drafts

    @blueprint.get(address)
    @require("requester")
    def draft(draft_id: str) -> str:
        found = drafts.get(shell.reader(), draft_id)
        source = f"{shell.FRAME}/drafts/{draft_id}"
        view = previews.view(source, len(found.rows), version=str(found.version))
        title = found.text.title or _("Draft")
        return _page(watch, view, title=title, back=shell.draft_page(draft_id))

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def begin_draft(draft_id: str) -> Any:
        drafts.get(shell.reader(), draft_id)
        return _begun(watch, f"{shell.draft_page(draft_id)}/try")

    @blueprint.post(f"{address}/done")
    @require("requester")
    @idempotent
    def draft_done(draft_id: str) -> Any:
        found, seconds = drafts.get(shell.reader(), draft_id), watch.seconds()
        if seconds:
            drafts.note_trial(found, seconds)
        _tell(seconds)
        return redirect(shell.draft_page(draft_id), 303)


def _add_trial_of_batch(blueprint: Blueprint, application: Application, watch: _Watch) -> None:
    address = "/requester/batches/<batch_id>/try"
    batches = application.batches

    @blueprint.get(address)
    @require("requester")
    def batch(batch_id: str) -> str:
        found = batches.get(shell.reader(), BatchId(batch_id))
        view = previews.view("", found.task_count)
        source = f"{shell.batch_preview(batch_id, view.row)}{view.source}"
        back = shell.batch_page(batch_id)
        return _page(watch, view, title=found.title, back=back, source=source)

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def begin_batch(batch_id: str) -> Any:
        batches.get(shell.reader(), BatchId(batch_id))
        return _begun(watch, f"{shell.batch_page(batch_id)}/try")

    @blueprint.post(f"{address}/done")
    @require("requester")
    @idempotent
    def batch_done(batch_id: str) -> Any:
        found, seconds = batches.get(shell.reader(), BatchId(batch_id)), watch.seconds()
        if seconds:
            application.edit_drafts.note_trial_of_project(batches.project_of(found), seconds)
        _tell(seconds)
        return redirect(f"{shell.batch_page(batch_id)}#pay", 303)


def _begun(watch: _Watch, page: str) -> Any:
    row = request.form.get("row", "")
    wanted = row if row.isdecimal() else "1"
    return redirect(f"{page}?row={wanted}&begun={watch.stamp()}", 303)


def _page(
    watch: _Watch, view: previews.View, *, title: str, back: str, source: str | None = None
) -> str:
    return render_template(
        "requester/trial.html",
        title=title,
        back=back,
        view=view,
        source=source or view.source,
        begun=watch.begun(),
        stamp=request.args.get("begun", ""),
    )


def _tell(seconds: int | None) -> None:
    if seconds is None:
        sentence = _("It took more than an hour: nothing was noted. Try again when you like.")
        ui.say("wait", _("Not counted"), sentence)
        return
    sentence = _(
        "You took %(time)s. The answer is thrown away; the time is counted for the pay per hour.",
        time=duration(seconds),
    )
    ui.say("good", _("Counted"), sentence)
