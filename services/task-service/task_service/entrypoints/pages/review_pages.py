"""Review: submitted answers beside their inputs, decided one by one or many at once.

A decision made here is held for ten seconds, in which the page offers to undo it.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, SubmissionId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from crowdloom.ui.formats import number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from task_service.application.hold_decisions import UNDO_TIME
from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.bonuses import BonusStatus
from task_service.domain.errors import ReturnedTooOften
from task_service.domain.submissions import Choice, SubmissionStatus
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.answer_pages import UnsentBonus

BONUS_TONES = {
    BonusStatus.GRANTED: "move",
    BonusStatus.SETTLED: "good",
    BonusStatus.DECLINED: "bad",
}
PAGE_ANSWERS = {"list": 20, "one": 1, "grid": 48}


@dataclass(frozen=True)
class Refused:
    """A decision that was sent without what the worker is to read, to be mended in its place."""

    submission_id: str
    choice: Choice
    reason: str
    reopen: bool
    sentence: str


def bonus_words() -> dict[str, str]:
    return {
        BonusStatus.GRANTED: _("Bonus is being paid"),
        BonusStatus.SETTLED: _("Bonus paid"),
        BonusStatus.DECLINED: _("Bonus not paid: too little in your wallet"),
    }


def review_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("review_pages", __name__)
    _add_list(blueprint, application)
    _add_one(blueprint, application)
    _add_many(blueprint, application)
    _add_undo(blueprint, application)
    return blueprint


def _add_list(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/requester/batches/<batch_id>/review")
    @require("requester")
    def review(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return review_page(application, batch)


def _add_one(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/review/<submission_id>")
    @require("requester")
    @idempotent
    def decide(batch_id: str, submission_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        application.review.get(shell.reader(), SubmissionId(submission_id))
        choice = choice_sent()
        reason, reopen = request.form.get("reason", ""), "reopen" in request.form
        try:
            held = application.hold_decisions.hold(
                shell.reader(),
                batch.batch_id,
                [SubmissionId(submission_id)],
                choice=choice,
                reason=reason,
                reopen=reopen,
            )
        except (InvalidInput, ReturnedTooOften) as error:
            sentence = why_not(error)
            refused = Refused(submission_id, choice, reason, reopen, sentence)
            return review_page(application, batch, refused=refused), 422
        if not held:
            ui.say("bad", _("Nothing was changed"), _("That answer was decided in the meantime."))
        return _onward(batch)


def _add_many(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/review")
    @require("requester")
    @idempotent
    def accept_many(batch_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        named = request.form.getlist("shown" if "all" in request.form else "ticked")
        if not named:
            ui.say("bad", _("Nothing was changed"), _("Tick the answers to accept first."))
            return _onward(batch)
        # One that was decided meanwhile stops none of the others.
        held = application.hold_decisions.hold(
            shell.reader(),
            batch.batch_id,
            [SubmissionId(one) for one in named],
            choice=Choice.ACCEPT,
        )
        _tell_of_the_others(len(named) - held)
        return _onward(batch)


def _tell_of_the_others(count: int) -> None:
    if count:
        sentence = ngettext(
            "%(count)s of them was decided in the meantime, and stays as it is.",
            "%(count)s of them were decided in the meantime, and stay as they are.",
            count,
            count=number_text(count),
        )
        ui.say("wait", _("Not all of them"), sentence)


def _add_undo(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/review/undo")
    @require("requester")
    @idempotent
    def undo(batch_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        named = [SubmissionId(one) for one in request.form.getlist("held")]
        undone = application.hold_decisions.undo(shell.reader(), batch.batch_id, named)
        sentence = ngettext(
            "%(count)s answer waits for you again.",
            "%(count)s answers wait for you again.",
            undone,
            count=number_text(undone),
        )
        if undone:
            ui.say("good", _("Undone"), sentence)
        elif application.hold_decisions.wait_again(named):
            ui.say("good", _("Undone"), _("Somebody else was quicker to undo it."))
        else:
            ui.say("bad", _("Too late"), _("The ten seconds are over: the decision stands."))
        return _onward(batch)


def choice_sent() -> Choice:
    """The decision of the form that was sent. Raises InvalidInput."""
    sent = request.form.get("decision", "")
    if sent not in list(Choice):
        sentence = "Choose what to do: accept, reject or return."
        raise InvalidInput("There is no such decision", errors={"decision": [sentence]})
    return Choice(sent)


def why_not(error: InvalidInput | ReturnedTooOften) -> str:
    """Why a decision was not taken, in the reader's language."""
    if isinstance(error, ReturnedTooOften):
        return str(_("It was sent back as often as it can be: accept or reject it."))
    count = number_text(REASON_CHARACTERS_MAX)
    return str(_("Give a reason of 1 to %(count)s characters; the worker reads it.", count=count))


def _onward(batch: Batch) -> BaseResponse:
    """The same place of the list: what was decided is gone from it, the next item is there."""
    following = request.form.get("following", "")
    anchor = f"#{quote(following)}" if following else ""
    return redirect(f"{shell.batch_page(batch.batch_id)}/review{_place()}{anchor}", 303)


def _view() -> str:
    view = request.args.get("view", "list")
    return view if view in PAGE_ANSWERS else "list"


def _place() -> str:
    """The view and the part of the list that the address names, as a query."""
    named = {name: request.args[name] for name in ("view", "cursor") if request.args.get(name)}
    return f"?{urlencode(named)}" if named else ""


def review_page(
    application: Application,
    batch: Batch,
    refused: Refused | None = None,
    unsent: UnsentBonus | None = None,
) -> str:
    cursors = Cursors(application.settings.common.cursor_key, salt="review_pages")
    cursor = request.args.get("cursor")
    count_max = PAGE_ANSWERS[_view()]
    found = application.show_answers.page(
        batch,
        status=SubmissionStatus.SUBMITTED,
        after=cursors.read(cursor) if cursor else None,
        count_max=count_max + 1,
        held=False,
    )
    shown = found[:count_max]
    last = shown[-1].submission.submission_id if shown else ""
    return render_template(
        "requester/review.html",
        batch=batch,
        project=application.batches.project_of(batch),
        answers=shown,
        waiting=_waiting(application, batch),
        next_cursor=cursors.write(last) if len(found) > count_max else None,
        view=_view(),
        place=_place(),
        refused=refused,
        unsent=unsent,
        held=_held(application, batch),
        reason_characters_max=REASON_CHARACTERS_MAX,
        bonuses=application.bonuses.by_submission([one.submission.submission_id for one in shown]),
        bonus_words=bonus_words(),
        bonus_tones=BONUS_TONES,
        currency=batch.terms.reward.currency.code,
    )


def _waiting(application: Application, batch: Batch) -> int:
    submitted = application.show_batches.progress(batch).submitted
    return max(0, submitted - application.reader.submissions.held_count(batch.batch_id))


def _held(application: Application, batch: Batch) -> dict[str, Any] | None:
    """What can still be undone, as a sentence with the ids; None where there is nothing."""
    held = application.hold_decisions.held(batch.batch_id)
    if not held:
        return None
    counts = Counter(one.held.choice for one in held if one.held)
    sentences = [_counted(choice, counts[choice]) for choice in Choice if counts[choice]]
    return {
        "sentence": " ".join(sentences),
        "ids": [one.submission_id for one in held],
        "seconds": int(UNDO_TIME.total_seconds()),
    }


def _counted(choice: Choice, count: int) -> str:
    num = number_text(count)
    match choice:
        case Choice.ACCEPT:
            said = ngettext(
                "%(count)s answer accepted.", "%(count)s answers accepted.", count, count=num
            )
        case Choice.REJECT:
            said = ngettext(
                "%(count)s answer rejected.", "%(count)s answers rejected.", count, count=num
            )
        case Choice.RETURN:
            said = ngettext(
                "%(count)s answer sent back.", "%(count)s answers sent back.", count, count=num
            )
    return str(said)
