"""Suspended workers: listed, and suspended. Lifting one is a proposal, kind suspension_lift."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.ids import WorkerId
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.staff import caller

SUSPENSIONS_MAX = 500


class NewSuspensionSchema(Schema):
    worker_id = fields.String(required=True, validate=validate.Length(min=1, max=64))
    reason = fields.String(required=True, validate=validate.Length(min=1, max=2000))


class SuspensionSchema(NewSuspensionSchema):
    suspension_id = fields.String(required=True)
    placed_by = fields.String(required=True)
    placed_at = InstantField(required=True)


class SuspensionListSchema(Schema):
    items = fields.List(fields.Nested(SuspensionSchema), required=True)


def suspensions_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("suspensions", area="payments", description="Suspended workers")

    @blueprint.get("/suspensions")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, SuspensionListSchema)
    def listed() -> dict[str, Any]:
        """Suspensions that are not lifted, oldest first."""
        return {"items": application.readers.suspensions.listed(SUSPENSIONS_MAX)}

    @blueprint.post("/suspensions")
    @require("staff", MAKER)
    @idempotent
    @refusals(
        blueprint,
        {
            **SEEN,
            400: "idempotency_key_missing",
            404: "not_found",
            409: "already_suspended",
            422: "invalid_input, reason_missing",
        },
    )
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewSuspensionSchema)
    @blueprint.response(201, SuspensionSchema)
    def suspend(body: dict[str, Any]) -> Any:
        """Pay nothing out to a worker from now on; what was earned stays as it is."""
        who = WorkerId(body["worker_id"])
        return application.suspend_worker(caller(), who, reason=body["reason"])

    return blueprint
