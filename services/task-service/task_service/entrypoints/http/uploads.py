"""Files that come in parts, so that a dropped connection costs one part and not all."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.kernel.limits import TABLE_BYTES_MAX
from flask import request
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from task_service.application.receive_uploads import PART_BYTES_MAX, PartialUpload
from task_service.bootstrap import Application
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import OF_READING, SIGNED_IN, refusals

_NAME_CHARACTERS_MAX = 200
_PART = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class NewUploadSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, _NAME_CHARACTERS_MAX))
    size = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1, TABLE_BYTES_MAX),
        metadata={"description": "Of the whole file, in bytes"},
    )
    media_type = fields.String(
        load_default="application/octet-stream", validate=validate.Length(1, _NAME_CHARACTERS_MAX)
    )


class PlaceSchema(Schema):
    offset = fields.Integer(
        load_default=0,
        validate=validate.Range(0, TABLE_BYTES_MAX),
        metadata={"description": "Where the part begins in the file, in bytes"},
    )


class UploadSchema(Schema):
    upload_id = fields.String(required=True)
    name = fields.String(required=True)
    size = fields.Integer(required=True)
    received = fields.Integer(required=True, metadata={"description": "Go on from this byte"})
    part_bytes_max = fields.Integer(required=True)
    digest = fields.String(
        required=True, allow_none=True, metadata={"description": "Once the file is whole"}
    )


def uploads_blueprint(application: Application) -> Blueprint:
    """`/uploads`. Parts need no Idempotency-Key: their place in the file is one."""
    blueprint = api_blueprint("uploads", area="tasks", description="Files sent in parts")
    uploads = application.receive_uploads

    @blueprint.post("/uploads")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 409: "conflict", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(NewUploadSchema)
    @blueprint.response(201, UploadSchema)
    def begin(body: dict[str, Any]) -> dict[str, Any]:
        """Begin an upload; it is forgotten after a day. Sent twice, it begins a second one."""
        return _shown(uploads.begin(caller(), **body))

    @blueprint.get("/uploads/<upload_id>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, UploadSchema)
    def show(upload_id: str) -> dict[str, Any]:
        """How much has come: after a dropped connection, go on from there."""
        return _shown(uploads.get(caller(), upload_id))

    @blueprint.patch("/uploads/<upload_id>")
    @require("requester")
    @refusals(
        blueprint,
        {
            **OF_READING,
            409: "part_out_of_place: go on from byte `received`",
            422: "invalid_input; faulty_rows where the whole cannot be used",
        },
    )
    @blueprint.doc(security=SIGNED_IN, requestBody={"required": True, "content": _PART})
    @blueprint.arguments(PlaceSchema, location="query")
    @blueprint.response(200, UploadSchema)
    def append(query: dict[str, Any], upload_id: str) -> dict[str, Any]:
        """Add a part. The one that completes the file keeps it, and names it by its `digest`."""
        part = request.get_data()
        return _shown(uploads.append(caller(), upload_id, offset=query["offset"], part=part))

    return blueprint


def _shown(upload: PartialUpload) -> dict[str, Any]:
    return {**vars(upload), "part_bytes_max": PART_BYTES_MAX}
