"""Words that more than one page needs."""

from flask_babel import gettext as _


def reason_words() -> dict[str, str]:
    """Why somebody is given nothing, in the reader's language."""
    return {
        "batch_paused": _("the batch is paused"),
        "batch_cancelled": _("the batch is being closed"),
        "batch_completed": _("the batch is finished"),
        "account_closed": _("the account is closed"),
        "other_language": _("speaks none of its languages"),
        "other_device": _("works on another device"),
        "excluded": _("excluded by the requester"),
        "not_invited": _("not on the requester's list"),
        "qualification_missing": _("lacks a qualification"),
        "qualification_unwanted": _("has a qualification that is not wanted"),
        "cap_reached": _("did as many of it as one may"),
        "day_cap_reached": _("did as many of it today as one may"),
        "nothing_left": _("had every item that is open"),
    }
