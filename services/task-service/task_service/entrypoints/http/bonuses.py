"""Bonuses: given for one answer, and what became of them."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel import Money
from crowdloom.kernel.ids import SubmissionId
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from task_service.bootstrap import Application
from task_service.domain.bonuses import Bonus, BonusStatus
from task_service.entrypoints.http import schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)

_INSTANT = {"type": "string", "format": "date-time"}


class NewBonusSchema(Schema):
    amount = fields.Nested(
        schemas.MoneySchema,
        required=True,
        metadata={"description": "The worker gets all of it; our fee comes on top"},
    )
    reason = schemas.Text(
        required=True, metadata={"description": "The worker reads it", "example": "Well done."}
    )


class BonusSchema(Schema):
    bonus_id = fields.String(required=True)
    submission_id = fields.String(required=True)
    amount = fields.Nested(schemas.MoneySchema, required=True)
    reason = fields.String(required=True)
    granted_at = InstantField(required=True, metadata=_INSTANT)
    status = fields.String(required=True, validate=validate.OneOf(list(BonusStatus)))
    declined = fields.Nested(
        schemas.DeclinedSchema,
        required=True,
        allow_none=True,
        metadata={"description": "What was missing in the wallet; nothing was moved"},
    )


class BonusListSchema(Schema):
    items = fields.List(fields.Nested(BonusSchema), required=True)


def bonuses_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("bonuses", area="tasks", description="Bonuses for answers")

    @blueprint.get("/submissions/<submission_id>/bonuses")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, BonusListSchema)
    def listed(submission_id: str) -> dict[str, Any]:
        """A submission's bonuses, oldest first."""
        found = application.bonuses.of_submission(caller(), SubmissionId(submission_id))
        return {"items": [_presented(bonus) for bonus in found]}

    @blueprint.post("/submissions/<submission_id>/bonus")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**OF_CHANGING, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(NewBonusSchema)
    @blueprint.response(201, BonusSchema)
    def grant(body: dict[str, Any], submission_id: str) -> dict[str, Any]:
        """Give a bonus from the wallet. It is `granted` until the money has moved: then `settled`,
        or `declined` with what is missing.
        """
        amount = Money.of_minor(body["amount"]["amount_minor"], body["amount"]["currency"])
        return _presented(
            application.bonuses.grant(
                caller(), SubmissionId(submission_id), amount, reason=body["reason"]
            )
        )

    return blueprint


def _presented(bonus: Bonus) -> dict[str, Any]:
    declined = bonus.declined
    return {
        **vars(bonus),
        "amount": bonus.amount.to_wire(),
        "status": str(bonus.status),
        "declined": declined
        and {
            "code": declined.code,
            "needed": declined.needed.to_wire(),
            "missing": declined.missing.to_wire(),
        },
    }
