"""Invoices of a requester's fees and receipts of what was paid in: pages that print, and PDFs."""

from typing import Any, cast

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput, NotFound
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _

from payment_service.bootstrap import Application
from payment_service.domain.invoices import BILLED_TO_CHARACTERS_MAX, Invoice, number_of
from payment_service.domain.people import TopUp
from payment_service.entrypoints.pages import shell
from payment_service.entrypoints.pages.pdf_files import Paper, latin, pdf_file
from payment_service.entrypoints.pages.tables import Column, Table

INVOICES_PAGE = "/pay/invoices"
_REVERSED = "Reverse charge: the recipient is liable for the VAT. "
_TYPED = ("billed_to", "country", "vat_number")
_NO_COUNTRIES = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")
_LATIN_ONLY = "Texts in other than Latin letters are on the page of this document."


def invoice_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("invoice_pages", __name__)
    _add_list(blueprint, application)
    _add_invoice(blueprint, application)
    _add_receipt(blueprint, application)
    return blueprint


def _add_list(blueprint: Blueprint, application: Application) -> None:
    invoices, vat_rules = application.readers.invoices, application.settings.vat

    @blueprint.get(INVOICES_PAGE)
    @require("requester")
    def listed() -> str:
        return page()

    def page(typed: dict[str, Any] | None = None) -> str:
        return render_template(
            "pay/invoices.html",
            table=_invoices(application).shown(),
            countries=countries(),
            vat=vat_rules.of(invoices.profile(shell.requester()), application.clock.now().date()),
            characters_max=BILLED_TO_CHARACTERS_MAX,
            **(typed or _billing(application)),
        )

    @blueprint.get(f"{INVOICES_PAGE}.<any(csv, xlsx):kind>")
    @require("requester")
    def listed_file(kind: str) -> Response:
        return _invoices(application).file(kind, "invoices")

    @blueprint.post(INVOICES_PAGE)
    @require("requester")
    def set_billed_to() -> Any:
        typed = {name: request.form.get(name, "") for name in _TYPED}
        try:
            application.set_billed_to(
                shell.requester(),
                typed["billed_to"],
                country=typed["country"],
                vat_number=typed["vat_number"],
            )
        except InvalidInput as error:
            said, named = _sentences(), cast("dict[str, Any]", error.facts["errors"])
            errors = {name: said[name] for name in named}
            return page({**typed, "errors": errors}), 422
        ui.say("good", _("Kept"), _("It is printed on invoices from now on."))
        return redirect(INVOICES_PAGE, 303)


def _billing(application: Application) -> dict[str, Any]:
    invoices, who = application.readers.invoices, shell.requester()
    return {"billed_to": invoices.billed_to(who), **vars(invoices.profile(who)), "errors": {}}


def _sentences() -> dict[str, str]:
    """What to do about each field that was refused."""
    return {
        "billed_to": _("That is too long for an invoice."),
        "country": _("Choose the country that the VAT number belongs to."),
        "vat_number": _("Write four to twenty letters and digits, for example DE123456789."),
    }


def countries() -> list[tuple[str, str]]:
    """(code, name in the reader's language), by name; the first one is none."""
    locale = get_locale()
    names = locale.territories if locale else {}
    known = [(code, str(name)) for code, name in names.items() if _is_country(code)]
    return [("", _("Not said")), *sorted(known, key=lambda pair: pair[1])]


def _is_country(code: str) -> bool:
    """Others of the list are regions (150), groups (EU, UN) and the unknown (ZZ)."""
    return code.isalpha() and len(code) == len("DE") and code not in _NO_COUNTRIES


def _invoices(application: Application) -> Table[Invoice]:
    columns: list[Column[Invoice]] = [
        Column("number", lambda row: row.name, _("Number")),
        Column("month", lambda row: row.period, _("Month")),
        Column("issued_at", lambda row: row.issued_at, _("Issued")),
        Column("fees", lambda row: row.fees, _("Fees"), is_figure=True, is_summed=True),
        Column("vat", lambda row: row.vat, _("VAT"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.currency.code),
    ]
    found = application.tables.invoices(requester_id=shell.requester())
    return Table.kept(columns, found, first="-number")


def _add_invoice(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{INVOICES_PAGE}/<name>")
    @require("requester")
    def invoice(name: str) -> str:
        return render_template("pay/invoice.html", invoice=own_invoice(application, name))

    @blueprint.get(f"{INVOICES_PAGE}/<name>.pdf")
    @require("requester")
    def invoice_file(name: str) -> Response:
        found = own_invoice(application, name)
        return pdf_file(f"{found.name}.pdf", invoice_paper(found))


def own_invoice(application: Application, name: str) -> Invoice:
    """Raises NotFound, also for another requester's."""
    number = number_of(name)
    found = None if number is None else application.readers.invoices.get(number)
    if found is None or found.requester_id != shell.requester():
        raise NotFound("There is no such invoice")
    return found


def invoice_paper(invoice: Invoice) -> Paper:
    """The document, for whoever may see it."""
    rows = [
        (latin(line.title, line.batch_id) or line.batch_id, str(line.count), _plain(line.fees))
        for line in invoice.lines
    ]
    return Paper(
        title=f"Invoice {invoice.name}",
        issuer=invoice.issuer,
        billed_to=invoice.billed_to or f"Requester {invoice.requester_id}",
        facts=[
            ("Month", invoice.period),
            ("Issued", f"{invoice.issued_at:%Y-%m-%d}"),
            ("Requester", invoice.requester_id),
            *([("VAT number", invoice.profile.vat_number)] if invoice.profile.vat_number else []),
        ],
        columns=("Platform fee by batch", "Answers", f"Fee in {invoice.currency.code}"),
        rows=rows,
        totals=[
            ("Passed on to workers (no part of this invoice)", str(invoice.rewards)),
            *_totals(invoice),
        ],
        note=f"{_REVERSED if invoice.is_reverse_charged else ''}"
        f"Paid from the wallet when the work was accepted: nothing is due. {_LATIN_ONLY}",
    )


def _totals(invoice: Invoice) -> list[tuple[str, str]]:
    """Fees, and with VAT each rate and what it all comes to."""
    if not invoice.by_rate:
        return [("Fees", str(invoice.fees))]
    rates = [
        (f"VAT {rate.country} {rate.percent} on {fees}", str(vat))
        for rate, fees, vat in invoice.by_rate
    ]
    return [("Fees without VAT", str(invoice.fees)), *rates, ("Total", str(invoice.total))]


def _plain(amount: Money) -> str:
    return str(amount).split()[0]


def _add_receipt(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/pay/top-ups/<top_up_id>/receipt")
    @require("requester")
    def receipt(top_up_id: str) -> str:
        top_up = _paid(application, top_up_id)
        return render_template(
            "pay/receipt.html",
            top_up=top_up,
            issuer=application.settings.invoice_issuer,
            billed_to=application.readers.invoices.billed_to(shell.requester()),
        )

    @blueprint.get("/pay/top-ups/<top_up_id>/receipt.pdf")
    @require("requester")
    def receipt_file(top_up_id: str) -> Response:
        top_up = _paid(application, top_up_id)
        billed_to = application.readers.invoices.billed_to(shell.requester())
        paper = Paper(
            title="Receipt",
            issuer=application.settings.invoice_issuer,
            billed_to=billed_to or f"Requester {top_up.requester_id}",
            facts=[
                ("Received", f"{top_up.booked_at:%Y-%m-%d %H:%M} UTC"),
                ("Reference", top_up.top_up_id),
            ],
            columns=("What", "Amount"),
            rows=[("Funds paid in by card", str(top_up.booked))],
            totals=[("Received", str(top_up.booked))],
            note="Funds stay the requester's until work is accepted; fees are invoiced monthly. "
            + _LATIN_ONLY,
        )
        return pdf_file(f"receipt-{top_up.top_up_id}.pdf", paper)


def _paid(application: Application, top_up_id: str) -> TopUp:
    """Raises NotFound: there is no receipt for what was not received."""
    top_up = application.show_money.top_up(shell.requester(), top_up_id)
    if top_up.booked is None:
        raise NotFound("There is no receipt before the payment is booked")
    return top_up
