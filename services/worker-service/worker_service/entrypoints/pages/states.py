"""The states of a work item as a reader sees them."""

from flask_babel import gettext as _

from worker_service.domain.offers import Unseen
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


def unseen_words() -> dict[str, str]:
    """Why a project is not in the queue as it is shown."""
    return {
        Unseen.HIDDEN.value: _("you hid it"),
        Unseen.REQUESTER_HIDDEN.value: _("you hid its requester"),
        Unseen.FILTER.value: _("your filter leaves it out"),
        Unseen.LANGUAGE.value: _("it is in a language that you did not choose"),
    }


def why_not_words() -> dict[str, str]:
    """Why matching-service would give one nothing of a project: its codes to the reader's words."""
    return {
        "nothing_left": _("You have done every item of it that is open, or others hold them now."),
        "too_many_leases": _("You hold as many items as one can. Finish or return one first."),
        "other_language": _("It is in a language that you did not choose in Settings."),
        "qualification_missing": _("It asks for a qualification that you do not have."),
        "excluded": _("Its requester gives it to others."),
        "not_invited": _("Its requester gives it to workers of a list, and you are not on it."),
        "qualification_unwanted": _("It is not for workers with a qualification that you have."),
        "skill_missing": _(
            "It is for workers of whose answers of this kind more were accepted by requesters."
        ),
        "skill_unwanted": _("It is for workers who are newer to this kind of work."),
        "known_missed": _(
            "Too many of your answers to items of its project whose answer is known were not right."
        ),
        "cap_reached": _("You have done as many of its items as one worker may."),
        "day_cap_reached": _("You have done as many of its items today as one worker may."),
        "other_device": _("It cannot be done on this device."),
        "batch_paused": _("It is paused."),
        "batch_cancelled": _("Its requester has closed it."),
        "batch_completed": _("It is finished."),
        "account_closed": _("Your account is closed."),
        "": _("It is not given to you just now."),
    }
