"""Known answers of a batch's rows (gold): marked by their requester, scored as workers answer."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.kernel.answer_keys import read_answer_key
from crowdloom.kernel.ids import BatchId
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from task_service.bootstrap import Application
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import OF_READING, SIGNED_IN, refusals
from task_service.entrypoints.http.schemas import Text


class KnownAnswerSchema(Schema):
    """`{}` where nothing is known."""

    answer_key = fields.Dict(
        keys=Text(),
        required=True,
        metadata={
            "description": "`{field: value}`, or a list of values any of which is right; `{}` "
            "takes the marks away, and leaves what a `gold:` column of the table says"
        },
    )


def known_answers_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("known_answers", area="tasks", description="Known answers (gold)")
    address = "/batches/<batch_id>/tasks/<int:number>/known-answer"
    mark_known, batches = application.mark_known, application.batches

    @blueprint.get(address)
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, KnownAnswerSchema)
    def show(batch_id: str, number: int) -> dict[str, Any]:
        """What you know of a row, by its number: from a `gold:` column, or marked."""
        batch = batches.get(caller(), BatchId(batch_id))
        return {"answer_key": mark_known.key_of(batch, number)}

    @blueprint.put(address)
    @require("requester")
    @refusals(blueprint, {**OF_READING, 409: "wrong_batch_status", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(KnownAnswerSchema)
    @blueprint.response(200, KnownAnswerSchema)
    def mark(body: dict[str, Any], batch_id: str, number: int) -> dict[str, Any]:
        """Say what the right answer to a row is, in place of what was marked before. Answers that
        come from then on are scored; no worker is shown that the row is a known one.
        """
        batch = batches.get(caller(), BatchId(batch_id))
        key = read_answer_key(body["answer_key"]) if body["answer_key"] else {}
        asked = batches.project_of(batch).answer_fields
        return {"answer_key": mark_known(batch, number, key, fields=asked)}

    return blueprint
