"""Requesters' funds as finance sees them: what each has here, and what each was invoiced."""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from payment_service.application.tables import Funds
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.invoices import Invoice, number_of
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.pages.invoice_pages import invoice_paper
from payment_service.entrypoints.pages.pdf_files import pdf_file
from payment_service.entrypoints.pages.tables import Column, Table

_FUNDS, _INVOICES = "/finance/funds", "/finance/invoices"


def funds_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("funds_pages", __name__)
    _add_funds(blueprint, application)
    _add_invoices(blueprint, application)
    return blueprint


def _add_funds(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_FUNDS)
    @require("staff", *FINANCE_READERS)
    def funds() -> str:
        return render_template(
            "finance/funds.html",
            table=_funds(application).shown(),
            wanted=_wanted(),
            wallet=chart.wallet,
        )

    @blueprint.get(f"{_FUNDS}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def funds_file(kind: str) -> Response:
        return _funds(application).file(kind, "funds")


def _wanted() -> str:
    return request.args.get("q", "").strip()


def _funds(application: Application) -> Table[Funds]:
    columns: list[Column[Funds]] = [
        Column("requester", lambda row: row.requester_id, _("Requester")),
        Column("free", lambda row: row.free, _("Free"), is_figure=True, is_summed=True),
        Column("reserved", lambda row: row.reserved, _("Reserved"), is_figure=True, is_summed=True),
        Column(
            "refunding",
            lambda row: row.refunding,
            _("On the way back"),
            is_figure=True,
            is_summed=True,
        ),
        Column("all", lambda row: row.all, _("In all"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.free.currency.code),
    ]
    found = [row for row in application.tables.funds() if _wanted() in row.requester_id]
    return Table.listed(columns, found, ids=lambda row: row.row_id, first="-all")


def _add_invoices(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_INVOICES)
    @require("staff", *FINANCE_READERS)
    def invoices() -> str:
        return render_template(
            "finance/invoices.html",
            table=_invoices(application).shown(),
            month=request.args.get("month", ""),
            wanted=_wanted(),
        )

    @blueprint.get(f"{_INVOICES}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def invoices_file(kind: str) -> Response:
        return _invoices(application).file(kind, "invoices")

    @blueprint.get(f"{_INVOICES}/<name>.pdf")
    @require("staff", *FINANCE_READERS)
    def invoice_file(name: str) -> Response:
        number = number_of(name)
        found = None if number is None else application.readers.invoices.get(number)
        if found is None:
            raise NotFound("There is no such invoice")
        return pdf_file(f"{found.name}.pdf", invoice_paper(found))


def _invoices(application: Application) -> Table[Invoice]:
    month = request.args.get("month", "")
    columns: list[Column[Invoice]] = [
        Column("number", lambda row: row.name, _("Number")),
        Column("month", lambda row: row.period, _("Month")),
        Column("requester", lambda row: row.requester_id, _("Requester")),
        Column("fees", lambda row: row.fees, _("Fees"), is_figure=True, is_summed=True),
        Column("vat", lambda row: row.vat, _("VAT"), is_figure=True, is_summed=True),
        Column(
            "passed_on", lambda row: row.rewards, _("Passed on"), is_figure=True, is_summed=True
        ),
        Column("currency", lambda row: row.currency.code),
        Column("issued_at", lambda row: row.issued_at, _("Issued")),
        Column("billed_to", lambda row: row.billed_to),
        Column("country", lambda row: row.profile.country),
        Column("vat_number", lambda row: row.profile.vat_number),
        Column("reverse_charge", lambda row: "yes" if row.is_reverse_charged else "no"),
    ]
    found = application.tables.invoices(part=_wanted(), month=month)
    return Table.kept(columns, found, first="-number")
