"""Files beside an exception: sent, listed, fetched."""

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.kernel.errors import InvalidInput, NotFound
from flask import Response, request
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from payment_service.bootstrap import Application
from payment_service.domain.evidence import EVIDENCE_BYTES_MAX, EvidenceFile
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.http.documented import STAFF, refusals
from payment_service.entrypoints.http.exceptions import ACTORS
from payment_service.entrypoints.http.staff import caller

_SEEN = {401: "not_signed_in", 403: "not_allowed", 404: "not_found"}
_REFUSED = {**_SEEN, 413: "too_large", 422: "evidence_refused, invalid_input"}
_FORM = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "text": {"type": "string", "maxLength": 2000},
                },
            }
        }
    }
}


class EvidenceFileSchema(Schema):
    """`file_id` is the SHA-256 of the bytes; `media_type` is what they are, whatever was said."""

    file_id = fields.String(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    length = fields.Integer(required=True)


class EvidenceFileListSchema(Schema):
    items = fields.List(fields.Nested(EvidenceFileSchema), required=True)


def evidence_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("evidence", area="payments", description="Files beside exceptions")
    attach = application.attach_evidence

    @blueprint.post("/exceptions/<exception_id>/files")
    @require("staff", *ACTORS)
    @refusals(blueprint, _REFUSED)
    @blueprint.doc(security=STAFF, requestBody=_FORM)
    @blueprint.response(201, EvidenceFileSchema)
    def send(exception_id: str) -> dict[str, Any]:
        """Keep a file as evidence: PDF, PNG, JPEG, XLSX, text or CSV, at most 5 MB. The same file
        again changes nothing.
        """
        name, content, text = sent()
        return asdict(attach(caller(), exception_id, name=name, content=content, text=text))

    @blueprint.get("/exceptions/<exception_id>/files")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, _SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, EvidenceFileListSchema)
    def listed(exception_id: str) -> dict[str, Any]:
        """The files beside an exception, in the order in which they came."""
        if application.readers.exceptions.get(exception_id) is None:
            raise NotFound("There is no such exception")
        return {"items": [asdict(each) for each in attach.listed(exception_id)]}

    @blueprint.get("/exceptions/<exception_id>/files/<file_id>")
    @require("staff", *FINANCE_READERS)
    @refusals(blueprint, _SEEN)
    @blueprint.doc(security=STAFF)
    @blueprint.response(
        200, {"type": "string", "format": "binary"}, content_type="application/octet-stream"
    )
    def fetch(exception_id: str, file_id: str) -> Response:
        """The file, to be saved: no browser shows it as a page of ours."""
        return download(*attach.read(exception_id, file_id))

    return blueprint


def sent() -> tuple[str, bytes, str]:
    """Name, content and text of a form. Raises InvalidInput."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise InvalidInput("Choose a file", errors={"file": ["Missing"]})
    content = upload.stream.read(EVIDENCE_BYTES_MAX + 1)
    return upload.filename, content, request.form.get("text", "")


def download(file: EvidenceFile, content: bytes) -> Response:
    response = Response(content, mimetype=file.media_type)
    named = f"attachment; filename*=UTF-8''{quote(file.name)}"
    response.headers["Content-Disposition"] = named
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
