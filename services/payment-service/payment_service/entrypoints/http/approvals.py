"""Proposals under maker and checker, and holds on workers' earnings."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId
from flask_smorest import Blueprint

from payment_service.bootstrap import Application
from payment_service.domain.approvals import ApprovalStatus, UnknownKind
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.entrypoints.http import present, schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.staff import caller

HOLDS_MAX = 500


def approvals_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("approvals", area="payments", description="Maker and checker")
    _add_reading(blueprint, application)
    _add_proposing(blueprint, application)
    _add_deciding(blueprint, application)
    return blueprint


def holds_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("holds", area="payments", description="Earnings kept back")

    @blueprint.get("/holds")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.HoldListSchema)
    def listed() -> dict[str, Any]:
        """Holds that are not released, oldest first."""
        return {"items": application.readers.holds.listed(HOLDS_MAX)}

    @blueprint.post("/holds")
    @require("staff", MAKER)
    @idempotent
    @refusals(
        blueprint,
        {
            **SEEN,
            400: "idempotency_key_missing",
            404: "not_found",
            409: "already_held",
            422: "invalid_input, reason_missing",
        },
    )
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.NewHoldSchema)
    @blueprint.response(201, schemas.HoldSchema)
    def place(body: dict[str, Any]) -> Any:
        """Keep back what is payable, at once. Its release is a proposal: kind hold_release."""
        return application.place_hold(caller(), WorkerId(body["worker_id"]), reason=body["reason"])

    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="approvals")
    approvals = application.readers.approvals

    @blueprint.get("/approvals")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(schemas.ApprovalQuerySchema, location="query")
    @blueprint.response(200, schemas.ApprovalPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Proposals, newest first."""
        found = approvals.listed(
            query["limit"] + 1,
            before=cursors.place_of(query),
            status=ApprovalStatus(query["status"]) if query["status"] else None,
            kind=query["kind"],
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda each: each.approval_id,
            present=present.approval,
        )

    @blueprint.get("/approvals/<approval_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.ApprovalDetailSchema)
    def show(approval_id: str) -> dict[str, Any]:
        """One proposal with all that it would do."""
        found = approvals.get(approval_id)
        if found is None:
            raise NotFound("There is no such proposal")
        return present.approval(found)


def _add_proposing(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/approvals")
    @require("staff", MAKER)
    @refusals(
        blueprint,
        {
            **SEEN,
            400: "idempotency_key_missing, reason_missing, unknown_approval_kind",
            404: "not_found",
            409: "hold_released",
            422: "invalid_input, idempotency_key_reused",
        },
    )
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.NewApprovalSchema)
    @blueprint.response(201, schemas.ApprovalDetailSchema)
    def propose(body: dict[str, Any]) -> dict[str, Any]:
        """Propose an act for somebody else to approve. Nothing is done yet."""
        if body["kind"] not in application.approvals.kinds:
            known = ", ".join(application.approvals.kinds)
            raise UnknownKind(f"Kinds are {known}", errors={"kind": [body["kind"]]})
        return present.approval(
            application.approvals.propose(
                caller(),
                body["kind"],
                payload=body["payload"],
                reason=body["reason"],
                key=idempotency_key(),
            )
        )


def _add_deciding(blueprint: Blueprint, application: Application) -> None:
    decided = {
        400: "idempotency_key_missing",
        401: "not_signed_in",
        403: "not_allowed, maker_is_checker",
        404: "not_found",
        409: "already_decided, content_changed, insufficient_funds, hold_released",
        422: "invalid_input",
    }

    @blueprint.post("/approvals/<approval_id>/approve")
    @require("staff", CHECKER)
    @idempotent
    @refusals(blueprint, decided)
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.ApprovalSchema)
    @blueprint.response(200, schemas.ApprovalDetailSchema)
    def approve(body: dict[str, Any], approval_id: str) -> dict[str, Any]:
        """Do what was proposed, as its `content_hash` says."""
        return present.approval(
            application.approvals.approve(caller(), approval_id, seen_hash=body["content_hash"])
        )

    @blueprint.post("/approvals/<approval_id>/reject")
    @require("staff", CHECKER, MAKER)
    @idempotent
    @refusals(blueprint, decided)
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.RejectionSchema)
    @blueprint.response(200, schemas.ApprovalDetailSchema)
    def reject(body: dict[str, Any], approval_id: str) -> dict[str, Any]:
        """Leave everything as it is."""
        return present.approval(
            application.approvals.reject(caller(), approval_id, note=body["note"])
        )
