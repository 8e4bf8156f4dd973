"""What every page of this service shares: the bar of each role, who reads, and where to go next."""

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, who_is
from crowdloom.chassis.http.team_roles import acts_as_owner
from crowdloom.chassis.tokens import Principal
from crowdloom.kernel.ids import RequesterId, StaffId, WorkerId
from crowdloom.ui.preferences import local_path
from flask import Response, make_response, request
from flask_babel import gettext as _

from payment_service.domain.people import FINANCE_READERS

TODAY_PAGE = "/finance"
OPERATOR_PAGE = "/operator"
EARNINGS_PAGE = "/pay/earnings"
WALLET_PAGE = "/pay/wallet"
_WORKER_PATHS = ("/pay/earnings", "/pay/payout", "/pay/gift-credits", "/pay/fragments/purse")


# Pages of an area whose name their address does not begin with.
_WITHIN = {
    "/finance/periods": "/finance/ledger",
    "/finance/funds": "/finance/refunds",
    "/finance/invoices": "/finance/refunds",
    "/finance/bank-accounts": "/finance/bank-statements",
    "/finance/reconciliation": "/finance/reconciliations",
}


def bar() -> ui.Bar:
    """The bar of the role whose page this is; a visitor's has no items.

    Workers and requesters see the items of their own areas, so that money is no other site.
    """
    if request.path.startswith(_WORKER_PATHS):
        return ui.worker_bar() if who_is("worker") else ui.Bar(home="/work/start")
    if request.path.startswith("/pay"):
        found = who_is("requester")
        if found is not None:
            return ui.requester_bar(owner=acts_as_owner(found))
        return ui.worker_bar() if who_is("worker") else ui.Bar(home="/requester/sign-in")
    member = who_is("staff")
    return _staff_bar(member) if member else ui.Bar(home="/finance/sign-in")


def staff_member() -> StaffId:
    return StaffId(principal().subject)


def worker() -> WorkerId:
    return WorkerId(principal().subject)


def requester() -> RequesterId:
    return RequesterId(principal().subject)


def may(grant: str) -> bool:
    """Whether the staff member whom `require` let in has a grant."""
    return grant in principal().grants


def to_processor(page: str, hosted_pages: str) -> Response:
    """A page with a form that leads to the processor's own pages: its policy names them, since
    browsers apply `form-action` to the redirect that follows a form.
    """
    response = make_response(page)
    response.headers["Content-Security-Policy"] = ui.PAGE_POLICY.replace(
        "form-action 'self'", f"form-action 'self' {hosted_pages}"
    )
    return response


def next_page(home: str, *areas: str) -> str:
    """Where the reader wanted to go, if that is in one of the areas; else `home`."""
    wanted = local_path(request.values.get("next"))
    inside = any(wanted == area or wanted.startswith((f"{area}/", f"{area}?")) for area in areas)
    return wanted if inside else home


def _staff_bar(member: Principal) -> ui.Bar:
    items = []
    if member.grants.intersection(FINANCE_READERS):
        items = [
            (_("Today"), TODAY_PAGE),
            (_("Exceptions"), "/finance/exceptions"),
            (_("Payout runs"), "/finance/payout-runs"),
            (_("Approvals"), "/finance/approvals"),
            (_("Payees"), "/finance/payees"),
            (_("Refunds"), "/finance/refunds"),
            (_("Reconciliation"), "/finance/reconciliations"),
            (_("Bank"), "/finance/bank-statements"),
            (_("Ledger"), "/finance/ledger"),
            (_("Audit"), "/finance/audit"),
            (_("Staff"), "/finance/staff"),
        ]
    if "operator" in member.grants:
        items.append((_("Operations"), OPERATOR_PAGE))
    items.append((_("Account"), "/finance/account"))
    return ui.Bar(items=items, sign_out="/finance/sign-out", home=TODAY_PAGE, within=_WITHIN)
