"""A batch: its preview and cost while a draft, its progress and spend once it is published."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.payment.fees import PLATFORM_FEE_BASIS_POINTS
from crowdloom.kernel.ids import BatchId
from crowdloom.kernel.money import BASIS_POINTS
from crowdloom.ui.formats import number_text
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.application.pilot import PILOT_TASKS
from task_service.application.show_batches import hourly
from task_service.application.split_later import SplitState
from task_service.bootstrap import Application
from task_service.domain.batches import Batch, BatchStatus, Declined
from task_service.domain.errors import NothingToPublish, WrongBatchStatus
from task_service.domain.minimum_wages import MinimumWage, minimum_wages
from task_service.entrypoints.pages import audience_words, forms, previews, shell, states
from task_service.entrypoints.pages.audience_forms import reach_page
from task_service.entrypoints.pages.checklist import checklist
from task_service.entrypoints.pages.source_pages import draft_source, split_facts

SECONDS_MAX = 86_400


def batch_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("batch_pages", __name__)
    _add_batch(blueprint, application)
    _add_clone(blueprint, application)
    batches = application.batches
    _add_step(blueprint, application, batches.publish, lambda: None)
    _add_step(blueprint, application, application.pilots.pilot, _say_pilot)
    _add_step(blueprint, application, batches.pause, _say_paused)
    _add_step(blueprint, application, batches.resume, _say_resumed)
    _add_step(blueprint, application, batches.cancel, _say_cancelled)
    _add_step(blueprint, application, batches.archive, _say_archived)
    _add_step(blueprint, application, batches.restore, _say_restored)
    return blueprint


def _add_batch(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/requester/batches/<batch_id>")
    @require("requester")
    def batch(batch_id: str) -> str:
        found = application.batches.get(shell.reader(), BatchId(batch_id))
        if found.status is BatchStatus.DRAFT:
            return render_template("requester/draft.html", **_draft_facts(application, found))
        return render_template("requester/batch.html", **_live_facts(application, found))

    @blueprint.get("/requester/batches/<batch_id>/splitting")
    @require("requester")
    def splitting(batch_id: str) -> Response:
        """The part of a draft's page that tells how far its file is split."""
        facts = split_facts(application, application.batches.get(shell.reader(), BatchId(batch_id)))
        job = facts["splitting"]
        page = render_template("requester/_splitting.html", **facts) if job else ""
        response = make_response(page)
        if job is None or job.state is not SplitState.WAITING:
            response.headers["HX-Refresh"] = "true"
        return response

    @blueprint.get("/requester/batches/<batch_id>/progress")
    @require("requester")
    def progress(batch_id: str) -> Response:
        found = application.batches.get(shell.reader(), BatchId(batch_id))
        facts = _live_facts(application, found)
        response = make_response(render_template("requester/_progress.html", **facts))
        if request.args.get("seen") != str(found.status) or _grew(found):
            # The page around the fragment has other buttons then.
            response.headers["HX-Refresh"] = "true"
        return response


def _grew(batch: Batch) -> bool:
    """Whether the page around was shown before the batch grew, or before that was declined."""
    grows = str(batch.addition.status) if batch.addition else ""
    now = {"revision": str(batch.revision), "growing": grows}
    return any(request.args.get(name, known) != known for name, known in now.items())


def _add_clone(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/clone")
    @require("requester")
    @idempotent
    def clone(batch_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        made = application.clone_batch(batch)
        sentence = _("A draft with the same rows and terms. Change what you like, then publish it.")
        ui.say("good", _("Copied"), sentence)
        return redirect(shell.batch_page(made.batch_id), 303)


def _draft_facts(application: Application, batch: Batch) -> dict[str, Any]:
    view = previews.view("", batch.task_count)
    source = f"{shell.batch_preview(batch.batch_id, view.row)}{view.source}"
    pace = application.show_batches.pace_of_project(batch.project_id)
    tried = application.edit_drafts.seconds_of_project(batch.project_id)
    seconds = _seconds() or (pace.seconds if pace else tried)
    declined = batch.declined
    paid, wage = hourly(batch.terms.reward, seconds) if seconds else None, _wage()
    project = application.batches.project_of(batch)
    return {
        "batch": batch,
        "project": project,
        "view": replace(view, source=source),
        "pace": pace,
        "tried": tried,
        "seconds": seconds,
        "hourly": paid,
        "wage": wage,
        "points": checklist(
            batch,
            fields=project.answer_fields,
            seconds=seconds,
            wage_share=wage.share_of(paid) if paid else None,
        ),
        "countries": [(code, country_name(code)) for code in minimum_wages()],
        "pilot_cost": batch.terms.cost_of(PILOT_TASKS) if batch.task_count > PILOT_TASKS else None,
        "fee_ratio": PLATFORM_FEE_BASIS_POINTS / BASIS_POINTS,
        "vat_ratio": batch.terms.vat_basis_points / BASIS_POINTS,
        "source": draft_source(application, batch),
        **split_facts(application, batch),
        "audience": _audience(application, batch),
        "reach_page": reach_page(batch.requirements, project),
        "top_up": _top_up(declined, batch),
    }


def _audience(application: Application, batch: Batch) -> list[str]:
    names = audience_words.names_of(application.qualifications.listed(batch.requester_id))
    project = application.batches.project_of(batch)
    return list(audience_words.sentences(batch.requirements, project, names))


def _top_up(declined: Declined | None, batch: Batch) -> str | None:
    """Where to pay in what was missing."""
    return shell.top_up_page(declined.missing, batch.batch_id) if declined else None


def _wage() -> MinimumWage:
    """Of the country that the address names; without one, the first of the table."""
    wages = minimum_wages()
    return wages.get(request.args.get("country", "")) or next(iter(wages.values()))


def _seconds() -> int | None:
    """How long an item takes, as its requester says; None where that cannot be read."""
    try:
        seconds = int(forms.parse_number(request.args.get("seconds", "")))
    except forms.Unreadable:
        return None
    return seconds if 1 <= seconds <= SECONDS_MAX else None


def _live_facts(application: Application, batch: Batch) -> dict[str, Any]:
    progress = application.show_batches.progress(batch)
    measured = application.show_batches.measured(batch)
    pace = measured.pace
    return {
        "batch": batch,
        "project": application.batches.project_of(batch),
        "progress": progress,
        "pace": pace,
        "hourly": hourly(batch.terms.reward, pace.seconds) if pace else None,
        "throughput": application.show_batches.throughput(batch, progress, application.clock.now()),
        "agreement": measured.agreement,
        "problems": application.show_batches.problems(batch),
        "spent": batch.spent(progress.accepted),
        "top_up": _top_up(batch.addition.declined if batch.addition else None, batch),
        "audience": _audience(application, batch),
        "word": states.batch_words()[batch.status],
        "tone": states.BATCH_TONES[batch.status],
    }


def _add_step(
    blueprint: Blueprint,
    application: Application,
    step: Callable[[Batch], Batch],
    say: Callable[[], None],
) -> None:
    """`POST /requester/batches/<id>/<name of the step>`, then the batch again."""
    name = step.__name__

    @require("requester")
    @idempotent
    def take(batch_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        try:
            step(batch)
        except NothingToPublish:
            ui.say("bad", _("Not published"), _("Add a table first: the batch has no tasks."))
        except WrongBatchStatus:
            state = states.batch_words()[batch.status]
            sentence = _("The batch is in another state by now: %(state)s.", state=state)
            ui.say("bad", _("Nothing was changed"), sentence)
        else:
            say()
        return redirect(shell.batch_page(batch_id), 303)

    blueprint.add_url_rule(f"/requester/batches/<batch_id>/{name}", name, take, methods=["POST"])


def country_name(code: str) -> str:
    """In the reader's language."""
    locale = get_locale()
    return str(locale.territories.get(code, code)) if locale else code


def _say_pilot() -> None:
    ui.say(
        "move",
        _("A pilot"),
        _(
            "The first %(count)s rows go out. Look at their answers, then add the rest.",
            count=number_text(PILOT_TASKS),
        ),
    )


def _say_paused() -> None:
    ui.say("wait", _("Paused"), _("Nobody new can begin. Items in work may still be submitted."))


def _say_resumed() -> None:
    ui.say("good", _("Running"), _("Workers can begin items again."))


def _say_cancelled() -> None:
    ui.say(
        "good",
        _("Cancelled"),
        _("What is in work or submitted is still honoured; the rest goes back to your wallet."),
    )


def _say_archived() -> None:
    ui.say("good", _("Archived"), _("Lists leave it out; its answers and results stay."))


def _say_restored() -> None:
    ui.say("good", _("Restored"), _("It stands in the lists again."))
