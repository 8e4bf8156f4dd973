"""Results: what each task's answers say together, and the files."""

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, Response, render_template, request

from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.projects import Project
from task_service.entrypoints.http.result_schemas import FORMATS
from task_service.entrypoints.http.results import results_file
from task_service.entrypoints.pages import shell

PAGE_TASKS = 20


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
        return results_file(application, batch, kind)

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
        results=shown,
        answer_count=application.show_batches.progress(batch).answers,
        next_cursor=cursors.write(str(shown[-1].task.number)) if more else None,
    )


def _is_marked(project: Project) -> bool:
    """Whether the template lets people mark an image."""
    return any(element in project.template for element in ("crowd-bounding-box", "crowd-polygon"))
