"""Reconciliations: asked for here, carried out by the events process."""

from collections.abc import Mapping
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.errors import NotFound
from flask_smorest import Blueprint

from payment_service.application.rows import Order, Rows
from payment_service.bootstrap import Application
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.entrypoints.http import present
from payment_service.entrypoints.http import reconciliation_schemas as schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.schemas import PageQuerySchema
from payment_service.entrypoints.http.staff import caller


def reconciliations_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("reconciliations", area="payments", description="Reconciliations")
    cursors = Cursors(application.settings.common.cursor_key, salt="reconciliations")

    @blueprint.post("/reconciliations")
    @require("staff", MAKER, CHECKER)
    @refusals(blueprint, {**SEEN, 400: "idempotency_key_missing"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(202, schemas.ReconciliationSchema)
    def ask() -> dict[str, Any]:
        """Compare the books with the processor's, soon. Look it up until it has ended."""
        return present.reconciliation(
            application.queue_reconciliation(caller(), key=idempotency_key())
        )

    @blueprint.get("/reconciliations")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(PageQuerySchema, location="query")
    @blueprint.response(200, schemas.ReconciliationPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Reconciliations, newest first."""
        found = application.readers.reconciliations.listed(
            query["limit"] + 1, before=cursors.place_of(query)
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda row: str(row["_id"]),
            present=present.reconciliation,
        )

    @blueprint.get("/reconciliations/<reconciliation_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.ReconciliationSchema)
    def show(reconciliation_id: str) -> dict[str, Any]:
        """The figures of one, with the first 500 differences and timing items that were found."""
        found = application.readers.reconciliations.get(reconciliation_id)
        if found is None:
            raise NotFound("There is no such reconciliation")
        return present.reconciliation(found)

    _add_found(blueprint, application)
    return blueprint


def _add_found(blueprint: Blueprint, application: Application) -> None:
    """What one found, however many: the figures of it name the first alone."""
    key = application.settings.common.cursor_key

    def page(rows: Rows[Mapping[str, Any]], query: dict[str, Any], cursors: Cursors) -> Any:
        found = rows.page(Order("number"), query["limit"] + 1, after=cursors.place_of(query))
        return page_of(found, query["limit"], cursors, place=rows.id_of, present=dict)

    def needed(reconciliation_id: str) -> str:
        if application.readers.reconciliations.get(reconciliation_id) is None:
            raise NotFound("There is no such reconciliation")
        return reconciliation_id

    @blueprint.get("/reconciliations/<reconciliation_id>/differences")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found", 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(PageQuerySchema, location="query")
    @blueprint.response(200, schemas.DifferencePageSchema)
    def differences(query: dict[str, Any], reconciliation_id: str) -> dict[str, Any]:
        """All that one found, as it found them, however many."""
        rows = application.tables.differences(needed(reconciliation_id))
        return dict(page(rows, query, Cursors(key, salt="differences")))

    @blueprint.get("/reconciliations/<reconciliation_id>/timing")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found", 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(PageQuerySchema, location="query")
    @blueprint.response(200, schemas.TimingPageSchema)
    def timing(query: dict[str, Any], reconciliation_id: str) -> dict[str, Any]:
        """All that was on its way to or from a bank and not late yet, however many."""
        rows = application.tables.timing(needed(reconciliation_id))
        return dict(page(rows, query, Cursors(key, salt="timing")))
