"""Payees: where each one's money goes, what is payable, and what is held."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.people import FINANCE_READERS, MAKER, Payee
from payment_service.entrypoints.pages import shell, words

PAGE_ITEMS = 50
_PAYOUTS_SHOWN = 20
_HOLDS_SHOWN = 100
_PAYEES = "/finance/payees"


def payee_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("payee_pages", __name__)
    _add_reading(blueprint, application)
    _add_holding(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    readers = application.readers

    @blueprint.get(_PAYEES)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        status = request.args.get("status", "")
        known = words.account_status()
        found = readers.payees.listed(
            PAGE_ITEMS + 1,
            after=request.args.get("cursor"),
            status=status if status in known else None,
        )
        return render_template(
            "finance/payees.html",
            rows=_rows(application, found[:PAGE_ITEMS]),
            next_cursor=found[PAGE_ITEMS - 1].worker_id if len(found) > PAGE_ITEMS else None,
            status=status,
            account_status=known,
            holds=readers.holds.listed(_HOLDS_SHOWN),
            names=readers.staff.names(),
        )

    @blueprint.get(f"{_PAYEES}/<worker_id>")
    @require("staff", *FINANCE_READERS)
    def one(worker_id: str) -> str:
        who = WorkerId(worker_id)
        payee = readers.payees.get(who)
        if payee is None and not readers.assignments.settled_count(who):
            raise NotFound("There is no such payee")
        hold = readers.holds.of_worker(who)
        return render_template(
            "finance/payee.html",
            worker_id=who,
            payee=payee,
            hold=hold,
            sums=_sums(application, [who])[who],
            settled_count=readers.assignments.settled_count(who),
            items=readers.payout_runs.items_of_worker(who, _PAYOUTS_SHOWN),
            may_make=shell.may(MAKER),
            names=readers.staff.names(),
            account_status=words.account_status(),
            rails=words.rails(),
            item_words=words.items(),
            item_tones=words.ITEM_TONES,
            accounts=_paths(application, who),
        )


def _rows(application: Application, payees: Any) -> list[tuple[Payee, dict[str, Money], bool]]:
    workers = [payee.worker_id for payee in payees]
    sums = _sums(application, workers)
    held = application.readers.holds.held(workers)
    return [(payee, sums[payee.worker_id], payee.worker_id in held) for payee in payees]


def _paths(application: Application, worker_id: WorkerId) -> dict[str, str]:
    currency = application.currency
    return {
        "clearing": chart.clearing(worker_id, currency),
        "payable": chart.payable(worker_id, currency),
        "held": chart.held(worker_id, currency),
    }


def _sums(application: Application, workers: list[WorkerId]) -> dict[WorkerId, dict[str, Money]]:
    """What each has in clearing, payable and held."""
    paths = {worker: _paths(application, worker) for worker in workers}
    units = application.readers.ledger.balances(
        {path for each in paths.values() for path in each.values()}
    )
    return {
        worker: {name: Money(units[path], application.currency) for name, path in each.items()}
        for worker, each in paths.items()
    }


def _add_holding(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_PAYEES}/<worker_id>/hold")
    @require("staff", MAKER)
    def hold(worker_id: str) -> BaseResponse:
        try:
            application.place_hold(
                shell.staff_member(), WorkerId(worker_id), reason=request.form.get("reason", "")
            )
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Not done"), str(refusal))
        else:
            ui.say("good", _("Held"), _("What was payable is kept back, and no run pays it."))
        return redirect(f"{_PAYEES}/{worker_id}", 303)

    @blueprint.post(f"{_PAYEES}/<worker_id>/release")
    @require("staff", MAKER)
    def release(worker_id: str) -> BaseResponse:
        hold = application.readers.holds.of_worker(WorkerId(worker_id))
        if hold is None:
            raise NotFound("Nothing is held")
        try:
            approval = application.approvals.propose(
                shell.staff_member(),
                "hold_release",
                payload={"hold_id": hold.hold_id},
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
        except DomainError as refusal:
            ui.say("bad", _("Not proposed"), str(refusal))
            return redirect(f"{_PAYEES}/{worker_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves the release now."))
        return redirect(f"/finance/approvals/{approval.approval_id}", 303)
