"""The bar of each role whose pages several services serve: the same one wherever a page comes from.

Finance staff meet one service alone, which words their bar itself.
"""

from flask_babel import gettext as _

from crowdloom.ui.bar import Bar, Purse


def requester_bar(*, owner: bool = True) -> Bar:
    """Members of a team who are no owners have no keys."""
    developers = [(_("Developers"), "/requester/developers")] if owner else []
    return Bar(
        items=[
            (_("Projects"), "/requester/projects"),
            (_("Templates"), "/requester/templates"),
            (_("Qualifications"), "/requester/qualifications"),
            (_("Workers"), "/requester/workers"),
            (_("Funds"), "/pay/wallet"),
            *developers,
            (_("Team"), "/requester/team"),
        ],
        purse=Purse("/pay/wallet", _("Wallet"), "/pay/fragments/wallet"),
        sign_out="/requester/sign-out",
        home="/requester/projects",
    )


def worker_bar() -> Bar:
    return Bar(
        items=[
            (_("Queue"), "/work/queue"),
            (_("My work"), "/work/my-work"),
            (_("Qualifications"), "/work/qualifications"),
            (_("Earnings"), "/pay/earnings"),
            (_("Settings"), "/work/settings"),
        ],
        purse=Purse("/pay/earnings", _("Earnings"), "/pay/fragments/purse"),
        home="/work/queue",
    )


def operator_bar(*, is_operator: bool) -> Bar:
    """payment-service vouches for staff, so signing out is done there. Who is no operator is told
    on these pages that they are not theirs to open, and is shown none.
    """
    pages = [
        (_("Operations"), "/operator"),
        (_("Batches"), "/operator/batches"),
        (_("Matching"), "/operator/matching"),
        (_("Appeals"), "/operator/appeals"),
        (_("Talk"), "/operator/talk"),
        (_("Answers"), "/operator/answers"),
        (_("Accounts"), "/operator/accounts"),
    ]
    return Bar(
        items=pages if is_operator else [],
        sign_out="/finance/sign-out",
        home="/operator" if is_operator else "/finance",
    )
