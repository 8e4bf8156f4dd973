"""What a worker wrote, to be read again once the item is over: what was submitted, with what was
asked, else the draft.

The ticket opens it, in the browser that did the work and for a day, or where the item was opened
again. Who looks is not known here.
"""

from typing import Any

from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, render_template, request

from task_service.bootstrap import Application
from task_service.entrypoints.http.tickets import TicketMissing, ticket_for


def kept_frame(application: Application) -> Blueprint:
    blueprint = Blueprint("frame_kept", __name__, url_prefix="/frame/assignments/<assignment_id>")
    answering = application.answer_task

    @blueprint.get("/kept")
    def kept(assignment_id: str) -> Any:
        is_part = "HX-Request" in request.headers
        try:
            ticket = ticket_for(application, assignment_id)
        except (TicketMissing, InvalidToken, NotFound):
            # As a part of another page, which says itself what is the matter, it is empty.
            return "" if is_part else (render_template("frame/no_ticket.html"), 401)
        submitted, draft = answering.submitted(ticket.assignment_id), answering.draft(ticket)
        found = submitted or draft
        return render_template(
            "frame/_kept.html" if is_part else "frame/kept.html",
            pairs=found.answer if found else (),
            is_draft=submitted is None,
            inputs=answering.inputs_of(ticket),
            assignment_id=assignment_id,
        )

    return blueprint
