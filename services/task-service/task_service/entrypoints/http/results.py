"""Results as files, streamed."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.workbooks import MEDIA_TYPE as XLSX
from crowdloom.chassis.workbooks import workbook
from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Response, jsonify, request, url_for
from flask_smorest import Blueprint

from task_service.application.data_dictionary import data_dictionary
from task_service.application.merge_later import UNDER_WAY_MAX, MergeJob
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.entrypoints.http.accounts import caller
from task_service.entrypoints.http.documented import OF_READING, SIGNED_IN, refusals
from task_service.entrypoints.http.result_schemas import MergingSchema, ResultsQuerySchema
from task_service.entrypoints.http.resumable import kept, resumable

_CSV = "text/csv"
_JSONL = "application/jsonl"
_JSON = "application/json"
_JSON_LD = "application/ld+json"
_ENDINGS = {_CSV: "csv", _JSONL: "jsonl", _JSON: "json", _JSON_LD: "jsonld"}
_VERSION = re.compile(r"(\d{13})-([0-9a-f]{16})")
_LOOK_AGAIN_SECONDS = 2
_MEDIA_TYPES = {"jsonl": _JSONL, "coco": _JSON, "w3c": _JSON_LD}

MadeLater = Callable[[MergeJob, datetime], Response]
"""The answer as long as a job makes the file, and since when it was asked for."""


def results_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("results", area="tasks", description="Results")

    @blueprint.get("/batches/<batch_id>/results")
    @require("requester")
    @refusals(blueprint, {**OF_READING, 409: "not_merged", 422: "invalid_input"})
    @blueprint.doc(security=SIGNED_IN)
    @blueprint.arguments(ResultsQuerySchema, location="query")
    @blueprint.alt_response(
        202,
        schema=MergingSchema,
        description="A large batch is being merged: ask at Location again after Retry-After",
    )
    @blueprint.response(200, {"type": "string"}, content_type=_CSV, description="The file")
    def download(query: dict[str, Any], batch_id: str) -> Response:
        """`tidy`: a row an answer, safe to open in a spreadsheet; `xlsx`: the same as a workbook.
        `jsonl`: a line an answer, byte for byte as it came. `consensus`: a row a task, with the
        majority of its answers. `merged`: the file that was split, made of the answers; missing and
        contested pieces are marked in it. `input`: the table with the majority's answers added.
        Of a batch with more than 20,000 tasks and answers together, a split file is merged after
        the answer, 202.
        `mturk`: a row an answer, in the form of Mechanical Turk's results file. `dictionary`: what
        the columns mean, as JSON. `w3c`: an AnnotationPage of the Web Annotation model; `coco`:
        boxes and polygons in COCO's form.
        """
        batch = application.batches.get(caller(), BatchId(batch_id))
        since = application.merge_later.since(query["asked_at"])
        return results_file(application, batch, query["format"], since=since, later=_told)

    return blueprint


def results_file(
    application: Application, batch: Batch, kind: str, *, since: datetime, later: MadeLater
) -> Response:
    """The download, for API and pages alike; `kind` as the API names them."""
    if is_merged(application, batch, kind):
        if application.merge_later.is_long(batch):
            return _kept_file(application, batch, since=since, later=later)
        return _merged_file(application, batch)
    if kind == "merged":
        raise NotFound("The batch was not split from a file: there is nothing to merge")
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


def is_merged(application: Application, batch: Batch, kind: str) -> bool:
    """Whether the file is the whole that was split, made of the answers."""
    if kind not in ("merged", "input"):
        return False
    source = application.merge_source.source_of(batch)
    return source is not None and (kind == "merged" or source.wish.kind == "rows")


def _told(job: MergeJob, since: datetime) -> Response:
    answer = jsonify(
        code="merging",
        detail="The file is being made. Ask at Location again.",
        read=job.read,
        answers=job.answers,
    )
    answer.status_code = 202
    answer.headers["Retry-After"] = str(_LOOK_AGAIN_SECONDS)
    answer.headers["Location"] = url_for(
        "results.download",
        batch_id=job.batch_id,
        format=request.args.get("format"),
        asked_at=format_instant(since),
    )
    return answer


def _version(application: Application, batch: Batch, kind: str) -> str:
    """When it was made, and of what; the one asked about again as long as nothing changed since, so
    that a stream need not look at every answer before its first line.
    """
    of_what = repr([kind, batch.batch_id, batch.task_count]).encode()
    ending = hashlib.sha256(of_what).hexdigest()[:16]
    asked = _asked_version()
    found = _VERSION.fullmatch(asked)
    if found and found[2] == ending:
        made_at = datetime.fromtimestamp(int(found[1]) / 1_000, UTC)
        submissions = application.reader.submissions
        if not submissions.changed_since(batch.batch_id, made_at - UNDER_WAY_MAX):
            return asked
    return f"{int(application.clock.now().timestamp() * 1_000)}-{ending}"


def _asked_version() -> str:
    """Of which a part is asked for; empty where it is the whole."""
    return str(request.if_range.etag or "") if "Range" in request.headers else ""


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
    marked = (len(merged.missing), len(merged.contested))
    return _whole(response, batch, merged.ending, marked)


def _kept_file(
    application: Application, batch: Batch, *, since: datetime, later: MadeLater
) -> Response:
    """The same as a job made it, or `later`. Raises NotMerged."""
    job = application.merge_later.ask(batch, since, having=_asked_version())
    if job.file is None:
        return later(job, since)
    file = application.merge_later.open(job)
    if file is None:  # it went this very moment
        raise NotFound("The file is not there any more: ask again")
    response = kept(file, version=job.file.digest, media_type=job.file.media_type)
    marked = (job.file.missing, job.file.contested)
    return _whole(response, batch, job.file.ending, marked)


def _whole(response: Response, batch: Batch, ending: str, marked: tuple[int, int]) -> Response:
    """`marked`: how many pieces are missing, and how many contested."""
    missing, contested = marked
    response.headers["Crowdloom-Missing-Pieces"] = str(missing)
    response.headers["Crowdloom-Contested-Pieces"] = str(contested)
    return _named(response, batch, f"{batch.batch_id}-merged.{ending}")


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
