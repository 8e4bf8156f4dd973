"""Results: what each task's answers say together, and the files."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.kernel.clock import format_instant, parse_instant
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, Response, make_response, render_template, request

from task_service.application.merge_later import MergeJob, MergeState
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.projects import Project
from task_service.entrypoints.http.result_schemas import FORMATS
from task_service.entrypoints.http.results import is_merged, results_file
from task_service.entrypoints.pages import shell

PAGE_TASKS = 20


@dataclass(frozen=True)
class Making:
    """How the file stands that was asked for at that instant; `gone` is one to ask for anew."""

    kind: str
    asked_at: str
    state: str
    read: int = 0
    answers: int = 0


def results_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("results_pages", __name__)

    @blueprint.get("/requester/batches/<batch_id>/results")
    @require("requester")
    def results(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _consensus_page(application, batch)

    @blueprint.get("/requester/batches/<batch_id>/results/<kind>")
    @require("requester")
    def download(batch_id: str, kind: str) -> Response:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        if kind not in FORMATS:
            raise NotFound("There is no such file", kind=kind)

        def later(job: MergeJob, since: datetime) -> Response:
            wanted = urlencode({"making": kind, "asked_at": format_instant(since)})
            response = make_response("", 303)
            response.location = f"{shell.batch_page(job.batch_id)}/results?{wanted}"
            return response

        return results_file(application, batch, kind, since=_since(application), later=later)

    @blueprint.get("/requester/batches/<batch_id>/results/<kind>/making")
    @require("requester")
    def making(batch_id: str, kind: str) -> Response:
        """The part of the page that tells how far a file is."""
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        found = _making(application, batch, kind)
        if found is None:
            raise NotFound("There is no such file", kind=kind)
        page = render_template("requester/_making.html", batch=batch, making=found)
        response = make_response(page)
        if found.state != MergeState.WAITING:
            response.headers["HX-Refresh"] = "true"
        return response

    return blueprint


def _consensus_page(application: Application, batch: Batch) -> str:
    cursors = Cursors(application.settings.common.cursor_key, salt="results_pages")
    cursor = request.args.get("cursor")
    found = application.show_answers.by_task(
        batch, after=int(cursors.read(cursor)) if cursor else 0, count_max=PAGE_TASKS + 1
    )
    shown = found[:PAGE_TASKS]
    more = len(found) > PAGE_TASKS
    project = application.batches.project_of(batch)
    return render_template(
        "requester/results.html",
        batch=batch,
        project=project,
        marked=_is_marked(project),
        split=application.merge_source.source_of(batch) is not None,
        making=_making(application, batch, request.args.get("making", "")),
        results=shown,
        answer_count=application.show_batches.progress(batch).answers,
        next_cursor=cursors.write(str(shown[-1].task.number)) if more else None,
    )


def _making(application: Application, batch: Batch, kind: str) -> Making | None:
    """None for what is never made by a job."""
    if not is_merged(application, batch, kind):
        return None
    since = _since(application)
    asked_at = format_instant(since)
    job = application.merge_later.of(batch, since)
    if job is None:
        return Making(kind, asked_at, "gone")
    return Making(kind, asked_at, str(job.state), min(job.read, job.answers), job.answers)


def _since(application: Application) -> datetime:
    """When the reader asked for the file first, according to the address."""
    try:
        asked_at = parse_instant(request.args.get("asked_at", ""))
    except (ValueError, OverflowError):
        asked_at = None
    return application.merge_later.since(asked_at)


def _is_marked(project: Project) -> bool:
    """Whether the template lets people mark an image."""
    return any(element in project.template for element in ("crowd-bounding-box", "crowd-polygon"))
