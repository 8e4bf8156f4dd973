"""A batch's tasks: given as a table or as records, and listed."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors, page_of
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.ids import BatchId
from flask import request
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from task_service.bootstrap import Application
from task_service.domain.batches import BatchStatus
from task_service.domain.records import read_json_records, read_ndjson
from task_service.domain.tables import Table, read_table
from task_service.entrypoints.http import present, schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)

_READERS = {
    "text/csv": read_table,
    "application/x-ndjson": read_ndjson,
    "application/json": read_json_records,
}
_RECORD = {"type": "object", "additionalProperties": {"type": "string"}}
_BODY = {
    "required": True,
    "content": {
        "text/csv": {"schema": {"type": "string"}, "example": "sentence\nIt rained.\n"},
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One record, a JSON object, a line"},
            "example": '{"sentence": "It rained."}\n',
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["records"],
                "properties": {"records": {"type": "array", "items": _RECORD}},
            },
            "example": {"records": [{"sentence": "It rained."}]},
        },
    },
}


def tasks_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("tasks", area="tasks", description="A batch's tasks")
    cursors = Cursors(application.settings.common.cursor_key, salt="tasks")

    @blueprint.post("/batches/<batch_id>/tasks")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {
            **OF_CHANGING,
            409: "wrong_batch_status, addition_under_way, rows_are_split",
            415: "unsupported_media_type",
            422: "faulty_rows: `faults` lists every faulty row with line, column and reason",
        },
    )
    @blueprint.doc(security=SIGNED_IN, parameters=[IDEMPOTENCY_KEY], requestBody=_BODY)
    @blueprint.arguments(schemas.FillQuerySchema, location="query")
    @blueprint.response(201, schemas.BatchSchema)
    def fill(query: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """Give a draft its tasks, one a row, in place of any it had: all of them, or none. With
        `append` they come after those it has: so a large table is sent in parts of 10,000 rows.
        Appended to a published batch they are an addition, which becomes part of it by /extend.
        """
        batches = application.batches
        batch = batches.get(caller(), BatchId(batch_id))
        table = _sent_table(batches.project_of(batch).columns)
        if query["append"] and batch.status in (BatchStatus.OPEN, BatchStatus.PAUSED):
            return present.batch(application.grow_batch.add_rows(batch, table))
        filled = batches.add_rows if query["append"] else batches.set_table
        return present.batch(filled(batch, table))

    @blueprint.get("/batches/<batch_id>/tasks")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(schemas.PageQuerySchema, location="query")
    @blueprint.response(200, schemas.TaskPageSchema)
    def listed(query: dict[str, Any], batch_id: str) -> dict[str, Any]:
        """The tasks in the table's order."""
        batch = application.batches.get(caller(), BatchId(batch_id))
        found = application.batches.tasks(
            batch, after=int(cursors.place_of(query) or 0), count_max=query["limit"] + 1
        )
        return page_of(
            found,
            query["limit"],
            cursors,
            place=lambda task: str(task.number),
            present=lambda task: present.task(task, batch.columns),
        )

    return blueprint


def _sent_table(needed: tuple[str, ...]) -> Table:
    read = _READERS.get(request.mimetype)
    if read is None:
        kinds = ", ".join(_READERS)
        raise UnsupportedMediaType(f"Send the tasks as one of {kinds}")
    return read(request.get_data(), needed=needed)
