"""Today and reconciliations: what agrees, what does not, and what waits for me."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import Money
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application import show_reconciliation as reading
from payment_service.application.audit import FEED_SILENCE
from payment_service.application.payout_runs import RunView
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.entrypoints.pages import shell, words
from payment_service.entrypoints.pages.tables import Column, Table

_PLACE = "/finance/reconciliations"
_TODAY_EXCEPTIONS = 5


def today_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("today_pages", __name__)
    _add_today(blueprint, application)
    _add_reconciliations(blueprint, application)
    return blueprint


def _add_today(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.TODAY_PAGE)
    @blueprint.get("/finance/")
    @require("staff", *FINANCE_READERS)
    def today() -> str:
        now = application.show_finance.today()
        read_to = application.readers.lines.complete_to()
        return render_template(
            "finance/today.html",
            today=now,
            available_path=chart.stripe_available(application.currency),
            to_approve=_to_approve(application, now.to_approve).shown(),
            with_failures=_with_failures(now.with_failures).shown(),
            may_reconcile=shell.may(MAKER) or shell.may(CHECKER),
            agree=reading.books_agree(now.compared) if now.compared else None,
            matched=reading.matched_count(now.compared) if now.compared else None,
            proofs=reading.proofs(now.compared) if now.compared else [],
            exceptions=application.readers.exceptions.listed(_TODAY_EXCEPTIONS),
            newest_line=application.readers.lines.newest_created(),
            read_to=read_to,
            is_silent=read_to is not None and application.clock.now() - read_to > FEED_SILENCE,
            names=application.readers.staff.names(),
            me=shell.staff_member(),
            may_check=shell.may("finance.checker"),
            kinds=words.exceptions(),
            facts=words.references(),
        )


def _add_reconciliations(blueprint: Blueprint, application: Application) -> None:
    reconciliations = application.readers.reconciliations

    @blueprint.get(_PLACE)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        table = _table(application).shown()
        return render_template(
            "finance/reconciliations.html",
            may_reconcile=shell.may(MAKER) or shell.may(CHECKER),
            table=table,
            result=request.args.get("result", ""),
            found=[
                (each, reading.books_agree(each), reading.matched_count(each))
                for each in table.rows
            ],
            names=application.readers.staff.names(),
        )

    @blueprint.get(f"{_PLACE}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def listed_file(kind: str) -> Response:
        return _table(application).file(kind, "reconciliations")

    parts: Mapping[str, Callable[[Mapping[str, Any]], Table[Mapping[str, Any]]]] = {
        "differences": partial(_differences, application),
        "timing": partial(_timing, application),
        "banks": _banks,
    }

    @blueprint.get(
        f"{_PLACE}/<reconciliation_id>/<any({', '.join(parts)}):part>.<any(csv, xlsx):kind>"
    )
    @require("staff", *FINANCE_READERS)
    def part_file(reconciliation_id: str, part: str, kind: str) -> Response:
        return parts[part](needed(reconciliation_id)).file(kind, f"{part}-{reconciliation_id}")

    @blueprint.post("/finance/reconciliations")
    @require("staff", MAKER, CHECKER)
    def ask() -> BaseResponse:
        asked = application.queue_reconciliation(shell.staff_member(), key=idempotency_key())
        return redirect(f"/finance/reconciliations/{asked['_id']}", 303)

    @blueprint.get("/finance/reconciliations/<reconciliation_id>")
    @require("staff", *FINANCE_READERS)
    def one(reconciliation_id: str) -> str:
        return render_template("finance/reconciliation.html", **facts(reconciliation_id))

    @blueprint.get("/finance/reconciliations/<reconciliation_id>/state")
    @require("staff", *FINANCE_READERS)
    def state(reconciliation_id: str) -> Any:
        """The same, for a page that waits for the result."""
        g.page_path = f"{_PLACE}/{reconciliation_id}"
        return render_template("finance/_reconciliation.html", **facts(reconciliation_id))

    def needed(reconciliation_id: str) -> Mapping[str, Any]:
        found = reconciliations.get(reconciliation_id)
        if found is None:
            raise NotFound("There is no such reconciliation")
        return found

    def facts(reconciliation_id: str) -> dict[str, Any]:
        found = needed(reconciliation_id)
        return {
            "found": found,
            "differences": _differences(application, found).shown(),
            "timing": _timing(application, found).shown(),
            "banks": _banks(found).shown(),
            "agree": reading.books_agree(found),
            "matched": reading.matched_count(found),
            "proofs": reading.proofs(found),
            "names": application.readers.staff.names(),
            "kinds": words.exceptions(),
            "failures": words.failed_reconciliations(),
        }


def _to_approve(application: Application, views: Sequence[RunView]) -> Table[RunView]:
    names = application.readers.staff.names()
    columns: list[Column[RunView]] = [
        Column("run", lambda row: row.run.number, _("Payout run")),
        Column("payees", lambda row: len(row.items), _("Payees"), is_figure=True),
        Column("total", lambda row: row.total, _("Total"), is_figure=True, is_summed=True),
        Column("made_by", lambda row: names.get(row.run.made_by, ""), _("Made by")),
    ]
    return Table.listed(columns, views, ids=_id_of_run, first="run", name="approve")


def _with_failures(views: Sequence[RunView]) -> Table[RunView]:
    columns: list[Column[RunView]] = [
        Column("run", lambda row: row.run.number, _("Payout run")),
        Column("refused", lambda row: row.failed, _("Refused"), is_figure=True, is_summed=True),
        Column("paid", lambda row: row.paid, _("Paid"), is_figure=True, is_summed=True),
        Column("ended_at", lambda row: row.run.ended_at, _("Ended")),
    ]
    return Table.listed(columns, views, ids=_id_of_run, first="-run", name="failed")


def _id_of_run(view: RunView) -> str:
    return view.run.run_id


def _banks(found: Mapping[str, Any]) -> Table[Mapping[str, Any]]:
    def amount(name: str, word: str) -> Column[Mapping[str, Any]]:
        def value(row: Mapping[str, Any]) -> Money | None:
            return Money.from_wire(row[name]) if row[name] else None

        return Column(name, value, word, is_figure=True, is_summed=True)

    columns: list[Column[Mapping[str, Any]]] = [
        Column("account", lambda row: str(row["account"]), _("Account")),
        amount("ledger", _("Ledger")),
        amount("waiting", _("Being booked")),
        amount("explained", _("Lines that explain a difference")),
        amount("closing", _("Closing balance")),
        amount("unexplained", _("Left unexplained")),
    ]
    rows = found.get("banks") or ()
    return Table.listed(
        columns, rows, ids=lambda row: str(row["account"]), first="account", name="banks"
    )


def _table(application: Application) -> Table[Mapping[str, Any]]:
    names = application.readers.staff.names()
    columns: list[Column[Mapping[str, Any]]] = [
        Column("id", lambda row: str(row["_id"])),
        Column("asked_at", lambda row: row["asked_at"], _("When")),
        Column("status", lambda row: str(row["status"]), _("Result")),
        Column("lines", lambda row: row.get("lines_count"), _("Lines matched"), is_figure=True),
        Column("matched", reading.matched_count),
        Column(
            "differences",
            lambda row: row.get("differences_count"),
            _("Differences"),
            is_figure=True,
        ),
        Column(
            "asked_by", lambda row: names.get(row["asked_by"], row["asked_by"]), _("Asked for by")
        ),
    ]
    return Table(
        columns,
        application.tables.reconciliations(request.args.get("result", "")),
        first="-asked_at",
    )


def _differences(application: Application, found: Mapping[str, Any]) -> Table[Mapping[str, Any]]:
    columns: list[Column[Mapping[str, Any]]] = [
        Column("kind", lambda row: str(row["kind"]), _("Kind")),
        Column("subject", lambda row: str(row["subject"]), _("Subject")),
        Column("amount", _amount, _("Processor less ledger"), is_figure=True, is_summed=True),
        Column("currency", _currency),
    ]
    if found.get("all_kept"):
        kept = application.tables.differences(found["_id"])
        return Table.kept(columns, kept, first="kind", name="differences")
    # From before all of them were kept: what the result itself holds.
    rows = found.get("differences", ())
    return Table.listed(columns, rows, ids=_id_of, first="kind", name="differences")


def _timing(application: Application, found: Mapping[str, Any]) -> Table[Mapping[str, Any]]:
    columns: list[Column[Mapping[str, Any]]] = [
        Column("what", lambda row: str(row["subject"]), _("What")),
        Column("amount", _amount, _("Amount"), is_figure=True, is_summed=True),
        Column("due_on", lambda row: row["due_on"], _("A difference after")),
    ]
    if found.get("timing_kept"):
        kept = application.tables.timing(found["_id"])
        return Table.kept(columns, kept, first="due_on", name="timing")
    # From before all of them were kept.
    rows = found.get("timing") or ()
    return Table.listed(columns, rows, ids=_id_of, first="due_on", name="timing")


def _amount(row: Mapping[str, Any]) -> Money | None:
    return Money.from_wire(row["amount"]) if row["amount"] else None


def _currency(row: Mapping[str, Any]) -> str:
    return str(row["amount"]["currency"]) if row["amount"] else ""


def _id_of(row: Mapping[str, Any]) -> str:
    return f"{row['kind']} {row['subject']}"
