"""The bar of this service's pages, error pages included: of whoever meets them."""

from crowdloom import ui
from crowdloom.chassis.http.auth import NotSignedIn, authenticate
from crowdloom.chassis.http.staff import is_staff_with
from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotAllowed
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
    return ui.worker_bar() if _is_worker() else ui.Bar(home="/work/start")


def _is_worker() -> bool:
    try:
        authenticate(("worker",))
    except (NotSignedIn, InvalidToken, NotAllowed):
        return False
    return True
