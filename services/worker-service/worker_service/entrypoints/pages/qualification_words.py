"""The market's own qualifications in the reader's words; a requester's are in the requester's."""

from crowdloom.ui.formats import number_text
from flask_babel import gettext as _
from flask_babel import ngettext

from worker_service.domain.qualifications import EXPIRED, RULE_NOT_MET, Held, Qualification
from worker_service.entrypoints.pages.languages import name_for_reader


def name_of(one: Qualification) -> str:
    names = {
        "reliable": _("Reliable"),
        "experienced": _("Experienced"),
        "established": _("Established"),
        "accurate": _("Accurate"),
        "careful-reading": _("Careful reading"),
    }
    if one.code.startswith("language-") and one.language:
        return str(_("%(language)s, tested", language=name_for_reader(one.language)))
    return str(names.get(one.code, one.name))


def description_of(one: Qualification) -> str:
    if one.code.startswith("language-") and one.language:
        return str(_("You read this language well. The test is in it."))
    if one.code == "careful-reading":
        return str(_("You read instructions to the end and do what they say. The test is English."))
    return " ".join(_parts(one)) if one.rule is not None else one.description


def _parts(one: Qualification) -> list[str]:
    """The rule's parts as sentences."""
    rule = one.rule
    parts: list[str] = []
    if rule is None:
        return parts
    if rule.accepted_count_min:
        count = number_text(rule.accepted_count_min)
        parts.append(str(_("At least %(count)s accepted answers.", count=count)))
    if rule.acceptance_percent_min:
        share = number_text(rule.acceptance_percent_min)
        parts.append(str(_("At least %(share)s of 100 decided answers accepted.", share=share)))
    if rule.age_days_min:
        days = number_text(rule.age_days_min)
        parts.append(str(_("An account of at least %(days)s days.", days=days)))
    if rule.known_count_min:
        count, share = number_text(rule.known_count_min), number_text(rule.known_percent_min)
        parts.append(
            str(
                _(
                    "At least %(count)s answers to items whose answer the requester knew, "
                    "%(share)s of 100 right.",
                    count=count,
                    share=share,
                )
            )
        )
    return parts


def reason_of(held: Held) -> str:
    """Why it ended, empty where it did not."""
    words = {
        EXPIRED: _("Its time is over."),
        RULE_NOT_MET: _("What it asks for is not met any more."),
    }
    return str(words.get(held.reason, held.reason))


def tries_words(count: int) -> str:
    return str(
        ngettext("%(count)s try left", "%(count)s tries left", count, count=number_text(count))
    )


def batches_words(count: int) -> str:
    if not count:
        return str(_("No open project asks for it now"))
    return str(
        ngettext(
            "Opens %(count)s project that is open now",
            "Opens %(count)s projects that are open now",
            count,
            count=number_text(count),
        )
    )
