"""Downloads of the journal, each with what it is for."""

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import InvalidInput
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from payment_service.application.export_journal import Period
from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.http.exports import sent
from payment_service.entrypoints.pages import shell
from payment_service.entrypoints.pages.tables import asked_day, days_asked


def export_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("export_pages", __name__)

    def page(errors: dict[str, str], status: int = 200) -> Response:
        today = application.clock.now().date()
        html = render_template(
            "finance/exports.html",
            formats=_formats(),
            since=request.args.get("since") or today.replace(day=1).isoformat(),
            until=request.args.get("until") or today.isoformat(),
            errors=errors,
        )
        return Response(html, status)

    @blueprint.get("/finance/ledger/exports")
    @require("staff", *FINANCE_READERS)
    def exports() -> Response:
        return page({})

    @blueprint.get("/finance/ledger/exports/file")
    @require("staff", *FINANCE_READERS)
    def file() -> Response:
        since, until = days_asked()
        errors = {name: _("Give a day.") for name in ("since", "until") if not asked_day(name)}
        if since is None or until is None:
            return page(errors, 422)
        try:
            period = Period(since, until)
        except InvalidInput:
            return page({"until": _("The last day is not before the first one.")}, 422)
        name = request.args.get("format", "")
        return sent(application.export_journal(shell.staff_member(), name, period))

    return blueprint


def _formats() -> dict[str, tuple[str, str]]:
    """Format -> what it is called, and what it is for."""
    return {
        "csv": (_("Journal, CSV"), _("Every line of every entry, for a spreadsheet.")),
        "xlsx": (_("Journal, Excel"), _("The same as a workbook, with amounts as numbers.")),
        "jsonl": (_("Journal, JSON lines"), _("Every entry with its cause, for programs.")),
        "beancount": (
            "Beancount",
            _("Plain-text accounts with balances before and after, which bean-check verifies."),
        ),
        "quickbooks": (
            "QuickBooks Online",
            _("A journal a day by control account, in whole cents, for its import."),
        ),
        "xero": ("Xero", _("Manual journals in a zip, at most 300 lines a file.")),
        "tax-totals": (
            _("Tax totals, CSV"),
            _("What each worker was paid, by year and quarter, and whether it has to be told."),
        ),
        "vat-totals": (
            _("VAT totals, CSV"),
            _("Fees and the VAT on them by month, country and rate, for VAT returns."),
        ),
        "audit-pack": (
            _("Audit pack"),
            _("Journal, chain of seals, trial balance and balance proof in a zip."),
        ),
    }
