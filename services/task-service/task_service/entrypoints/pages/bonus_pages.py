"""A bonus for an answer, given beside its review."""

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, SubmissionId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from crowdloom.ui.formats import money_text, number_text
from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.bonuses import BonusStatus
from task_service.entrypoints.pages import forms, shell

TONES = {
    BonusStatus.GRANTED: "move",
    BonusStatus.SETTLED: "good",
    BonusStatus.DECLINED: "bad",
}


def bonus_words() -> dict[str, str]:
    return {
        BonusStatus.GRANTED: _("Bonus is being paid"),
        BonusStatus.SETTLED: _("Bonus paid"),
        BonusStatus.DECLINED: _("Bonus not paid: too little in your wallet"),
    }


def bonus_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("bonus_pages", __name__)

    @blueprint.post("/requester/batches/<batch_id>/review/<submission_id>/bonus")
    @require("requester")
    @idempotent
    def grant(batch_id: str, submission_id: str) -> BaseResponse:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        application.review.get(shell.reader(), SubmissionId(submission_id))
        try:
            amount = forms.parse_money(request.form.get("amount", ""), batch.terms.reward.currency)
            bonus = application.bonuses.grant(
                shell.reader(),
                SubmissionId(submission_id),
                amount,
                reason=request.form.get("reason", ""),
            )
        except (forms.Unreadable, forms.TooFine):
            ui.say("bad", _("No bonus given"), _("Write an amount with a point, for example 0.05."))
        except InvalidInput as refusal:
            ui.say("bad", _("No bonus given"), _why(refusal))
        else:
            said = _("%(amount)s and our fee leave your wallet.", amount=money_text(bonus.amount))
            ui.say("good", _("Bonus given"), said)
        place = request.query_string.decode()
        query = f"?{place}" if place else ""
        return redirect(f"{shell.batch_page(batch_id)}/review{query}#{submission_id}", 303)

    return blueprint


def _why(refusal: InvalidInput) -> str:
    errors = refusal.facts.get("errors")
    if isinstance(errors, dict) and "amount" in errors:
        return str(_("That amount is too low or too high for a bonus."))
    count = number_text(REASON_CHARACTERS_MAX)
    return str(_("Give a reason of 1 to %(count)s characters; the worker reads it.", count=count))
