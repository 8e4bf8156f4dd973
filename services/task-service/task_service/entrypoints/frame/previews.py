"""Previews for requesters: nothing in them can be submitted."""

from collections.abc import Mapping

from crowdloom.chassis.http.auth import principal, require
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from flask import Blueprint, Response, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.known_answers import shown_inputs
from task_service.domain.templates import foreign_hosts
from task_service.entrypoints.file_links import FileLinks
from task_service.entrypoints.frame.documents import FrameScripts, frame_context, task_document
from task_service.entrypoints.pages import previews, starters


def frame_previews(application: Application, scripts: FrameScripts, links: FileLinks) -> Blueprint:
    blueprint = Blueprint("frame_previews", __name__, url_prefix="/requester/frame")

    def shown(
        template: str,
        hosts: tuple[str, ...],
        row: Mapping[str, str],
        language: str | None = "en",  # of our own templates
    ) -> Response:
        words = _("This is a preview: nothing can be submitted here.")
        context = frame_context(scripts, None, {"words": words, **previews.told()}, language)
        return task_document(template, hosts, row, context)

    @blueprint.get("/batches/<batch_id>/<int:number>")
    @require("requester")
    def row_of_batch(batch_id: str, number: int) -> Response:
        batch = application.batches.get(_requester(), BatchId(batch_id))
        inside = 1 <= number <= batch.task_count
        found = application.batches.tasks(batch, after=number - 1, count_max=1) if inside else []
        if not found or found[0].number != number:
            raise NotFound("The batch has no such row", number=number)
        # As workers are shown it: what is known of the row is beside the preview, not in it.
        row = shown_inputs(batch.columns, found[0].cells)
        project = application.batches.project_of(batch)
        return shown(
            project.template,
            project.allowed_hosts,
            links.linked(row, batch.requester_id),
            project.language,
        )

    @blueprint.get("/projects/<project_id>")
    @require("requester")
    def template_of_project(project_id: str) -> Response:
        project = application.projects.get(_requester(), ProjectId(project_id))
        return shown(
            project.template, project.allowed_hosts, request.args.to_dict(), project.language
        )

    @blueprint.get("/templates/<name>")
    @require("requester")
    def template_on_offer(name: str) -> Response:
        template = starters.template_of(name)
        if template is None:
            raise NotFound("There is no such template")
        records = list(starters.sample_of(name).records())
        row = records[previews.row_asked(len(records)) - 1]
        return shown(template, tuple(foreign_hosts(template)), row)

    @blueprint.get("/drafts/<draft_id>")
    @require("requester")
    def draft_of_project(draft_id: str) -> Response:
        draft = application.edit_drafts.get(_requester(), draft_id)
        row = draft.row(previews.row_asked(len(draft.rows)))
        template = draft.text.template
        hosts = tuple(foreign_hosts(template))
        return shown(template, hosts, links.linked(row, draft.requester_id), draft.text.language)

    return blueprint


def _requester() -> RequesterId:
    return RequesterId(principal().subject)
