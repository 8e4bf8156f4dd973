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
        "skill_missing": _("answers of this kind were not judged good enough, or too few were"),
        "skill_unwanted": _("answers of this kind were judged better than is wanted"),
        "known_missed": _("mostly missed the items of it whose answer is known"),
        "cap_reached": _("did as many of it as one may"),
        "day_cap_reached": _("did as many of it today as one may"),
        "nothing_left": _("had every item that is open"),
    }


def own_reason_words() -> dict[str, str]:
    """The same, said to the worker whom it is about, as their queue says it."""
    return {
        "other_language": _("It is in a language that you did not choose in Settings."),
        "other_device": _("It cannot be done on this device."),
        "excluded": _("Its requester gives it to others."),
        "not_invited": _("Its requester gives it to workers of a list, and you are not on it."),
        "qualification_missing": _("It asks for a qualification that you do not have."),
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
        "nothing_left": _("You have done every item of it that is open, or others hold them now."),
        "batch_paused": _("It is paused."),
        "batch_cancelled": _("Its requester has closed it."),
        "batch_completed": _("It is finished."),
        "account_closed": _("Your account is closed."),
    }
