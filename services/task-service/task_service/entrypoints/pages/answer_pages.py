"""Every answer with what was decided: bonuses for them, and rejected ones accepted after all."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.contracts.payment import slot_fee
from crowdloom.kernel import Money
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, SubmissionId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from crowdloom.ui.formats import money_text, number_text
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.batches import Batch
from task_service.domain.errors import AlreadyDecided
from task_service.entrypoints.pages import shell, states
from task_service.entrypoints.pages.forms import TooFine, Unreadable, parse_money

PAGE_ANSWERS = 50


@dataclass(frozen=True)
class UnsentBonus:
    """A bonus that was not given, to be mended in its place; `errors` by field."""

    submission_id: str
    amount: str
    reason: str
    errors: dict[str, str]


def answer_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("answer_pages", __name__)

    @blueprint.get("/requester/batches/<batch_id>/answers")
    @require("requester")
    def answers(batch_id: str) -> str:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        return _page(application, batch)

    _add_bonus(blueprint, application)
    _add_acceptance(blueprint, application)
    return blueprint


def _add_bonus(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/answers/<submission_id>/bonus")
    @require("requester")
    @idempotent
    def give(batch_id: str, submission_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        one = application.review.get(shell.reader(), SubmissionId(submission_id))
        amount, errors = bonus_amount(batch)
        reason = request.form.get("reason", "")
        try:
            if amount is not None:
                application.bonuses.grant(shell.reader(), one.submission_id, amount, reason=reason)
        except InvalidInput as error:
            errors = bonus_errors(error)
        if amount is None or errors:
            typed = request.form.get("amount", "")
            unsent = UnsentBonus(one.submission_id, typed, reason, errors)
            return _page(application, batch, unsent=unsent), 422
        sentence = _(
            "%(amount)s, and our fee of %(fee)s, from your wallet. The worker sees it in a moment.",
            amount=money_text(amount),
            fee=money_text(slot_fee(amount)),
        )
        vat = application.bonuses.vat_on(shell.reader(), slot_fee(amount))
        if vat:
            tax = _("VAT on the fee: %(vat)s.", vat=money_text(vat))
            sentence = f"{sentence} {tax}"
        ui.say("good", _("Bonus given"), sentence)
        return _back(batch, one.submission_id)


def bonus_amount(batch: Batch) -> tuple[Money | None, dict[str, str]]:
    """The amount that was sent; else what to mend, by field, in the reader's language."""
    currency = batch.terms.reward.currency
    try:
        return parse_money(request.form.get("amount", ""), currency), {}
    except TooFine:
        step = money_text(Money.of_minor(1, currency))
        said = _("The smallest step is %(amount)s: write no finer amount.", amount=step)
        return None, {"amount": str(said)}
    except Unreadable:
        return None, {"amount": str(_("Write an amount with a point, for example 0.05."))}


def bonus_errors(error: InvalidInput) -> dict[str, str]:
    """What to mend, by field, in the reader's language."""
    named = error.facts.get("errors")
    fields = named if isinstance(named, dict) else {}
    count = number_text(REASON_CHARACTERS_MAX)
    sentences = {
        "amount": _("That is nothing, or absurdly much: write another amount."),
        "reason": _(
            "Give a reason of 1 to %(count)s characters; the worker reads it.", count=count
        ),
    }
    return {name: str(sentence) for name, sentence in sentences.items() if name in fields}


def _add_acceptance(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/requester/batches/<batch_id>/answers/<submission_id>/accept")
    @require("requester")
    @idempotent
    def accept(batch_id: str, submission_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        try:
            application.overturn_rejection(shell.reader(), SubmissionId(submission_id))
        except AlreadyDecided:
            ui.say("bad", _("Nothing was changed"), _("That answer was sent back meanwhile."))
        else:
            ui.say("good", _("Accepted after all"), _("The reward is paid from your wallet."))
        return _back(batch, submission_id)


def _back(batch: Batch, submission_id: str) -> BaseResponse:
    return redirect(
        f"{shell.batch_page(batch.batch_id)}/answers{_place()}#{quote(submission_id)}", 303
    )


def _place() -> str:
    cursor = request.args.get("cursor")
    return f"?{urlencode({'cursor': cursor})}" if cursor else ""


def _page(application: Application, batch: Batch, unsent: UnsentBonus | None = None) -> str:
    cursors = Cursors(application.settings.common.cursor_key, salt="answers_pages")
    cursor = request.args.get("cursor")
    found = application.show_answers.page(
        batch,
        status=None,
        after=cursors.read(cursor) if cursor else None,
        count_max=PAGE_ANSWERS + 1,
    )
    shown = found[:PAGE_ANSWERS]
    more = len(found) > PAGE_ANSWERS
    ids = [answer.submission.submission_id for answer in shown]
    return render_template(
        "requester/answers.html",
        batch=batch,
        project=application.batches.project_of(batch),
        answers=shown,
        bonuses=application.bonuses.by_submission(ids),
        unsent=unsent,
        place=_place(),
        reason_characters_max=REASON_CHARACTERS_MAX,
        next_cursor=cursors.write(shown[-1].submission.submission_id) if more else None,
        words=states.answer_words(),
        tones=states.ANSWER_TONES,
        bonus_words=states.bonus_words(),
        bonus_tones=states.BONUS_TONES,
    )
