"""`/frame`: a worker's task, by ticket; `/requester/frame`: previews, for their owner."""

import json

from crowdloom.chassis.tickets import Ticket
from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Flask, Response
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.domain.errors import AssignmentOver, LeaseExpired
from task_service.entrypoints.file_links import FileLinks
from task_service.entrypoints.frame.batch_previews import batch_previews
from task_service.entrypoints.frame.documents import (
    FrameScripts,
    frame_context,
    notice_document,
    task_document,
)
from task_service.entrypoints.frame.kept import kept_frame
from task_service.entrypoints.frame.loads import frame_loads
from task_service.entrypoints.frame.previews import frame_previews
from task_service.entrypoints.frame.talk import talk_frame
from task_service.entrypoints.http.tickets import TicketMissing, ticket_for


def mount_frame(app: Flask, application: Application) -> None:
    """Register the frame's pages, its previews and its script."""
    scripts = FrameScripts()
    scripts.mount(app)
    links = FileLinks(application.settings.common.cursor_key, application.clock)
    app.register_blueprint(_work(application, scripts, links))
    app.register_blueprint(batch_previews(application, scripts, links))
    app.register_blueprint(talk_frame(application))
    app.register_blueprint(kept_frame(application))
    app.register_blueprint(frame_previews(application, scripts, links))
    app.register_blueprint(frame_loads(application, links))


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
    loaded = application.answer_task.load(ticket)
    if loaded.is_received:
        return _received(scripts)
    draft = application.answer_task.draft(ticket)
    data = {"task": ticket.task_id, "pseudonym": ticket.pseudonym}
    if draft is not None:
        data["draft"] = json.dumps(draft.answer)
    inputs = links.linked(loaded.inputs, loaded.project.requester_id, until=ticket.deadline)
    project = loaded.project
    context = frame_context(scripts, ticket.assignment_id, data, project.language)
    return task_document(project.template, project.allowed_hosts, inputs, context)


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
