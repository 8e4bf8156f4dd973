"""Unspent money back to the card: asked for by requesters, looked at and declined by finance."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.kernel.errors import NotFound
from flask_smorest import Blueprint

from payment_service.bootstrap import Application
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.domain.refunds import Refund, RefundStatus
from payment_service.entrypoints.http import refund_schemas, staff
from payment_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    REQUESTER,
    STAFF,
    refusals,
)
from payment_service.entrypoints.http.lists import NewestFirst, paged
from payment_service.entrypoints.http.wallets import caller


def refunds_blueprint(application: Application) -> Blueprint:
    """`/refunds` is the requester's; `/refund-requests` the same for finance, whose approval of one
    is a proposal of kind `refund`.
    """
    blueprint = api_blueprint("refunds", area="payments", description="Back to the card")
    _add_asking(blueprint, application)
    _add_own(blueprint, application)
    _add_for_finance(blueprint, application)
    return blueprint


def _add_asking(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/refunds")
    @require("requester")
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing, amount_out_of_range",
            401: "not_signed_in",
            409: "refund_too_large, insufficient_funds",
            422: "invalid_input, wrong_currency, idempotency_key_reused",
        },
    )
    @blueprint.doc(security=REQUESTER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(refund_schemas.NewRefundSchema)
    @blueprint.response(201, refund_schemas.RefundSchema)
    def ask(body: dict[str, Any]) -> dict[str, Any]:
        """Ask for free money back on the cards it was paid with, the oldest payment first. It is no
        longer free from now on; two people of finance check it before it is sent.
        """
        return shown(application.ask_refund(caller(), body["amount"], key=idempotency_key()))

    @blueprint.post("/refunds/<refund_id>/take-back")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing",
            401: "not_signed_in",
            404: "not_found",
            409: "refund_not_in_status",
        },
    )
    @blueprint.doc(security=REQUESTER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, refund_schemas.RefundSchema)
    def take_back(refund_id: str) -> dict[str, Any]:
        """Think again: the money is free at once, as long as nobody approved it."""
        return shown(application.ask_refund.take_back(caller(), refund_id))


def _add_own(blueprint: Blueprint, application: Application) -> None:
    lists = NewestFirst(application, "own-refunds", "asked_at")

    @blueprint.get("/refunds")
    @require("requester")
    @paged(blueprint)
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, refund_schemas.OwnRefundsSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Refunds, newest first, and the most that could be asked for now."""
        found = application.tables.refunds(requester_id=caller())
        largest = application.ask_refund.largest(caller()).largest
        return {**lists.page(found, query, shown), "largest": largest}

    @blueprint.get("/refunds/<refund_id>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 404: "not_found"})
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, refund_schemas.RefundSchema)
    def one(refund_id: str) -> dict[str, Any]:
        """How far a refund is."""
        found = application.readers.refunds.get(refund_id)
        if found is None or found.requester_id != caller():
            raise NotFound("There is no such refund")
        return shown(found)


def _add_for_finance(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="refunds")

    @blueprint.get("/refund-requests")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {401: "not_signed_in", 403: "not_allowed", 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(refund_schemas.RefundQuerySchema, location="query")
    @blueprint.response(200, refund_schemas.RefundPageSchema)
    def requests(query: dict[str, Any]) -> dict[str, Any]:
        """Refunds of all requesters, newest first."""
        found = application.readers.refunds.listed(
            query["limit"] + 1,
            before=cursors.place_of(query),
            status=RefundStatus(query["status"]) if query["status"] else None,
        )
        return page_of(
            found, query["limit"], cursors, place=lambda each: each.refund_id, present=shown
        )

    @blueprint.post("/refund-requests/<refund_id>/decline")
    @require("staff", MAKER, CHECKER)
    @idempotent
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing, reason_missing",
            401: "not_signed_in",
            403: "not_allowed",
            404: "not_found",
            409: "refund_not_in_status",
            422: "invalid_input",
        },
    )
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(refund_schemas.DeclineSchema)
    @blueprint.response(200, refund_schemas.RefundSchema)
    def decline(body: dict[str, Any], refund_id: str) -> dict[str, Any]:
        """Say no, with the reason that the requester reads. The money is free again."""
        done = application.decline_refund(staff.caller(), refund_id, reason=body["reason"])
        return shown(done)


def shown(refund: Refund) -> dict[str, Any]:
    return {**vars(refund), "status": refund.status.value}
