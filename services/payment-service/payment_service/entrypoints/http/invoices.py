"""A requester's invoices, as data; their pages and PDFs are under /pay/invoices."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.errors import NotFound
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from payment_service.bootstrap import Application
from payment_service.domain.invoices import Invoice, number_of
from payment_service.entrypoints.http.documented import REQUESTER, refusals
from payment_service.entrypoints.http.lists import NewestFirst, paged
from payment_service.entrypoints.http.wallets import caller


class InvoiceLineSchema(Schema):
    batch_id = fields.String(required=True)
    title = fields.String(required=True)
    count = fields.Integer(required=True)
    rewards = MoneyField(required=True)
    fees = MoneyField(required=True)
    vat = MoneyField(required=True)
    vat_basis_points = fields.Integer(required=True, attribute="tax.basis_points")
    vat_country = fields.String(required=True, attribute="tax.country")
    reverse_charge = fields.Boolean(required=True, attribute="tax.reverse_charge")


class InvoiceSchema(Schema):
    """Fees of a month (`period`, UTC), paid from the wallet. Never changed once issued."""

    name = fields.String(required=True, metadata={"example": "INV-000001"})
    period = fields.String(required=True, metadata={"example": "2026-10"})
    currency = fields.String(required=True)
    issued_at = InstantField(required=True)
    issuer = fields.String(required=True)
    billed_to = fields.String(required=True)
    country = fields.String(required=True)
    vat_number = fields.String(required=True)
    fees = MoneyField(required=True)
    vat = MoneyField(required=True)
    total = MoneyField(required=True)
    rewards = MoneyField(required=True)
    lines = fields.List(fields.Nested(InvoiceLineSchema), required=True)


class InvoicePageSchema(Schema):
    items = fields.List(fields.Nested(InvoiceSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


def invoices_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("invoices", area="payments", description="Fees by month")
    invoices = application.readers.invoices

    lists = NewestFirst(application, "own-invoices", "number")

    @blueprint.get("/invoices")
    @require("requester")
    @paged(blueprint)
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, InvoicePageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Invoices, newest first."""
        found = application.tables.invoices(requester_id=caller())
        return lists.page(found, query, _shown)

    @blueprint.get("/invoices/<name>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 404: "not_found"})
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, InvoiceSchema)
    def one(name: str) -> dict[str, Any]:
        """One invoice with its lines."""
        number = number_of(name)
        found = None if number is None else invoices.get(number)
        if found is None or found.requester_id != caller():
            raise NotFound("There is no such invoice")
        return _shown(found)

    return blueprint


def _shown(invoice: Invoice) -> dict[str, Any]:
    return {
        **vars(invoice),
        "name": invoice.name,
        "currency": invoice.currency.code,
        **vars(invoice.profile),
        "fees": invoice.fees,
        "vat": invoice.vat,
        "total": invoice.total,
        "rewards": invoice.rewards,
    }
