"""Payout runs: a maker drafts and freezes, somebody else approves, everybody watches."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, StaffId
from flask import Blueprint, Response, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.bank_files import waiting_file
from payment_service.application.payout_runs import RunView
from payment_service.application.plan_runs import RunPreview, largest, marks_of
from payment_service.application.tables import RunLine
from payment_service.bootstrap import Application
from payment_service.domain.approvals import ReasonMissing
from payment_service.domain.payouts import (
    OPEN_STATES,
    ContentChanged,
    ItemState,
    MakerIsChecker,
    NothingEligible,
    PayoutItem,
    Rail,
    RunNotInState,
    RunStatus,
    TooLittleAvailable,
    total_of,
)
from payment_service.domain.people import CONTROLLER, FINANCE_READERS
from payment_service.entrypoints.pages import refusals, shell, words
from payment_service.entrypoints.pages.tables import Column, Table

_LINES_SHOWN = 200
_RUNS = "/finance/payout-runs"
_RUN = f"{_RUNS}/<run_id>"
_MAKER, _CHECKER = "finance.maker", "finance.checker"
_HASH_SHOWN = 4
Said = tuple[str, str]


def run_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("run_pages", __name__)
    _add_list(blueprint, application)
    _add_run(blueprint, application)
    _add_acts(blueprint, application)
    _add_line_acts(blueprint, application)
    _add_switch(blueprint, application)
    return blueprint


def _add_list(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_RUNS)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        return render_template(
            "finance/runs.html",
            table=_runs(application).shown(),
            status=request.args.get("status", ""),
            rail=request.args.get("rail", ""),
            previews=_previews(application),
            rails=words.rails(),
            left_out=words.left_out(),
            may_make=shell.may(_MAKER),
            may_switch=shell.may(CONTROLLER),
            switch=application.readers.payout_runs.switch(),
            names=application.readers.staff.names(),
            words=words.runs(),
            tones=words.RUN_TONES,
        )

    @blueprint.get(f"{_RUNS}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def runs_file(kind: str) -> Response:
        return _runs(application).file(kind, "payout-runs")

    @blueprint.post(_RUNS)
    @require("staff", _MAKER)
    def draft() -> BaseResponse:
        try:
            view = application.runs.draft(
                shell.staff_member(),
                application.currency,
                key=idempotency_key(),
                rail=Rail(request.form.get("rail") or Rail.STRIPE),
            )
        except NothingEligible:
            ui.say("wait", _("Nothing drafted"), _("Nobody who asked can be paid now."))
            return redirect(_RUNS, 303)
        return redirect(f"{_RUNS}/{view.run.run_id}", 303)


def _runs(application: Application) -> Table[RunLine]:
    status, rail = request.args.get("status", ""), request.args.get("rail", "")
    names = application.readers.staff.names()
    found = application.tables.runs(
        status=RunStatus(status) if status in set(RunStatus) else None,
        rail=Rail(rail) if rail in set(Rail) else None,
    )
    columns: list[Column[RunLine]] = [
        Column("run", lambda row: row.run.number, _("Run")),
        Column("rail", lambda row: row.run.rail.value),
        Column("total", lambda row: row.total, _("Total"), is_figure=True, is_summed=True),
        Column("paid", lambda row: row.paid, _("Paid"), is_figure=True, is_summed=True),
        Column("refused", lambda row: row.failed, _("Refused"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.run.currency.code),
        Column("payees", lambda row: row.payee_count, _("Payees"), is_figure=True),
        Column("state", lambda row: row.run.status.value, _("State")),
        Column("made_by", lambda row: names.get(row.run.made_by, ""), _("Made by")),
        Column("made_at", lambda row: row.run.made_at, _("Made")),
        Column("approved_by", lambda row: _name(names, row.run.approved_by), _("Approved by")),
        Column("approved_at", lambda row: row.run.approved_at),
        Column("ended_at", lambda row: row.run.ended_at),
    ]
    return Table.joined(
        columns,
        found,
        application.tables.run_lines,
        ids=lambda row: row.run.run_id,
        first="-run",
    )


def _name(names: Mapping[StaffId, str], who: StaffId | None) -> str:
    return names.get(who, who) if who else ""


def _previews(application: Application) -> list[RunPreview]:
    """The processor's rail always; others where somebody waits there."""
    found = [
        application.plan_runs.preview(application.currency, rail)
        for rail in application.choose_rail.offered
    ]
    return [
        preview
        for preview in found
        if preview.rail is Rail.STRIPE or preview.item_count or preview.left_out_count
    ]


def view_of(application: Application, run_id: str) -> RunView:
    """Raises NotFound."""
    runs = application.readers.payout_runs
    run = runs.get(PayoutRunId(run_id))
    if run is None:
        raise NotFound("There is no such payout run")
    return RunView(run, runs.items(run.run_id))


def _add_run(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_RUN)
    @require("staff", *FINANCE_READERS)
    def one(run_id: str) -> str:
        return render_template("finance/run.html", **_facts(application, run_id))

    @blueprint.get(f"{_RUN}/lines")
    @require("staff", *FINANCE_READERS)
    def lines(run_id: str) -> Response:
        """The lines alone, for a page that watches; once all is over the whole page is due."""
        g.page_path = f"{_RUNS}/{run_id}"
        facts = _facts(application, run_id)
        response = Response(render_template("finance/_run_lines.html", **facts))
        if not facts["moving"]:
            response.headers["HX-Refresh"] = "true"
        return response

    @blueprint.get(f"{_RUN}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def run_file(run_id: str, kind: str) -> Response:
        view = view_of(application, run_id)
        return _items(view).file(kind, f"payout-run-{view.run.number}")


def _facts(application: Application, run_id: str) -> dict[str, Any]:
    view = view_of(application, run_id)
    run = view.run
    workers = {item.worker_id for item in view.items}
    largest_lines = largest(view.items)
    last = {} if run.approved_at else application.readers.payout_runs.last_paid(workers)
    digest = run.content_hash or ""
    return {
        "view": view,
        "table": _items(view).shown(_LINES_SHOWN),
        "state": request.args.get("state", ""),
        "run": run,
        "moving": run.status is RunStatus.EXECUTING,
        "open_count": view.count(*OPEN_STATES),
        "marks": marks_of(view.items, last),
        "largest": largest_lines,
        "largest_total": total_of(largest_lines, run.currency),
        # Asked of the journal only while it matters: a watched run asks every two seconds.
        "available": None if run.approved_at else application.show_finance.available(run.rail),
        "approvals_needed": application.runs.approvals_needed(view),
        "bank_file": waiting_file(view),
        "rails": words.rails(),
        "short_hash": f"{digest[:_HASH_SHOWN]}…{digest[-_HASH_SHOWN:]}" if digest else "",
        "made_it": run.made_by == shell.staff_member(),
        "approved_it": shell.staff_member() in run.approvers,
        "may_make": shell.may(_MAKER),
        "may_check": shell.may(_CHECKER),
        "names": application.readers.staff.names(),
        "reason": refusals.reason,
        "run_words": words.runs(),
        "run_tones": words.RUN_TONES,
        "item_words": words.items(),
        "item_tones": words.ITEM_TONES,
    }


def _items(view: RunView) -> Table[PayoutItem]:
    state = request.args.get("state", "")
    wanted = {ItemState(state)} if state in set(ItemState) else set(ItemState)
    columns: list[Column[PayoutItem]] = [
        Column("line", lambda item: item.item_id),
        Column("worker", lambda item: item.worker_id, _("Worker")),
        Column("amount", lambda item: item.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("fee", lambda item: item.fee),
        Column("withheld", lambda item: item.withheld),
        Column("tax_country", lambda item: item.tax_country),
        Column("currency", lambda item: item.currency.code),
        Column("state", lambda item: item.state.value, _("State")),
        Column("attempt", lambda item: item.attempt),
        Column("account", lambda item: item.destination),
        Column("transfer", lambda item: item.transfer_id),
        Column("processor_line", lambda item: item.transaction_id),
        Column("reason", lambda item: item.refusal, _("What to know")),
        Column("changed_at", lambda item: item.changed_at, _("Changed")),
    ]
    chosen = [item for item in view.items if item.state in wanted]
    return Table.listed(columns, chosen, ids=lambda item: item.item_id, first="line")


def _add_acts(blueprint: Blueprint, application: Application) -> None:
    desk = application.runs

    @blueprint.post(f"{_RUN}/freeze")
    @require("staff", _MAKER)
    def freeze(run_id: str) -> BaseResponse:
        return _act(
            run_id, lambda run: desk.freeze(shell.staff_member(), run), (_("Frozen"), _frozen())
        )

    @blueprint.post(f"{_RUN}/approve")
    @require("staff", _CHECKER)
    def approve(run_id: str) -> BaseResponse:
        seen = request.form.get("content_hash", "")
        return _act(
            run_id,
            lambda run: desk.approve(shell.staff_member(), run, seen_hash=seen),
            _approved,
        )

    @blueprint.post(f"{_RUN}/cancel")
    @require("staff", _MAKER, _CHECKER)
    def cancel(run_id: str) -> BaseResponse:
        return _act(
            run_id,
            lambda run: desk.cancel(shell.staff_member(), run),
            (_("Cancelled"), _("Nothing was paid. The requests wait for another run.")),
        )


def _add_switch(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_RUNS}/switch")
    @require("staff", CONTROLLER)
    def turn() -> BaseResponse:
        stopped = request.form.get("stopped") == "1"
        try:
            application.switch_payouts(
                shell.staff_member(), stopped=stopped, reason=request.form.get("reason", "")
            )
        except ReasonMissing:
            ui.say("bad", _("Not done"), _("Say why: whoever looks at it later must be able to."))
        except InvalidInput as refusal:
            ui.say("bad", _("Not done"), ui.worded(refusal))
        return redirect(_RUNS, 303)


def _frozen() -> str:
    return str(_("Its content is fixed. Another person approves it now."))


def _add_line_acts(blueprint: Blueprint, application: Application) -> None:
    desk = application.runs
    line = f"{_RUN}/lines/<item_id>"

    @blueprint.post(f"{line}/remove")
    @require("staff", _MAKER)
    def remove(run_id: str, item_id: str) -> BaseResponse:
        item = PayoutItemId(item_id)
        return _act(
            run_id,
            lambda run: desk.remove_item(shell.staff_member(), run, item),
            (_("Taken out"), _("The run is a draft; freeze it when it is right.")),
        )

    @blueprint.post(f"{line}/retry")
    @require("staff", _MAKER)
    def retry(run_id: str, item_id: str) -> BaseResponse:
        item = PayoutItemId(item_id)
        return _act(
            run_id,
            lambda run: desk.retry_item(shell.staff_member(), run, item),
            (_("Being sent again"), _("As a new attempt, with a key of its own.")),
        )

    @blueprint.post(f"{line}/give-up")
    @require("staff", _MAKER)
    def give_up(run_id: str, item_id: str) -> BaseResponse:
        item = PayoutItemId(item_id)
        return _act(
            run_id,
            lambda run: desk.cancel_item(shell.staff_member(), run, item),
            (_("Given up"), _("The money is payable; the worker can ask again.")),
        )


def _approved(view: RunView) -> Said:
    if view.run.status is RunStatus.FROZEN:
        return _("Your approval is kept"), _("A run of this size needs another person's as well.")
    return _("Approved"), _("The lines are being paid.")


def _act(
    run_id: str, act: Callable[[PayoutRunId], RunView], done: Said | Callable[[RunView], Said]
) -> BaseResponse:
    """Do it and say so on the run's page; a refusal is said there as well."""
    try:
        view = act(PayoutRunId(run_id))
    except (
        ContentChanged,
        MakerIsChecker,
        NothingEligible,
        RunNotInState,
        TooLittleAvailable,
    ) as refusal:
        ui.say("bad", _("Not done"), _refusal(refusal))
    else:
        ui.say("good", *(done(view) if callable(done) else done))
    return redirect(f"{_RUNS}/{run_id}", 303)


def _refusal(refusal: DomainError) -> str:
    known: Iterable[tuple[type[DomainError], str]] = (
        (MakerIsChecker, _("You made this run; another person approves it.")),
        (ContentChanged, _("Something in it has changed since. Look at it again.")),
        (NothingEligible, _("The run has no lines left.")),
        (TooLittleAvailable, _("Too little is available for it. Nothing was sent.")),
    )
    for kind, sentence in known:
        if isinstance(refusal, kind):
            return sentence
    return str(_("It has moved on in the meantime. This is how it stands."))
