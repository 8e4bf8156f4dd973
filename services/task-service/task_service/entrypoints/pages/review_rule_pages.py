"""Many answers decided by a rule: first what it hits, then one decision about just those."""

from typing import Any
from urllib.parse import urlencode

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, SubmissionId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from task_service.application.choose_by_rule import Chosen
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import ReturnedTooOften
from task_service.domain.review_rules import Condition, Rule
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.review_pages import choice_sent, why_not

_SHOWN_MAX = 30


def review_rule_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("review_rule_pages", __name__)
    address = "/requester/batches/<batch_id>/review/rule"

    @blueprint.get(address)
    @require("requester")
    def rule(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _page(application, batch, request.args)

    @blueprint.post(address)
    @require("requester")
    @idempotent
    def decide(batch_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _decide(application, batch)

    return blueprint


def _decide(application: Application, batch: Batch) -> Any:
    """Decide what was shown. Where the rule would hit others by now, it is shown again instead."""
    chosen = application.choose_by_rule(
        batch, _rule(request.form), up_to=SubmissionId(request.form.get("up_to", ""))
    )
    if str(len(chosen.submissions)) != request.form.get("count"):
        changed = _("Some of these were decided meanwhile. Look at them again; nothing was done.")
        return _page(application, batch, request.form, error=str(changed)), 409
    try:
        application.hold_decisions.hold(
            shell.reader(),
            batch.batch_id,
            chosen.ids,
            choice=choice_sent(),
            reason=request.form.get("reason", ""),
            reopen="reopen" in request.form,
        )
    except (InvalidInput, ReturnedTooOften) as error:
        return _page(application, batch, request.form, error=why_not(error)), 422
    return redirect(f"{shell.batch_page(batch.batch_id)}/review", 303)


def _rule(sent: MultiDict[str, str]) -> Rule:
    """Raises InvalidInput for an unknown test."""
    name = sent.get("test", "")
    if name not in list(Condition):
        raise InvalidInput("There is no such rule", errors={"test": ["Choose what to look for."]})
    return Rule(Condition(name), sent.get("field", ""), sent.get("value", ""))


def _page(
    application: Application, batch: Batch, sent: MultiDict[str, str], error: str | None = None
) -> str:
    chosen: Chosen | None = None
    incomplete = None
    if "test" in sent:
        try:
            chosen = application.choose_by_rule(batch, _rule(sent))
        except InvalidInput as refusal:
            incomplete = _in_words(refusal)
    shown = chosen.submissions[:_SHOWN_MAX] if chosen else ()
    fields = application.choose_by_rule.fields(batch)
    return render_template(
        "requester/review_rule.html",
        batch=batch,
        project=application.batches.project_of(batch),
        tests=_conditions(),
        fields=[(name, name) for name in fields],
        # Of one field there is nothing to choose.
        field=sent.get("field", fields[0] if len(fields) == 1 else ""),
        sent=sent,
        chosen=chosen,
        shown=shown,
        incomplete=incomplete,
        error=error,
        place=urlencode({name: sent.get(name, "") for name in ("test", "field", "value")}),
        reason_characters_max=REASON_CHARACTERS_MAX,
    )


def _conditions() -> list[tuple[str, str]]:
    return [
        (str(Condition.AGREES), _("the field agrees with the majority")),
        (str(Condition.DIFFERS), _("the field differs from the majority")),
        (str(Condition.EQUALS), _("the field is exactly")),
        (str(Condition.CONTAINS), _("the field contains")),
        (str(Condition.EMPTY), _("the field is empty")),
        (str(Condition.FASTER), _("it took fewer seconds than")),
        (str(Condition.WORKER), _("it is by the worker")),
        (str(Condition.KNOWN_WRONG), _("it is not the known answer")),
        (str(Condition.KNOWN_RIGHT), _("it is the known answer")),
    ]


def _in_words(refusal: InvalidInput) -> str:
    errors = refusal.facts.get("errors")
    named = errors if isinstance(errors, dict) else {}
    if "field" in named:
        return str(_("Choose a field of the answer."))
    if "test" in named:
        return str(_("Choose what to look for."))
    return str(_("Write what to look for: a text, a worker's short name, or a number of seconds."))
