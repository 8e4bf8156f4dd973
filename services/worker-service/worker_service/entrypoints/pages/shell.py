"""What every page of this service shares: the bar, who reads, and where to go next."""

from crowdloom import ui
from crowdloom.chassis.http.auth import NotSignedIn, authenticate, principal
from crowdloom.chassis.tokens import InvalidToken
from crowdloom.kernel.errors import NotAllowed
from crowdloom.kernel.ids import WorkerId
from crowdloom.ui.preferences import local_path
from flask import request
from flask_babel import gettext as _

QUEUE_PAGE = "/work/queue"
START_PAGE = "/work/start"


def bar() -> ui.Bar:
    """The bar of a worker; a visitor's has no items. A reviewer's leads back to the operators'."""
    if request.path.startswith("/operator"):
        return _reviewer_bar()
    if not signed_in():
        return ui.Bar(home=START_PAGE)
    return ui.Bar(
        items=[
            (_("Queue"), QUEUE_PAGE),
            (_("My work"), "/work/my-work"),
            (_("Qualifications"), "/work/qualifications"),
            (_("Earnings"), "/pay/earnings"),
            (_("Settings"), "/work/settings"),
        ],
        purse=ui.Purse("/pay/earnings", _("Earnings"), "/pay/fragments/purse"),
        home=QUEUE_PAGE,
    )


def _reviewer_bar() -> ui.Bar:
    return ui.Bar(
        items=[
            (_("Operations"), "/operator"),
            (_("Appeals"), "/operator/appeals"),
            (_("Talk"), "/operator/talk"),
        ],
        sign_out="/finance/sign-out",
        home="/operator",
    )


def signed_in() -> bool:
    try:
        authenticate(("worker",))
    except (NotSignedIn, InvalidToken, NotAllowed):
        return False
    return True


def reader() -> WorkerId:
    """The worker whom `require` let in."""
    return WorkerId(principal().subject)


def next_page() -> str:
    """Where the reader wanted to go: a page of a worker's areas, else the queue."""
    wanted = local_path(request.values.get("next"))
    return wanted if wanted.startswith(("/work/", "/pay/")) else QUEUE_PAGE
