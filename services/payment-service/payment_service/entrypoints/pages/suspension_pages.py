"""Suspending a worker from the page of a payee, and proposing to lift that."""

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId
from flask import Blueprint, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain.people import MAKER
from payment_service.entrypoints.pages import shell

_PAYEES = "/finance/payees"


def suspension_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("suspension_pages", __name__)

    @blueprint.post(f"{_PAYEES}/<worker_id>/suspend")
    @require("staff", MAKER)
    def suspend(worker_id: str) -> BaseResponse:
        reason = request.form.get("reason", "")
        try:
            application.suspend_worker(shell.staff_member(), WorkerId(worker_id), reason=reason)
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Not done"), ui.worded(refusal))
        else:
            ui.say("good", _("Suspended"), _("Nothing is paid out until two people lift it."))
        return redirect(f"{_PAYEES}/{worker_id}", 303)

    @blueprint.post(f"{_PAYEES}/<worker_id>/lift")
    @require("staff", MAKER)
    def lift(worker_id: str) -> BaseResponse:
        standing = application.readers.suspensions.of_worker(WorkerId(worker_id))
        if standing is None:
            raise NotFound("This worker is not suspended")
        try:
            approval = application.approvals.propose(
                shell.staff_member(),
                "suspension_lift",
                payload={"suspension_id": standing.suspension_id},
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
        except DomainError as refusal:
            ui.say("bad", _("Not proposed"), ui.worded(refusal))
            return redirect(f"{_PAYEES}/{worker_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves it now."))
        return redirect(f"/finance/approvals/{approval.approval_id}", 303)

    return blueprint
