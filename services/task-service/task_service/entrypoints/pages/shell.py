"""What every page of this service shares: the bar, who reads, and where to go next."""

from urllib.parse import urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, who_is
from crowdloom.chassis.http.staff import is_staff_with
from crowdloom.chassis.http.team_roles import acts_as_owner
from crowdloom.kernel import Money
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.money import UNITS_PER_MINOR
from crowdloom.ui.preferences import local_path
from flask import request

from task_service.domain.project_drafts import TrialFile

PROJECTS_PAGE = "/requester/projects"
TEMPLATES_PAGE = "/requester/templates"
DRAFTS_PAGE = "/requester/drafts"
FRAME = "/requester/frame"
SIGN_IN_PAGE = "/requester/sign-in"
MODERATION_PAGE = "/operator/talk"
DEVELOPERS_PAGE = "/requester/developers"
TEAM_PAGE = "/requester/team"
WORKERS_PAGE = "/requester/workers"
WALLET_PAGE = "/pay/wallet"


def bar() -> ui.Bar:
    """The bar of a requester; a visitor's has no items, and beyond requesters' own pages leads to
    all three doors: workers meet this service's as well.
    """
    if request.path.startswith("/operator"):
        return ui.operator_bar(is_operator=is_staff_with("operator"))
    found = who_is("requester")
    if found is None:
        return ui.Bar(home=SIGN_IN_PAGE if request.path.startswith("/requester") else "/")
    return ui.requester_bar(owner=acts_as_owner(found))


def signed_in() -> bool:
    return who_is("requester") is not None


def reader() -> RequesterId:
    """The requester whom `require` let in."""
    return RequesterId(principal().subject)


def owns() -> bool:
    """Whether the reader acts for nobody else, or as an owner."""
    return acts_as_owner(principal())


def next_page() -> str:
    """Where the reader wanted to go: a page of a requester's areas, else the projects."""
    wanted = local_path(request.values.get("next"))
    return wanted if wanted.startswith(("/requester/", "/pay/")) else PROJECTS_PAGE


def batch_page(batch_id: str) -> str:
    return f"/requester/batches/{batch_id}"


def project_page(project_id: str) -> str:
    return f"{PROJECTS_PAGE}/{project_id}"


def draft_page(draft_id: str) -> str:
    return f"{DRAFTS_PAGE}/{draft_id}"


def first_batch_page(project_id: str, file: TrialFile | None) -> str:
    """Where a new project goes on: with the file that it was tried on, where there is one."""
    if file is None:
        return project_page(project_id)
    kept = urlencode({"kept": file.digest, "name": file.name})
    return f"{project_page(project_id)}/batches/new?{kept}"


def batch_preview(batch_id: str, number: int) -> str:
    """The address of a row's preview in the sandboxed frame."""
    return f"/requester/frame/batches/{batch_id}/{number}"


def project_preview(project_id: str) -> str:
    return f"/requester/frame/projects/{project_id}"


def top_up_page(missing: Money, batch_id: str) -> str:
    """Where to add what is missing, in whole minor units, and come back to the batch."""
    whole = Money.of_minor(-(-missing.units // UNITS_PER_MINOR), missing.currency)
    amount = str(whole).split()[0]
    return f"{WALLET_PAGE}?{urlencode({'missing': amount, 'next': batch_page(batch_id)}, safe='/')}"
