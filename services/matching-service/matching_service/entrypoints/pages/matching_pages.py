"""`/operator/matching` and its `/policy`: how work is given out now, and by which weights."""

from dataclasses import asdict, fields
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matching_service.application.count_reach import COUNTED_MIN, LATELY
from matching_service.application.set_policy import DryRun
from matching_service.bootstrap import Application
from matching_service.domain.policy import Policy, bounds_of
from matching_service.entrypoints.pages.words import reason_words

MATCHING = "/operator/matching"
POLICY = "/operator/matching/policy"
_IDLE_SHOWN_MAX = 20
_DIGITS_MAX = 9
WEIGHTS = tuple(field.name for field in fields(Policy))


def make_matching_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("matching_pages", __name__)

    @blueprint.get(MATCHING)
    @require("staff", "operator")
    def matching() -> str:
        part = "operator/_matching.html" if "HX-Request" in request.headers else None
        return render_template(
            part or "operator/matching.html",
            now=application.watch_matching(),
            reason_words=reason_words(),
            idle_shown_max=_IDLE_SHOWN_MAX,
            reach_days=LATELY.days,
            reach_least=COUNTED_MIN,
        )

    _add_policy(blueprint, application)
    return blueprint


def _add_policy(blueprint: Blueprint, application: Application) -> None:
    setting = application.set_policy

    @blueprint.get(POLICY)
    @require("staff", "operator")
    def policy() -> str:
        weights, errors = _weights(request.args)
        tried = None
        if request.args.get("try") and not errors:
            tried = setting.try_on(weights)
        return _page(application, {**request.args}, errors=errors, tried=tried)

    @blueprint.post(POLICY)
    @require("staff", "operator")
    @idempotent
    def change() -> Response | tuple[str, int]:
        weights, errors = _weights(request.form)
        form, reason = {**request.form}, request.form.get("reason", "")
        if not reason.strip():
            errors["reason"] = str(_("Say why, for those who ask later."))
        if not errors:
            seen = _number(form.get("version", ""))
            try:
                setting(principal().subject, weights=weights, version=seen, reason=reason)
            except InvalidInput:
                errors["reason"] = str(_("Say it in fewer words."))
            except Conflict:
                now = setting.current()
                errors = _changed_meanwhile(weights, asdict(now.policy))
                form["version"] = str(now.version)
            else:
                ui.say("good", _("The weights are set"), _("Claims go by them within a second."))
                return redirect(POLICY, 303)
        return _page(application, form, errors=errors), 422


def _changed_meanwhile(weights: dict[str, int], now: dict[str, int]) -> dict[str, str]:
    """What would be set back beside what it is now: who sends the form again has read it."""
    told = _("Somebody changed the weights meanwhile. Look at each that differs, then set them.")
    differing = {
        name: str(_("It is %(value)s now.", value=number_text(now[name])))
        for name, value in weights.items()
        if value != now[name]
    }
    return {**differing, "reason": str(told)}


def _weights(sent: Any) -> tuple[dict[str, int], dict[str, str]]:
    """What was sent of the weights, and what is wrong with it; those left out stay as they are."""
    weights, errors = {}, {}
    for name in WEIGHTS:
        text = sent.get(name)
        if text is None:
            continue
        least, most = bounds_of(name)
        if least <= _number(text) <= most:
            weights[name] = _number(text)
        else:
            words = _("A whole number from %(least)s to %(most)s.", least=least, most=most)
            errors[name] = str(words)
    return weights, errors


def _number(text: str) -> int:
    """-1 where it is no whole number, or one of so many digits that none here can be meant."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
    return int(text) if is_number else -1


def _page(
    application: Application,
    form: dict[str, str],
    *,
    errors: dict[str, str],
    tried: DryRun | None = None,
) -> str:
    current = application.set_policy.current()
    # The form's own version stays with its weights: of what somebody else set since, its sender
    # has seen nothing.
    return render_template(
        "operator/policy.html",
        form={**asdict(current.policy), **form},
        version=form.get("version", current.version),
        weights=_weight_words(),
        bounds={name: bounds_of(name) for name in WEIGHTS},
        errors=errors,
        tried=tried,
        changes=[
            (change, asdict(change.before), asdict(change.after))
            for change in application.set_policy.changes()
        ],
    )


def _weight_words() -> dict[str, tuple[str, str]]:
    """Each weight's name, and what it does."""
    return {
        "finishing": (_("Near its end"), _("At most a tenth of its items is left.")),
        "waiting": (_("Served long ago"), _("Half of it after a minute without a claim.")),
        "age": (_("Open for long"), _("Half of it after a day.")),
        "skill": (
            _("The worker's skill"),
            _("How their answers of this kind were judged, and their scores in what is asked for."),
        ),
        "newcomers": (
            _("Newcomers"),
            _("It lacks answers of newcomers and they are one, or lacks none and they are not."),
        ),
        "newcomer_share": (
            _("Share for newcomers, in percent"),
            _("Below it a batch lacks them. A newcomer has given fewer than 20 answers."),
        ),
        "deadline": (
            _("Wanted soon"),
            _("How much of the time in which its requester wants all answers is over."),
        ),
        "requesters": (
            _("Its requester served long ago"),
            _("So that many batches of one requester do not crowd out the one of another."),
        ),
        "held_max": (
            _("Items a worker may hold at once"),
            _("No part of the score. What is held already stays."),
        ),
        "extensions_max": (
            _("How often one item can be prolonged"),
            _("No part of the score. Each time by its full length."),
        ),
    }
