"""`/match/reach`: how many workers a batch fits, for the requester who chooses whom it is for.

Asked with the fields of task-service's form, which includes the answer as a part of its page; a
browser without JavaScript gets it as a page. What is asked is not kept.
"""

from crowdloom.chassis.http.auth import require
from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from matching_service.application.count_reach import COUNTED_MIN, LATELY, is_own
from matching_service.bootstrap import Application
from matching_service.domain.requirements import AT_LEAST, AT_MOST, HAS, Condition, Requirements

REACH = "/match/reach"
_CONDITIONS_MAX = 20
_VALUES_MAX = 50
_SCORE_MAX = 100
_NAMED = ("listed", "named")
_GROUPS = ("all_of", "any_of", "none_of")


def make_reach_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("reach_pages", __name__)

    @blueprint.get(REACH)
    @require("requester")
    def reach() -> str:
        asked = _asked(request.args)
        language, task_type = (
            request.args.get(name) or None for name in ("project_language", "task_type")
        )
        part = "requester/_reach.html" if "HX-Request" in request.headers else None
        return render_template(
            part or "requester/reach.html",
            reach=application.count_reach(asked, language, task_type),
            counted_min=COUNTED_MIN,
            days=LATELY.days,
            names_workers=request.args.get("circle") in _NAMED,
            names_devices="device" in request.args,
            names_own=any(map(is_own, (*asked.all_of, *asked.any_of, *asked.none_of))),
        )

    return blueprint


def _asked(sent: "MultiDict[str, str]") -> Requirements:
    """What can be read of it: a score that is still being typed asks for no score yet."""
    typed = zip(
        sent.getlist("rule"), sent.getlist("qualification"), sent.getlist("score"), strict=False
    )
    groups: dict[str, list[Condition]] = {name: [] for name in _GROUPS}
    for rule, qualification, score in list(typed)[:_CONDITIONS_MAX]:
        group, _dot, comparator = rule.partition(".")
        if qualification and group in groups:
            groups[group].append(_condition(qualification, comparator, score.strip()))
    all_of, any_of, none_of = (tuple(groups[name]) for name in _GROUPS)
    languages = tuple(sent.getlist("language")[:_VALUES_MAX])
    return Requirements(all_of=all_of, any_of=any_of, none_of=none_of, languages=languages)


def _condition(qualification: str, comparator: str, score: str) -> Condition:
    is_number = score.isdecimal() and len(score) <= len(str(_SCORE_MAX))
    if comparator not in (AT_LEAST, AT_MOST) or not is_number:
        return Condition(qualification, HAS)
    return Condition(qualification, comparator, int(score))
