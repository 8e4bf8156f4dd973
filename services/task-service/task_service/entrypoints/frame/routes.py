"""`/frame`: a worker's task, by ticket; `/requester/frame`: previews, for their owner."""

import json

from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.tickets import Ticket
from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, ProjectId, RequesterId
from flask import Blueprint, Flask, Response, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.errors import AssignmentOver, LeaseExpired
from task_service.entrypoints.file_links import PREFIX, FileLinks
from task_service.entrypoints.frame.documents import (
    FrameScripts,
    frame_context,
    notice_document,
    preview_document,
    task_document,
)
from task_service.entrypoints.http.sources import file_response
from task_service.entrypoints.http.tickets import TicketMissing, ticket_for


def mount_frame(app: Flask, application: Application) -> None:
    """Register the frame's pages, its previews and its script."""
    scripts = FrameScripts()
    scripts.mount(app)
    links = FileLinks(application.settings.common.cursor_key, application.clock)
    app.register_blueprint(_work(application, scripts, links))
    app.register_blueprint(_previews(application, scripts, links))
    app.register_blueprint(_files(application, links))


def _work(application: Application, scripts: FrameScripts, links: FileLinks) -> Blueprint:
    blueprint = Blueprint("frame", __name__, url_prefix="/frame", template_folder="templates")

    @blueprint.get("/assignments/<assignment_id>")
    def task(assignment_id: str) -> Response:
        try:
            return _task(application, scripts, links, ticket_for(application, assignment_id))
        except (TicketMissing, InvalidToken):
            return _without_ticket(scripts)
        except NotFound:
            return notice_document(scripts, status=404, title=_("There is no such item"))
        except AssignmentOver:
            return _given_back(scripts)
        except LeaseExpired:
            return _ran_out(scripts)

    return blueprint


def _task(
    application: Application, scripts: FrameScripts, links: FileLinks, ticket: Ticket
) -> Response:
    """Raises NotFound, AssignmentOver, LeaseExpired."""
    if application.answer_task.submitted(ticket.assignment_id) is not None:
        return _received(scripts)
    loaded = application.answer_task.load(ticket)
    draft = application.answer_task.draft(ticket)
    data = {"task": ticket.task_id, "pseudonym": ticket.pseudonym}
    if draft is not None:
        data["draft"] = json.dumps(draft.answer)
    inputs = links.linked(loaded.inputs, loaded.project.requester_id, until=ticket.deadline)
    return task_document(loaded.project, inputs, frame_context(scripts, ticket.assignment_id, data))


def _without_ticket(scripts: FrameScripts) -> Response:
    return notice_document(
        scripts,
        status=401,
        title=_("This item is not open in this browser"),
        sentence=_(
            "The ticket that opens it is missing or has run out. Open the item from My work: "
            "what you wrote is kept."
        ),
    )


def _received(scripts: FrameScripts) -> Response:
    return notice_document(
        scripts,
        status=410,
        title=_("Your answer was received"),
        sentence=_("There is nothing more to do here. My work says what becomes of it."),
    )


def _given_back(scripts: FrameScripts) -> Response:
    return notice_document(
        scripts,
        status=410,
        title=_("This item was given back"),
        sentence=_("Somebody else will do it. Nothing was lost for you."),
    )


def _ran_out(scripts: FrameScripts) -> Response:
    return notice_document(
        scripts,
        status=410,
        title=_("The time for this item is over"),
        sentence=_("Somebody else gets it. What you wrote is kept as a draft."),
    )


def _previews(application: Application, scripts: FrameScripts, links: FileLinks) -> Blueprint:
    blueprint = Blueprint("frame_previews", __name__, url_prefix="/requester/frame")

    @blueprint.get("/batches/<batch_id>/<int:number>")
    @require("requester")
    def row_of_batch(batch_id: str, number: int) -> Response:
        batch = application.batches.get(_requester(), BatchId(batch_id))
        found = application.batches.tasks(batch, after=number - 1, count_max=1)
        if not found or found[0].number != number:
            raise NotFound("The batch has no such row", number=number)
        row = dict(zip(batch.columns, found[0].cells, strict=True))
        shown = links.linked(row, batch.requester_id)
        return preview_document(scripts, application.batches.project_of(batch), shown)

    @blueprint.get("/projects/<project_id>")
    @require("requester")
    def template_of_project(project_id: str) -> Response:
        project = application.projects.get(_requester(), ProjectId(project_id))
        return preview_document(scripts, project, request.args.to_dict())

    return blueprint


def _files(application: Application, links: FileLinks) -> Blueprint:
    """Kept files by signed address: a frame sends no cookies with what it loads."""
    blueprint = Blueprint("frame_files", __name__, url_prefix=PREFIX)

    @blueprint.get("/<token>")
    def file(token: str) -> Response:
        owner, digest = links.read(token)
        response = file_response(application.merge_source.open(owner, digest), digest)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return blueprint


def _requester() -> RequesterId:
    return RequesterId(principal().subject)
