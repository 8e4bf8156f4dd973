"""`/match/held`: what a worker holds, as a part of the queue's page.

Several items can be taken at once, one can be sent back days later, and a browser can be closed:
whoever comes back is told before the time of what is theirs is over.
"""

from crowdloom.chassis.http.auth import principal, require
from crowdloom.kernel.ids import WorkerId
from flask import Blueprint, render_template

from matching_service.bootstrap import Application

HELD = "/match/held"


def make_held_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("held_pages", __name__)

    @blueprint.get(HELD)
    @require("worker")
    def held() -> str:
        """Empty where nothing is held: it is shown inside of another page."""
        now = application.clock.now()
        own = application.hold_assignment.held(WorkerId(principal().subject))
        still = sorted((one for one in own if one.deadline > now), key=lambda one: one.deadline)
        return render_template("worker/_held.html", held=still) if still else ""

    return blueprint
