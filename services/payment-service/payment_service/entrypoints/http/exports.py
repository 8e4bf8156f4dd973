"""The journal as files."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.kernel.ids import StaffId
from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from payment_service.application.export_journal import Export, Period
from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.http.documented import SEEN, STAFF, refusals


class ExportQuerySchema(Schema):
    """Days on which entries took effect, both included."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)


class ExportFormatsSchema(Schema):
    items = fields.List(fields.String(), required=True)


def exports_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("exports", area="payments", description="The journal as files")

    @blueprint.get("/exports")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, ExportFormatsSchema)
    def formats() -> dict[str, Any]:
        """The formats there are."""
        return {"items": list(application.export_journal.formats)}

    @blueprint.get("/exports/<name>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, {**SEEN, 404: "not_found", 422: "invalid_input"})
    @blueprint.doc(
        security=STAFF,
        responses={200: {"description": "The file", "content": {"application/octet-stream": {}}}},
    )
    @blueprint.arguments(ExportQuerySchema, location="query")
    def export(query: dict[str, Any], name: str) -> Response:
        """The journal of a period in one of the formats, sent while it is read."""
        who = StaffId(principal().subject)
        return sent(application.export_journal(who, name, Period(query["since"], query["until"])))

    return blueprint


def sent(export: Export) -> Response:
    response = Response(export.pieces, mimetype=export.media_type)
    response.headers["Content-Disposition"] = f"attachment; filename={export.file_name}"
    return response
