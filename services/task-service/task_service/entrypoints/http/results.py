"""Results as files, streamed."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.workbooks import MEDIA_TYPE as XLSX
from crowdloom.chassis.workbooks import workbook
from crowdloom.kernel.ids import BatchId
from flask import Response, request
from flask_smorest import Blueprint

from task_service.application.data_dictionary import data_dictionary
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import OF_READING, SIGNED_IN, refusals
from task_service.entrypoints.http.result_schemas import ResultsQuerySchema
from task_service.entrypoints.http.resumable import resumable

_CSV = "text/csv"
_JSONL = "application/jsonl"
_JSON = "application/json"
_JSON_LD = "application/ld+json"
_ENDINGS = {_CSV: "csv", _JSONL: "jsonl", _JSON: "json", _JSON_LD: "jsonld"}
_VERSION = re.compile(r"(\d{13})-([0-9a-f]{16})")
_UNDER_WAY_MAX = timedelta(seconds=10)
"""An answer is there at most that long after the instant it carries."""
_MEDIA_TYPES = {"jsonl": _JSONL, "coco": _JSON, "w3c": _JSON_LD}


def results_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("results", area="tasks", description="Results")

    @blueprint.get("/batches/<batch_id>/results")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(ResultsQuerySchema, location="query")
    @blueprint.response(200, {"type": "string"}, content_type=_CSV, description="The file")
    def download(query: dict[str, Any], batch_id: str) -> Response:
        """`tidy`: a row an answer, safe to open in a spreadsheet; `xlsx`: the same as a workbook.
        `jsonl`: a line an answer, byte for byte as it came. `consensus`: a row a task, with the
        majority of its answers. `merged`: the file that was split, made of the answers; missing and
        contested pieces are marked in it. `input`: the table with the majority's answers added.
        `mturk`: a row an answer, in the form of Mechanical Turk's results file. `dictionary`: what
        the columns mean, as JSON. `w3c`: an AnnotationPage of the Web Annotation model; `coco`:
        boxes and polygons in COCO's form.
        """
        batch = application.batches.get(caller(), BatchId(batch_id))
        return results_file(application, batch, query["format"])

    return blueprint


def results_file(application: Application, batch: Batch, kind: str) -> Response:
    """The download, for API and pages alike; `kind` as the API names them."""
    source = application.merge_source.source_of(batch) if kind == "input" else None
    if kind == "merged" or (source is not None and source.wish.kind == "rows"):
        return _merged_file(application, batch)
    if kind == "dictionary":
        return _dictionary_file(application, batch)
    if kind == "xlsx":
        rows = application.results.tidy_rows(batch)
        sheet = Response(workbook(next(rows), rows, sheet="results"), mimetype=XLSX)
        return _named(sheet, batch, f"{batch.batch_id}-tidy.xlsx")
    streams = _streams(application)
    media_type = _MEDIA_TYPES.get(kind, _CSV)
    if kind == "mturk":  # its rates of the last days change with the clock alone: never in parts
        response = Response(streams[kind](batch), mimetype=media_type)
    else:
        version = _version(application, batch, kind)
        response = resumable(streams[kind](batch), version=version, media_type=media_type)
    return _named(response, batch, f"{batch.batch_id}-{kind}.{_ENDINGS[media_type]}")


def _version(application: Application, batch: Batch, kind: str) -> str:
    """When it was made, and of what; the one asked about again as long as nothing changed since, so
    that a stream need not look at every answer before its first line.
    """
    of_what = repr([kind, batch.batch_id, batch.task_count]).encode()
    ending = hashlib.sha256(of_what).hexdigest()[:16]
    asked = str(request.if_range.etag or "") if "Range" in request.headers else ""
    found = _VERSION.fullmatch(asked)
    if found and found[2] == ending:
        made_at = datetime.fromtimestamp(int(found[1]) / 1_000, UTC)
        submissions = application.reader.submissions
        if not submissions.changed_since(batch.batch_id, made_at - _UNDER_WAY_MAX):
            return asked
    return f"{int(application.clock.now().timestamp() * 1_000)}-{ending}"


def _dictionary_file(application: Application, batch: Batch) -> Response:
    project = application.batches.project_of(batch)
    document = data_dictionary(application.results, batch, project)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    response = Response(text, mimetype=_JSON)
    return _named(response, batch, f"{batch.batch_id}-dictionary.json")


def _streams(application: Application) -> dict[str, Callable[[Batch], Iterator[str]]]:
    results = application.results
    return {
        "tidy": results.tidy,
        "jsonl": results.jsonl,
        "consensus": results.consensus,
        "input": results.table,
        "w3c": application.annotations.w3c,
        "coco": application.annotations.coco,
        "mturk": lambda batch: application.mturk_results(
            batch, application.batches.project_of(batch)
        ),
    }


def _merged_file(application: Application, batch: Batch) -> Response:
    """How many pieces are marked in it stands in the headers as well. Raises NotFound."""
    merged = application.merge_source.merged(batch, application.batches.project_of(batch))
    version = _version(application, batch, "merged")
    response = resumable(merged.content, version=version, media_type=merged.media_type)
    response.headers["Crowdloom-Missing-Pieces"] = str(len(merged.missing))
    response.headers["Crowdloom-Contested-Pieces"] = str(len(merged.contested))
    return _named(response, batch, f"{batch.batch_id}-merged.{merged.ending}")


def _named(response: Response, batch: Batch, ending: str) -> Response:
    # RFC 6266: a plain name for old readers, the real one in any script for all others.
    named = f"{_words(batch.title)}-{ending}".lstrip("-")
    response.headers["Content-Disposition"] = (
        f"attachment; filename={ending}; filename*=UTF-8''{quote(named)}"
    )
    return response


def _words(title: str) -> str:
    """`does-it-follow`: letters and digits of any script, nothing else."""
    kept = "".join(one.lower() if one.isalnum() else " " for one in title)
    return "-".join(kept.split())[:60].strip("-")
