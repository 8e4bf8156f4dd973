"""Payees: where each one's money goes, what is payable, and what is held."""

from collections.abc import Sequence
from functools import partial

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.holds import Hold
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.people import FINANCE_READERS, MAKER, Payee
from payment_service.entrypoints.pages import shell, words
from payment_service.entrypoints.pages.tables import Column, Table

_PAYEES = "/finance/payees"
Row = tuple[Payee, dict[str, Money], bool]


def payee_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("payee_pages", __name__)
    _add_reading(blueprint, application)
    _add_holding(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    readers = application.readers

    @blueprint.get(_PAYEES)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        return render_template(
            "finance/payees.html",
            table=_table(application).shown(),
            holds=_holds(application).shown(),
            status=request.args.get("status", ""),
            wanted=_wanted(),
            account_status=words.account_status(),
            rails=words.rails(),
            names=readers.staff.names(),
        )

    @blueprint.get(f"{_PAYEES}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def payees_file(kind: str) -> Response:
        return _table(application).file(kind, "payees")

    @blueprint.get("/finance/holds.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def holds_file(kind: str) -> Response:
        return _holds(application).file(kind, "holds")

    @blueprint.get(f"{_PAYEES}/<worker_id>/payouts.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def payouts_file(worker_id: str, kind: str) -> Response:
        return _payouts(application, WorkerId(worker_id)).file(kind, f"payouts-{worker_id}")

    @blueprint.get(f"{_PAYEES}/<worker_id>")
    @require("staff", *FINANCE_READERS)
    def one(worker_id: str) -> str:
        who = WorkerId(worker_id)
        payee = readers.payees.get(who)
        if payee is None and not readers.assignments.settled_count(who):
            raise NotFound("There is no such payee")
        holds = readers.holds.of_worker(who)
        return render_template(
            "finance/payee.html",
            worker_id=who,
            payee=payee,
            holds=holds,
            is_held_by_hand=any(hold.item_id is None for hold in holds),
            suspension=readers.suspensions.of_worker(who),
            sums=_sums(application, [who])[who],
            settled_count=readers.assignments.settled_count(who),
            table=_payouts(application, who).shown(),
            may_make=shell.may(MAKER),
            names=readers.staff.names(),
            account_status=words.account_status(),
            rails=words.rails(),
            item_words=words.items(),
            item_tones=words.ITEM_TONES,
            accounts={
                name: path
                for name, path in _paths(application, who).items()
                if application.journal.statement(path, count_max=1)
            },
        )


def _payouts(application: Application, who: WorkerId) -> Table[PayoutItem]:
    columns: list[Column[PayoutItem]] = [
        Column("line", lambda item: item.item_id),
        Column("run", lambda item: item.run_id, _("Run")),
        Column("amount", lambda item: item.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("fee", lambda item: item.fee),
        Column("withheld", lambda item: item.withheld),
        Column("tax_country", lambda item: item.tax_country),
        Column("currency", lambda item: item.currency.code),
        Column("state", lambda item: item.state.value, _("State")),
        Column("changed_at", lambda item: item.changed_at, _("Changed")),
    ]
    return Table.kept(columns, application.tables.payouts_of(who), first="-line")


def _wanted() -> str:
    return request.args.get("q", "").strip()


def _table(application: Application) -> Table[Row]:
    status = request.args.get("status", "")
    found = application.tables.payees(
        status=status if status in words.account_status() else None, part=_wanted()
    )
    columns: list[Column[Row]] = [
        Column("worker", lambda row: row[0].worker_id, _("Worker")),
        *(_sum_of(name, word) for name, word in _sum_words().items()),
        Column("currency", lambda row: row[1]["payable"].currency.code),
        Column("account", lambda row: row[0].status, _("Account")),
        Column("rail", lambda row: row[0].rail.value, _("Paid by")),
        Column("is_held", lambda row: "yes" if row[2] else ""),
        Column("details_at", lambda row: row[0].details_at),
    ]
    return Table.joined(
        columns,
        found,
        partial(_rows, application),
        ids=lambda row: row[0].worker_id,
        first="worker",
    )


def _sum_words() -> dict[str, str]:
    return {"payable": _("Payable"), "clearing": _("Inside the hold time"), "held": _("Held")}


def _sum_of(name: str, word: str) -> Column[Row]:
    return Column(name, lambda row: row[1][name], word, is_figure=True, is_summed=True)


def _holds(application: Application) -> Table[Hold]:
    names = application.readers.staff.names()
    columns: list[Column[Hold]] = [
        Column("worker", lambda row: row.worker_id, _("Worker")),
        Column("reason", lambda row: row.reason, _("Why")),
        Column("placed_by", lambda row: names.get(row.placed_by, row.placed_by), _("Placed by")),
        Column("placed_at", lambda row: row.placed_at, _("Placed")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.amount.currency.code),
    ]
    return Table.kept(columns, application.tables.holds(), first="placed_at", name="holds")


def _rows(application: Application, payees: Sequence[Payee]) -> list[Row]:
    workers = [payee.worker_id for payee in payees]
    sums = _sums(application, workers)
    held = application.readers.holds.held(workers)
    return [(payee, sums[payee.worker_id], payee.worker_id in held) for payee in payees]


def _paths(application: Application, worker_id: WorkerId) -> dict[str, str]:
    currency = application.currency
    return {
        "clearing": chart.clearing(worker_id, currency),
        "payable": chart.payable(worker_id, currency),
        "held": chart.held(worker_id, currency),
    }


def _sums(application: Application, workers: list[WorkerId]) -> dict[WorkerId, dict[str, Money]]:
    """What each has in clearing, payable and held."""
    paths = {worker: _paths(application, worker) for worker in workers}
    units = application.readers.ledger.balances(
        {path for each in paths.values() for path in each.values()}
    )
    return {
        worker: {name: Money(units[path], application.currency) for name, path in each.items()}
        for worker, each in paths.items()
    }


def _add_holding(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_PAYEES}/<worker_id>/hold")
    @require("staff", MAKER)
    def hold(worker_id: str) -> BaseResponse:
        try:
            application.place_hold(
                shell.staff_member(), WorkerId(worker_id), reason=request.form.get("reason", "")
            )
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Not done"), ui.worded(refusal))
        else:
            ui.say("good", _("Held"), _("What was payable is kept back, and no run pays it."))
        return redirect(f"{_PAYEES}/{worker_id}", 303)

    @blueprint.post(f"{_PAYEES}/<worker_id>/release")
    @require("staff", MAKER)
    def release(worker_id: str) -> BaseResponse:
        hold = application.readers.holds.get(request.form.get("hold_id", ""))
        if hold is None or hold.worker_id != worker_id:
            raise NotFound("Nothing is held")
        try:
            approval = application.approvals.propose(
                shell.staff_member(),
                "hold_release",
                payload={"hold_id": hold.hold_id},
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
        except DomainError as refusal:
            ui.say("bad", _("Not proposed"), ui.worded(refusal))
            return redirect(f"{_PAYEES}/{worker_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves the release now."))
        return redirect(f"/finance/approvals/{approval.approval_id}", 303)
