"""What every page of this service shares: the bar, who reads, and where to go next."""

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, who_is
from crowdloom.chassis.http.staff import is_staff_with
from crowdloom.kernel.ids import WorkerId
from crowdloom.ui.preferences import local_path
from flask import request

QUEUE_PAGE = "/work/queue"
START_PAGE = "/work/start"


def bar() -> ui.Bar:
    """The bar of a worker; a visitor's has no items. A reviewer's leads back to the operators'."""
    if request.path.startswith("/operator"):
        return ui.operator_bar(is_operator=is_staff_with("operator"))
    return ui.worker_bar() if signed_in() else ui.Bar(home=START_PAGE)


def signed_in() -> bool:
    return who_is("worker") is not None


def reader() -> WorkerId:
    """The worker whom `require` let in."""
    return WorkerId(principal().subject)


def next_page() -> str:
    """Where the reader wanted to go: a page of a worker's areas, else the queue."""
    wanted = local_path(request.values.get("next"))
    return wanted if wanted.startswith(("/work/", "/pay/")) else QUEUE_PAGE
