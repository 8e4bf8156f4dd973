"""Items of an open batch for workers who look first: by a permission of matching-service's, which
knows whom the batch is for. It names nobody, so who looks is not known here.
"""

from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, Response, request
from flask_babel import gettext as _

from task_service.application.preview_task import Preview
from task_service.bootstrap import Application
from task_service.entrypoints.file_links import FileLinks
from task_service.entrypoints.frame.documents import (
    FrameScripts,
    frame_context,
    notice_document,
    task_document,
)


def batch_previews(application: Application, scripts: FrameScripts, links: FileLinks) -> Blueprint:
    blueprint = Blueprint("batch_previews", __name__, url_prefix="/frame/batches")

    @blueprint.get("/<batch_id>/preview")
    def preview(batch_id: str) -> Response:
        known, asked = BatchId(batch_id), request.args.get("item", "")
        try:
            application.previews.check(request.args.get("pass", ""), known)
            found = application.preview_task(known, int(asked) if asked.isdecimal() else 1)
        except InvalidToken:
            return _refused(scripts)
        except NotFound:
            return notice_document(scripts, status=404, title=_("There is no such item"))
        return _document(scripts, links, found)

    return blueprint


def _document(scripts: FrameScripts, links: FileLinks, found: Preview) -> Response:
    project = found.project
    words = _("This is a preview: nothing can be submitted here.")
    context = frame_context(scripts, None, {"words": words}, project.language)
    row = links.linked(found.row, project.requester_id)
    return task_document(project.template, project.allowed_hosts, row, context)


def _refused(scripts: FrameScripts) -> Response:
    return notice_document(
        scripts,
        status=403,
        title=_("There is nothing to look at"),
        sentence=_(
            "This work is not for you now, or the page has been open for long: load it again. "
            "The queue says what a project asks for."
        ),
    )
