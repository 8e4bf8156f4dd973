"""The form of a batch's audience as it was sent: read whole, with a sentence for what to mend."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from crowdloom.kernel.ids import Pseudonym
from crowdloom.ui.formats import number_text
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from task_service.domain.projects import Project
from task_service.domain.requirements import (
    CAP_MAX,
    CONDITIONS_MAX,
    DEVICES,
    SCORE_MAX,
    Condition,
    Requirements,
)
from task_service.domain.templates import task_type_of
from task_service.entrypoints.pages.forms import Unreadable, parse_number

REACH_PAGE = "/match/reach"
ROWS_SHOWN_MIN = 2
EVERYBODY, ON_MY_LIST, AS_NAMED = "everybody", "listed", "named"
_GROUPS = ("all_of", "any_of", "none_of")
_CAPS = ("answers_per_worker_max", "answers_per_worker_a_day_max")


@dataclass(frozen=True)
class ConditionRow:
    """`rule` is a group and a comparator, `all_of.has`; `score` is as it was typed."""

    rule: str = "all_of.has"
    qualification: str = ""
    score: str = ""


@dataclass
class AudienceForm:
    """`asked` is what it comes to; `circle` says who may see the batch at all."""

    rows: list[ConditionRow] = field(default_factory=list)
    languages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    circle: str = EVERYBODY
    only: tuple[Pseudonym, ...] = ()
    excluded: tuple[Pseudonym, ...] = ()
    caps: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    asked: Requirements | None = None

    def rows_with_blank(self, count: int) -> list[ConditionRow]:
        return [*self.rows, *[ConditionRow()] * count][:CONDITIONS_MAX]


def form_of(asked: Requirements | None) -> AudienceForm:
    """The form that says what is asked already."""
    now = asked or Requirements()
    rows = [
        ConditionRow(
            f"{group}.{one.comparator}",
            one.qualification,
            "" if one.score is None else str(one.score),
        )
        for group in _GROUPS
        for one in getattr(now, group)
    ]
    caps = {name: str(getattr(now, name) or "") for name in _CAPS}
    circle = AS_NAMED if now.only else EVERYBODY
    return AudienceForm(
        rows, now.languages, now.devices, circle, now.only, now.excluded, caps, asked=asked
    )


def reach_page(asked: Requirements | None, project: Project) -> str:
    """Where matching-service says how many workers that fits; it takes this form's fields."""
    form = form_of(asked)
    fields = [
        *[pair for row in form.rows for pair in vars(row).items()],
        *[("language", tag) for tag in form.languages],
        *[("device", code) for code in form.devices],
        ("circle", form.circle),
        ("project_language", project.language or ""),
        ("task_type", task_type_of(project.template) or ""),
    ]
    return f"{REACH_PAGE}?{urlencode(fields)}"


def read_audience(
    sent: "MultiDict[str, str]", before: Requirements | None, listed: Sequence[Pseudonym]
) -> AudienceForm:
    """`listed` is the requester's own list of workers, as it is now."""
    known = before or Requirements()
    typed = zip(
        sent.getlist("rule"), sent.getlist("qualification"), sent.getlist("score"), strict=False
    )
    form = AudienceForm(
        rows=[ConditionRow(*row) for row in typed if row[1]][:CONDITIONS_MAX],
        languages=tuple(dict.fromkeys(sent.getlist("language"))),
        devices=tuple(code for code in DEVICES if code in sent.getlist("device")),
        circle=sent.get("circle", EVERYBODY),
        only=known.only,
        excluded=known.excluded if sent.get("keep_excluded") else (),
        caps={name: sent.get(name, "").strip() for name in _CAPS},
    )
    chosen = {ON_MY_LIST: tuple(listed), AS_NAMED: known.only}.get(form.circle, ())
    if form.circle == ON_MY_LIST and not listed:
        form.errors["circle"] = _("Nobody is on your list yet: put workers on it first.")
    conditions = _conditions(form)
    caps = {name: _cap(form, name) for name in _CAPS}
    asked = Requirements(
        all_of=conditions["all_of"],
        any_of=conditions["any_of"],
        none_of=conditions["none_of"],
        languages=form.languages,
        devices=form.devices,
        only=chosen,
        excluded=form.excluded,
        answers_per_worker_max=caps["answers_per_worker_max"],
        answers_per_worker_a_day_max=caps["answers_per_worker_a_day_max"],
    )
    form.asked = None if asked == Requirements() else asked
    return form


def _conditions(form: AudienceForm) -> dict[str, tuple[Condition, ...]]:
    found: dict[str, list[Condition]] = {group: [] for group in _GROUPS}
    for row in form.rows:
        group, _dot, comparator = row.rule.partition(".")
        if group not in found:
            continue
        score = None if comparator == "has" else _number(row.score, 0, SCORE_MAX)
        if score is None and comparator != "has":
            form.errors["rule"] = _(
                "Write the score as a whole number from 0 to %(high)s.", high=number_text(SCORE_MAX)
            )
        found[group].append(Condition(row.qualification, comparator, score))
    return {group: tuple(dict.fromkeys(conditions)) for group, conditions in found.items()}


def _cap(form: AudienceForm, name: str) -> int | None:
    text = form.caps[name]
    if not text:
        return None
    number = _number(text, 1, CAP_MAX)
    if number is None:
        form.errors[name] = _("Write a whole number from 1 on, or nothing.")
    return number


def _number(text: str, low: int, high: int) -> int | None:
    try:
        number = parse_number(text)
    except Unreadable:
        return None
    whole = number == number.to_integral_value() and low <= number <= high
    return int(number) if whole else None
