"""A bonus for an answer, given beside its review."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import BatchId, SubmissionId
from crowdloom.ui.formats import money_text
from flask import Blueprint, redirect, request
from flask_babel import gettext as _

from task_service.bootstrap import Application
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.answer_pages import UnsentBonus, bonus_amount, bonus_errors
from task_service.entrypoints.pages.review_pages import review_page


def bonus_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("bonus_pages", __name__)

    @blueprint.post("/requester/batches/<batch_id>/review/<submission_id>/bonus")
    @require("requester")
    @idempotent
    def grant(batch_id: str, submission_id: str) -> Any:
        batch = application.batches.get(shell.reader(), BatchId(batch_id))
        one = application.review.get(shell.reader(), SubmissionId(submission_id))
        amount, errors = bonus_amount(batch)
        reason = request.form.get("reason", "")
        try:
            if amount is not None:
                application.bonuses.grant(shell.reader(), one.submission_id, amount, reason=reason)
        except InvalidInput as refusal:
            errors = bonus_errors(refusal)
        if amount is None or errors:
            typed = request.form.get("amount", "")
            unsent = UnsentBonus(one.submission_id, typed, reason, errors)
            return review_page(application, batch, unsent=unsent), 422
        said = _("%(amount)s and our fee leave your wallet.", amount=money_text(amount))
        ui.say("good", _("Bonus given"), said)
        place = request.query_string.decode()
        query = f"?{place}" if place else ""
        return redirect(f"{shell.batch_page(batch_id)}/review{query}#{submission_id}", 303)

    return blueprint
