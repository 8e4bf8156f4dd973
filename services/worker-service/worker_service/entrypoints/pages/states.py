"""The states of a work item as a reader sees them."""

from flask_babel import gettext as _

from worker_service.domain.work_items import Status

TONES = {
    "claimed": "move",
    "submitted": "wait",
    "accepted": "good",
    "settled": "good",
    "sent_back": "wait",
    "rejected": "bad",
    "returned": "quiet",
    "expired": "quiet",
}


def words() -> dict[str, str]:
    """Wire word to the reader's word, in the order of a life."""
    said = {
        Status.CLAIMED: _("in work"),
        Status.SUBMITTED: _("in review"),
        Status.ACCEPTED: _("accepted"),
        Status.SETTLED: _("paid to you"),
        Status.SENT_BACK: _("sent back to you"),
        Status.REJECTED: _("rejected"),
        Status.RETURNED: _("given back"),
        Status.EXPIRED: _("ran out"),
    }
    return {status.word: word for status, word in said.items()}


def return_reasons() -> dict[str, str]:
    """Why an item is given back: wire word to the reader's word; the last one is no reason."""
    return {
        "broken": _("The task is broken: something is missing or does not work"),
        "unclear": _("I do not understand what is asked"),
        "underpaid": _("It takes longer than it pays"),
        "language": _("It is not in a language that I read well"),
        "": _("Another reason, or none"),
    }
