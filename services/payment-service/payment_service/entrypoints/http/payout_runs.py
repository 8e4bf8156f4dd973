"""Payout runs: drafted and frozen by a maker, approved by a checker who is somebody else."""

from collections.abc import Callable
from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.contracts.fields import InstantField
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, StaffId
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from payment_service.application.payout_runs import RunView
from payment_service.bootstrap import Application
from payment_service.domain.payouts import Rail
from payment_service.domain.people import CHECKER, CONTROLLER, FINANCE_READERS, MAKER
from payment_service.entrypoints.http import present, schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, SEEN, STAFF, refusals
from payment_service.entrypoints.http.staff import caller

_REASON_CHARACTERS_MAX = 320
_ITEM_STEPS = {
    "retry": "Send a failed line again, as a new attempt.",
    "cancel": "Give up on a failed line: its money stays payable.",
    "remove": "Take a line out before approval; a frozen run is a draft again.",
}


class DraftRunSchema(Schema):
    rail = fields.String(
        load_default=Rail.STRIPE.value, validate=validate.OneOf([rail.value for rail in Rail])
    )


class PayoutSwitchSchema(Schema):
    """`code` is stopped_by_hand, balance_insufficient or processor_turns_away while stopped."""

    stopped = fields.Boolean(required=True)
    code = fields.String(required=True)
    reason = fields.String(required=True)
    by = fields.String(required=True)
    at = InstantField(required=True, allow_none=True)


class SetPayoutSwitchSchema(Schema):
    stopped = fields.Boolean(required=True)
    reason = fields.String(
        required=True, validate=validate.Length(min=1, max=_REASON_CHARACTERS_MAX)
    )


def payout_runs_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("payout_runs", area="payments", description="Payout runs")
    _add_draft(blueprint, application)
    _add_reading(blueprint, application)
    _add_approval(blueprint, application)
    _add_switch(blueprint, application)
    runs = application.runs
    _add_step(blueprint, "freeze", runs.freeze, (MAKER,), "Fix the content; answers its hash.")
    _add_step(
        blueprint,
        "cancel",
        runs.cancel,
        (MAKER, CHECKER),
        "Send a run that is not approved back: its requests are open again.",
    )
    steps = {"retry": runs.retry_item, "cancel": runs.cancel_item, "remove": runs.remove_item}
    for name, step in steps.items():
        _add_item_step(blueprint, name, step)
    return blueprint


def _add_draft(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/payout-runs")
    @require("staff", MAKER)
    @refusals(
        blueprint,
        {
            **SEEN,
            400: "idempotency_key_missing",
            409: "nothing_eligible",
            422: "invalid_input, idempotency_key_reused",
        },
    )
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(DraftRunSchema)
    @blueprint.response(201, schemas.PayoutRunSchema)
    def draft(body: dict[str, Any]) -> dict[str, Any]:
        """A line for everybody who asked, is paid by this rail, has an active account and enough
        that is payable.
        """
        # The run keeps the key, so that a repeated call finds it.
        view = application.runs.draft(
            caller(), application.currency, key=idempotency_key(), rail=Rail(body["rail"])
        )
        return present.run(view)


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="payout_runs")

    @blueprint.get("/payout-runs")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 422: "invalid_input"})
    @blueprint.doc(security=STAFF)
    @blueprint.arguments(schemas.PayoutRunQuerySchema, location="query")
    @blueprint.response(200, schemas.PayoutRunPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Runs, newest first."""
        found = application.readers.payout_runs.listed(
            query["limit"] + 1, before=cursors.place_of(query)
        )
        views = [RunView(run, application.readers.payout_runs.items(run.run_id)) for run in found]
        return page_of(
            views,
            query["limit"],
            cursors,
            place=lambda view: view.run.run_id,
            present=present.run_summary,
        )

    @blueprint.get("/payout-runs/<run_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found"})
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, schemas.PayoutRunSchema)
    def show(run_id: str) -> dict[str, Any]:
        """A run with its lines."""
        return present.run(application.runs.show(PayoutRunId(run_id)))


def _add_approval(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/payout-runs/<run_id>/approve")
    @require("staff", CHECKER)
    @idempotent
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing",
            401: "not_signed_in",
            403: "not_allowed, maker_is_checker",
            404: "not_found",
            409: "run_not_in_state, content_changed, too_little_available",
            422: "invalid_input",
        },
    )
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.ApprovalSchema)
    @blueprint.response(200, schemas.PayoutRunSchema)
    def approve(body: dict[str, Any], run_id: str) -> dict[str, Any]:
        """Let the run be carried out, as its `content_hash` says. From a total on two have to
        approve, from another on three: until then the run is still frozen.
        """
        view = application.runs.approve(
            caller(), PayoutRunId(run_id), seen_hash=body["content_hash"]
        )
        return present.run(view)


def _add_switch(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/payout-switch")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, PayoutSwitchSchema)
    def show() -> dict[str, Any]:
        """Whether payouts are stopped, by whom and why."""
        return vars(application.switch_payouts.show())

    @blueprint.post("/payout-switch")
    @require("staff", CONTROLLER)
    @idempotent
    @refusals(blueprint, {**SEEN, 400: "idempotency_key_missing", 422: "reason_missing"})
    @blueprint.doc(security=STAFF, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(SetPayoutSwitchSchema)
    @blueprint.response(200, PayoutSwitchSchema)
    def turn(body: dict[str, Any]) -> dict[str, Any]:
        """Stop all payouts at once, or let them go on. What was sent before is still looked up."""
        return vars(application.switch_payouts(caller(), **body))


def _add_step(
    blueprint: Blueprint,
    name: str,
    step: Callable[[StaffId, PayoutRunId], RunView],
    grants: tuple[str, ...],
    meaning: str,
) -> None:
    @require("staff", *grants)
    @idempotent
    @refusals(
        blueprint,
        {**SEEN, 400: "idempotency_key_missing", 404: "not_found", 409: "run_not_in_state"},
    )
    @blueprint.doc(
        security=STAFF, parameters=[IDEMPOTENCY_KEY], summary=name.capitalize(), description=meaning
    )
    @blueprint.response(200, schemas.PayoutRunSchema)
    def take(run_id: str) -> dict[str, Any]:
        return present.run(step(caller(), PayoutRunId(run_id)))

    blueprint.add_url_rule(f"/payout-runs/<run_id>/{name}", name, take, methods=["POST"])


def _add_item_step(
    blueprint: Blueprint,
    name: str,
    step: Callable[[StaffId, PayoutRunId, PayoutItemId], RunView],
) -> None:
    @require("staff", MAKER)
    @idempotent
    @refusals(
        blueprint,
        {
            **SEEN,
            400: "idempotency_key_missing",
            404: "not_found",
            409: "run_not_in_state, content_changed",
        },
    )
    @blueprint.doc(
        security=STAFF,
        parameters=[IDEMPOTENCY_KEY],
        summary=f"{name.capitalize()} a line",
        description=_ITEM_STEPS[name],
    )
    @blueprint.response(200, schemas.PayoutRunSchema)
    def take(run_id: str, item_id: str) -> dict[str, Any]:
        return present.run(step(caller(), PayoutRunId(run_id), PayoutItemId(item_id)))

    path = f"/payout-runs/<run_id>/items/<item_id>/{name}"
    blueprint.add_url_rule(path, f"{name}_item", take, methods=["POST"])
