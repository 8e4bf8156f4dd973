"""Whom a batch is for, in the reader's words."""

from collections.abc import Iterator, Mapping, Sequence

from crowdloom.ui.formats import number_text
from flask_babel import gettext as _
from flask_babel import ngettext

from task_service.domain.projects import Project
from task_service.domain.qualifications import OwnQualification
from task_service.domain.requirements import SKILL, Condition, Requirements
from task_service.entrypoints.pages.languages import name_for_reader

_TESTED = ("en", "fa", "fr", "es")
"""Languages that the market has a test for."""


def market() -> dict[str, str]:
    """The market's own qualifications, by code."""
    tested = {
        f"language-{tag}": _("%(language)s, tested", language=name_for_reader(tag))
        for tag in _TESTED
    }
    return {
        "reliable": _("Reliable: most of what they did was accepted"),
        "accurate": _("Accurate: right on items whose answer requesters knew"),
        "experienced": _("Experienced: much of what they did was accepted"),
        "established": _("Established: an account of some age"),
        "careful-reading": _("Careful reading, tested"),
        SKILL: _("Skill in this kind of task: requesters accepted so many of 100 of their answers"),
        **tested,
    }


def names_of(own: Sequence[OwnQualification]) -> dict[str, str]:
    """What can be asked for: the requester's own first, then the market's."""
    return {**{one.qualification_id: one.name for one in own}, **market()}


def rules() -> list[tuple[str, str]]:
    return [
        ("all_of.has", _("must have")),
        ("all_of.at_least", _("must have, score at least")),
        ("all_of.at_most", _("must have, score at most")),
        ("any_of.has", _("one of these is enough: has")),
        ("any_of.at_least", _("one of these is enough: score at least")),
        ("any_of.at_most", _("one of these is enough: score at most")),
        ("none_of.has", _("must not have")),
        ("none_of.at_least", _("must not have with a score of at least")),
        ("none_of.at_most", _("must not have with a score of at most")),
    ]


def device(code: str) -> str:
    words = {"phone": _("Phone"), "tablet": _("Tablet"), "computer": _("Computer")}
    return str(words.get(code, code))


def language(tag: str | None) -> str | None:
    return name_for_reader(tag) if tag else None


def sentences(
    asked: Requirements | None, project: Project, names: Mapping[str, str]
) -> Iterator[str]:
    """Each a line of a list; the first says so where nothing is asked for."""
    now = asked or Requirements()
    tags = now.languages or ((project.language,) if project.language else ())
    if now == Requirements() and not tags:
        yield _("Anybody: no condition, any language, any device.")
    if tags:
        spoken = ", ".join(map(name_for_reader, tags))
        yield _("Speaks: %(languages)s.", languages=spoken)
    if now.devices:
        yield _("Works on: %(devices)s.", devices=", ".join(map(device, now.devices)))
    yield from _conditions(now, names)
    yield from _named(now)
    yield from _caps(now)


def _conditions(now: Requirements, names: Mapping[str, str]) -> Iterator[str]:
    for one in now.all_of:
        yield _("Must have: %(condition)s.", condition=_condition(one, names))
    if now.any_of:
        ways = _(" or ").join(_condition(one, names) for one in now.any_of)
        yield _("One of these is enough: %(conditions)s.", conditions=ways)
    for one in now.none_of:
        yield _("Must not have: %(condition)s.", condition=_condition(one, names))


def _condition(one: Condition, names: Mapping[str, str]) -> str:
    name = names.get(one.qualification, one.qualification)
    if one.score is None:
        return name
    words = {
        "at_least": _("%(name)s, score at least %(score)s"),
        "at_most": _("%(name)s, score at most %(score)s"),
    }
    shape = words.get(one.comparator)
    return shape % {"name": name, "score": number_text(one.score)} if shape else name


def _named(now: Requirements) -> Iterator[str]:
    if now.only:
        count = len(now.only)
        yield ngettext(
            "Only %(count)s worker whom you named.",
            "Only %(count)s workers whom you named.",
            count,
            count=number_text(count),
        )
    if now.excluded:
        count = len(now.excluded)
        yield ngettext(
            "Not %(count)s worker whom you excluded.",
            "Not %(count)s workers whom you excluded.",
            count,
            count=number_text(count),
        )


def _caps(now: Requirements) -> Iterator[str]:
    if now.answers_per_worker_max is not None:
        count = number_text(now.answers_per_worker_max)
        yield _("At most %(count)s answers from one worker.", count=count)
    if now.answers_per_worker_a_day_max is not None:
        count = number_text(now.answers_per_worker_a_day_max)
        yield _("At most %(count)s answers from one worker a day.", count=count)
