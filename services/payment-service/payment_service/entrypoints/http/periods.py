"""Accounting periods: their checklist, their closes, and what a close stored."""

from itertools import islice
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.contracts.fields import InstantField
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from payment_service.application.close_periods import PeriodView
from payment_service.application.journal import AccountBalance
from payment_service.bootstrap import Application
from payment_service.domain.people import CONTROLLER, FINANCE_READERS
from payment_service.domain.periods import Period
from payment_service.entrypoints.http import present, schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.exceptions import ReasonSchema
from payment_service.entrypoints.http.staff import caller

_ACT = {
    **SEEN,
    400: "idempotency_key_missing",
    409: "period_not_in_state, period_not_ready, content_changed",
    422: "invalid_input, reason_missing",
}


class PeriodSchema(Schema):
    """`state` is open, soft_closed, closed or reopened; `closed_at` is of the close that stands."""

    period = fields.String(required=True)
    state = fields.String(required=True)
    version = fields.Integer(required=True)
    changed_at = InstantField(required=True, allow_none=True)
    changed_by = fields.String(required=True, allow_none=True)
    closed_at = InstantField(required=True, allow_none=True)


class PeriodListSchema(Schema):
    items = fields.List(fields.Nested(PeriodSchema), required=True)


class CheckSchema(Schema):
    """One that does not `bind` is told, and stops no close."""

    code = fields.String(required=True)
    holds = fields.Boolean(required=True)
    binds = fields.Boolean(required=True)
    figure = fields.String(required=True)


class ClosedRowSchema(Schema):
    """Ledger units: hundredths of the minor unit."""

    account = fields.String(required=True)
    debit_units = fields.Integer(required=True)
    credit_units = fields.Integer(required=True)


class ClosedTrialSchema(Schema):
    """By account; `next_cursor` is null on the last page."""

    items = fields.List(fields.Nested(ClosedRowSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class ClosedTrialQuerySchema(Schema):
    cursor = fields.String(load_default="", validate=validate.Length(max=200))
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=1000))


class ClosingSchema(Schema):
    """What a close stored: its proofs; `/periods/{period}/trial-balance` has all that was booked
    up to the end of the period.
    """

    trial_hash = fields.String(required=True)
    seal_head = fields.String(required=True)
    sealed_count = fields.Integer(required=True)
    entry_count = fields.Integer(required=True)
    sums = fields.List(fields.Nested(schemas.MoneySchema), required=True)
    account_count = fields.Integer(required=True)
    made_at = InstantField(required=True)


class PeriodDetailSchema(PeriodSchema):
    """`is_ready` says whether the checklist lets it be closed. A closed one shows the list it was
    closed with.
    """

    is_ready = fields.Boolean(required=True)
    checks = fields.List(fields.Nested(CheckSchema), required=True)
    closing = fields.Nested(ClosingSchema, required=True, allow_none=True)


def periods_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("periods", area="payments", description="Closing the books")
    _add_reading(blueprint, application)
    _add_fencing(blueprint, application)
    _add_proposing(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/periods")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, PeriodListSchema)
    def listed() -> dict[str, Any]:
        """Every month since the first entry, newest first."""
        return {"items": [_shown(period) for period in application.periods.listed()]}

    @blueprint.get("/periods/<period>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, PeriodDetailSchema)
    def show(period: str) -> dict[str, Any]:
        """A month with its checklist, and what it was closed with."""
        return _detail(application.periods.show(period))

    @blueprint.get("/periods/<period>/trial-balance")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found", 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(ClosedTrialQuerySchema, location="query")
    @blueprint.response(200, ClosedTrialSchema)
    def closed_trial(query: dict[str, Any], period: str) -> dict[str, Any]:
        """The trial balance that the newest close of a month stored."""
        closing = application.periods.closing(period)
        limit = query["limit"]
        rows = application.periods.trial(closing, after=query["cursor"])
        found = list(islice(rows, limit + 1))
        return {
            "items": [_row(row) for row in found[:limit]],
            "next_cursor": found[limit - 1].path if len(found) > limit else None,
        }


def _add_fencing(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/periods/<period>/soft-close")
    @require("staff", CONTROLLER)
    @idempotent
    @refusals(blueprint, _ACT)
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, PeriodSchema)
    def soft_close(period: str) -> dict[str, Any]:
        """Nothing comes into it by itself any more; entries by hand still do."""
        return _shown(application.periods.soft_close(caller(), period))

    @blueprint.post("/periods/<period>/open")
    @require("staff", CONTROLLER)
    @idempotent
    @refusals(blueprint, _ACT)
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, PeriodSchema)
    def open_again(period: str) -> dict[str, Any]:
        """Take a soft close back."""
        return _shown(application.periods.open_again(caller(), period))


def _add_proposing(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/periods/<period>/close")
    @require("staff", CONTROLLER)
    @refusals(blueprint, _ACT)
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(201, schemas.ApprovalDetailSchema)
    def close(body: dict[str, Any], period: str) -> dict[str, Any]:
        """Propose its close for somebody else to approve (`/approvals`)."""
        key = idempotency_key()
        return present.approval(
            application.periods.propose_close(caller(), period, reason=body["reason"], key=key)
        )

    @blueprint.post("/periods/<period>/reopen")
    @require("staff", CONTROLLER)
    @refusals(blueprint, _ACT)
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(201, schemas.ApprovalDetailSchema)
    def reopen(body: dict[str, Any], period: str) -> dict[str, Any]:
        """Propose that the newest closed one is opened again."""
        key = idempotency_key()
        return present.approval(
            application.periods.propose_reopen(caller(), period, reason=body["reason"], key=key)
        )


def _shown(period: Period) -> dict[str, Any]:
    return {**vars(period), "period": period.month, "state": period.state.value}


def _row(row: AccountBalance) -> dict[str, Any]:
    return {"account": row.path, "debit_units": row.debit, "credit_units": row.credit}


def _detail(view: PeriodView) -> dict[str, Any]:
    return {
        **_shown(view.period),
        "is_ready": view.is_ready,
        "checks": [vars(check) for check in view.checks],
        "closing": view.closing,
    }
