"""More of a published batch: its addition is filled, asked funds for, or dropped."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId
from flask_smorest import Blueprint

from task_service.bootstrap import Application
from task_service.entrypoints.http import growth_schemas, present, schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    SIGNED_IN,
    refusals,
)

_REFUSED = {
    **OF_CHANGING,
    409: "wrong_batch_status, addition_under_way, nothing_to_add",
    422: "invalid_input, wrong_currency",
}


def growth_blueprint(application: Application) -> Blueprint:
    """Rows come in by `POST /batches/{id}/tasks`, as for a draft."""
    blueprint = api_blueprint("growth", area="tasks", description="More of a published batch")
    grow, batches = application.grow_batch, application.batches

    @blueprint.post("/batches/<batch_id>/raise")
    @require("requester")
    @idempotent
    @refusals(blueprint, _REFUSED)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(growth_schemas.RaiseSchema)
    @blueprint.response(200, schemas.BatchSchema)
    def raise_reward(body: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """Ask for the funds of a higher reward. Once they are reserved, it holds for every answer
        that is not accepted yet; `addition` says how far it is, and what is missing if declined.
        """
        wanted = body["reward"]
        reward = Money.of_minor(wanted["amount_minor"], wanted["currency"])
        return present.batch(grow.ask(batches.get(caller(), BatchId(batch_id)), reward=reward))

    @blueprint.post("/batches/<batch_id>/extend")
    @require("requester")
    @idempotent
    @refusals(blueprint, _REFUSED)
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(growth_schemas.ExtendSchema)
    @blueprint.response(200, schemas.BatchSchema)
    def extend(body: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """Ask for the funds of the rows that were added since, and of more answers for each task
        where `redundancy` says so. Workers see them once the funds are reserved.
        """
        found = batches.get(caller(), BatchId(batch_id))
        return present.batch(grow.ask(found, redundancy=body["redundancy"]))

    @blueprint.post("/batches/<batch_id>/drop-addition")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_REFUSED, 409: "addition_under_way"})
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, schemas.BatchSchema)
    def drop_addition(batch_id: str) -> dict[str, Any]:
        """Forget the rows that were added and not asked funds for."""
        return present.batch(grow.drop(caller(), batches.get(caller(), BatchId(batch_id))))

    return blueprint
