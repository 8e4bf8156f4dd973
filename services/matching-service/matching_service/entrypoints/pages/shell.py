"""The bar of this service's pages, error pages included: of whoever meets them."""

from crowdloom import ui
from crowdloom.chassis.http.auth import who_is
from crowdloom.chassis.http.staff import is_staff_with
from flask import request

from matching_service.entrypoints.pages.reach_pages import REACH


def bar() -> ui.Bar:
    """Of requesters where they ask for reach, of operators, else of workers; a visitor's has no
    items.
    """
    if request.path == REACH:
        return ui.requester_bar()
    if request.path.startswith("/operator"):
        return ui.operator_bar(is_operator=is_staff_with("operator"))
    return ui.worker_bar() if who_is("worker") else ui.Bar(home="/work/start")
