"""A whole that is split into a batch's tasks; and the files that its pieces are."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Response, request, url_for
from flask_smorest import Blueprint

from task_service.application.source_ports import Source, StoredFile
from task_service.application.split_source import Upload
from task_service.bootstrap import Application
from task_service.domain.splitting.wishes import parse_wish
from task_service.entrypoints.http import present, schemas
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    OF_CHANGING,
    OF_READING,
    SIGNED_IN,
    refusals,
)
from task_service.entrypoints.http.resumable import kept
from task_service.entrypoints.http.source_schemas import (
    SourceSchema,
    SplitProgressSchema,
    SplitQuerySchema,
)

_ANY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def sources_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("sources", area="tasks", description="Wholes that are split")
    _add_source(blueprint, application)

    @blueprint.get("/files/<digest>")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/png")
    def file(digest: str) -> Response:
        """A file of yours that a cell `file:<digest>` stands for; ranges of it as well."""
        return file_response(application.merge_source.open(caller(), digest), digest)

    return blueprint


def _add_source(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/batches/<batch_id>/source")
    @require("requester")
    @idempotent
    @refusals(
        blueprint,
        {
            **OF_CHANGING,
            409: "wrong_batch_status",
            422: "faulty_rows: `faults` lists line, column and reason; invalid_input",
        },
    )
    @blueprint.doc(
        security=SIGNED_IN,
        parameters=[IDEMPOTENCY_KEY],
        requestBody={"required": True, "content": _ANY},
    )
    @blueprint.arguments(SplitQuerySchema, location="query")
    @blueprint.alt_response(
        202,
        schema=schemas.BatchSchema,
        description="It takes longer: ask at Location how it stands. The draft is as it was",
    )
    @blueprint.response(201, schemas.BatchSchema)
    def split(query: dict[str, Any], batch_id: str) -> Any:
        """Split a file into a draft's tasks, in place of any it had: all of them, or none. `by` is
        paragraph, sentence, words, rows, page, tile, seconds or file (of a ZIP), with a size as in
        `rows:7`. Rows come as CSV, TSV, JSON lines or XLSX. A long recording, a large image, a PDF
        of many pages or a ZIP of many files is split after the answer, 202.
        """
        batch = application.batches.get(caller(), BatchId(batch_id))
        name = query.pop("name")
        wish = parse_wish(query.pop("by"), **query)
        upload = Upload(name, request.get_data(), request.mimetype or "application/octet-stream")
        if application.split_later.is_long(upload.content, wish):
            application.split_later.ask(batch, upload, wish)
            there = url_for("sources.progress", batch_id=batch_id)
            return present.batch(batch), 202, {"Location": there}
        return present.batch(application.split_source.split(batch, upload, wish))

    @blueprint.get("/batches/<batch_id>/source/progress")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 404: "not_found"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, SplitProgressSchema)
    def progress(batch_id: str) -> Any:
        """How the splitting of a long file stands; 404 where none was asked for, or the batch was
        given something else since.
        """
        batch = application.batches.get(caller(), BatchId(batch_id))
        job = application.split_later.of(batch)
        if job is None:
            raise NotFound("No long file is being split for the batch", batch_id=batch_id)
        return job

    @blueprint.get("/batches/<batch_id>/source")
    @require("requester")
    @refusals(blueprint, OF_READING)
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.response(200, SourceSchema)
    def show(batch_id: str) -> dict[str, Any]:
        """The whole that the batch's tasks are pieces of; 404 where they are rows of a table."""
        batch = application.batches.get(caller(), BatchId(batch_id))
        source = application.merge_source.source_of(batch)
        if source is None:
            raise NotFound("The batch was not split from a file", batch_id=batch_id)
        return _presented(source, batch.task_count)


def _presented(source: Source, pieces: int) -> dict[str, Any]:
    wish = source.wish
    return {
        "name": source.name,
        "by": f"{wish.kind}:{wish.size}",
        "overlap": wish.overlap,
        "language": wish.language,
        "encoding": wish.encoding,
        "digest": source.digest,
        "pieces": pieces,
    }


def file_response(file: StoredFile, digest: str) -> Response:
    """A kept file, whole or in ranges. It can never run: it is no document of ours."""
    response = kept(file, version=digest, media_type=file.media_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600, immutable"
    return response
