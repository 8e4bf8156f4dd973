"""A worker's money: what was earned, where it is, and how it comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, WorkerId
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.processor import ProcessorUnavailable
from payment_service.application.show_money import Earnings
from payment_service.bootstrap import Application
from payment_service.domain.bonuses import Bonus
from payment_service.domain.gifts import Gift
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem, Rail
from payment_service.domain.people import (
    NothingPayable,
    Payee,
    PayoutAccountMissing,
    PayoutAccountNotReady,
    PayoutRequest,
    PayoutUnderWay,
)
from payment_service.entrypoints.pages import refusals, shell, words
from payment_service.entrypoints.pages.tables import Column, Table

_UNDER_WAY = {"open", "in_run"}


@dataclass(frozen=True)
class Payout:
    """One request and what became of it, as its worker sees it."""

    request_id: str
    asked_at: datetime
    amount: Money
    word: str
    tone: str
    changed_at: datetime | None
    reason: refusals.Reason | None
    fee: Money | None = None
    withheld: Money | None = None


def earnings_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("earnings_pages", __name__)
    _add_earnings(blueprint, application)
    _add_account(blueprint, application)
    _add_request(blueprint, application)
    return blueprint


def _add_earnings(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.EARNINGS_PAGE)
    @require("worker")
    def earnings() -> Response:
        page = render_template("pay/earnings.html", **_facts(application, shell.worker()))
        return shell.to_processor(page, application.settings.hosted_pages)

    @blueprint.get(f"{shell.EARNINGS_PAGE}/payouts.<any(csv, xlsx):kind>")
    @require("worker")
    def payouts_file(kind: str) -> Response:
        return _payout_table(application, shell.worker()).file(kind, "payouts")

    @blueprint.get(f"{shell.EARNINGS_PAGE}/bonuses.<any(csv, xlsx):kind>")
    @require("worker")
    def bonuses_file(kind: str) -> Response:
        return _bonus_table(application, shell.worker()).file(kind, "bonuses")

    @blueprint.get(f"{shell.EARNINGS_PAGE}/gifts.<any(csv, xlsx):kind>")
    @require("worker")
    def gifts_file(kind: str) -> Response:
        return _gift_table(application, shell.worker()).file(kind, "gift-credit")

    @blueprint.get("/pay/fragments/purse")
    @require("worker")
    def purse() -> str:
        who = shell.worker()
        return render_template(
            "pay/_purse.html",
            today=application.show_earned.since(who, ui.day_began(application.clock.now())),
            payable=application.show_money.earnings(who).payable,
        )

    @blueprint.get("/pay/fragments/rewards/<assignment_id>")
    @require("worker")
    def reward(assignment_id: str) -> str:
        """A part of an item's page: what became of its reward."""
        return _reward(application, shell.worker(), assignment_id)

    @blueprint.get("/operator/rewards/<assignment_id>")
    @require("staff", "operator")
    def traced(assignment_id: str) -> str:
        """The same as a part of an operator's trace of the task; whose it is is not told."""
        return _reward(application, None, assignment_id)


def _reward(application: Application, who: WorkerId | None, assignment_id: str) -> str:
    life = application.show_trail.reward(who, AssignmentId(assignment_id))
    held_back = timedelta(seconds=application.settings.clearing_seconds)
    return render_template(
        "pay/_reward.html",
        life=life,
        expected_at=life.settled_at + held_back,
        is_own=who is not None,
    )


def _facts(application: Application, who: WorkerId) -> dict[str, Any]:
    payee = _payee(application, who)
    earned = application.show_money.earnings(who)
    requests = application.show_money.payout_requests(who)
    minimum = _minimum(application)
    hindrance = _hindrance(application, earned=earned, payee=payee, requests=requests)
    return {
        "earned": earned,
        "today": application.show_earned.since(who, ui.day_began(application.clock.now())),
        "minimum": minimum,
        "payee": payee,
        "came_from": request.args.get("from", ""),
        "statuses": words.account_status(),
        "hindrance": words.hindrances(minimum)[hindrance] if hindrance else "",
        "last": next(iter(_payouts(application, who, requests[:1])), None),
        "payout_table": _payout_table(application, who).shown(),
        "offered": [rail.value for rail in application.choose_rail.offered],
        "gifts": _gift_table(application, who).shown(),
        "bonus_table": _bonus_table(application, who).shown(),
        "clearing_seconds": application.settings.clearing_seconds,
    }


def _payout_table(application: Application, who: WorkerId) -> Table[Payout]:
    columns: list[Column[Payout]] = [
        Column("asked_at", lambda row: row.asked_at, _("Asked")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("fee", lambda row: row.fee),
        Column("withheld", lambda row: row.withheld),
        Column("currency", lambda row: row.amount.currency.code),
        Column("state", lambda row: row.word, _("State")),
        Column("reason", lambda row: row.reason.what if row.reason else ""),
        Column("since", lambda row: row.changed_at, _("Since")),
    ]
    return Table.joined(
        columns,
        application.tables.payout_requests(who),
        partial(_payouts, application, who),
        ids=lambda row: row.request_id,
        first="-asked_at",
        name="payouts",
    )


def _bonus_table(application: Application, who: WorkerId) -> Table[Bonus]:
    columns: list[Column[Bonus]] = [
        Column("received_at", lambda row: row.ended_at, _("Received")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.amount.currency.code),
        Column("reason", lambda row: row.reason, _("Reason")),
    ]
    return Table.kept(
        columns, application.tables.bonuses(who), first="-received_at", name="bonuses"
    )


def _gift_table(application: Application, who: WorkerId) -> Table[Gift]:
    columns: list[Column[Gift]] = [
        Column("credit", lambda row: row.item_id),
        Column("received", lambda row: row.issued_at, _("Received")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.amount.currency.code),
        Column("redeemed_at", lambda row: row.redeemed_at, _("Code")),
    ]
    return Table.kept(columns, application.tables.gifts(who), first="-received", name="gifts")


def _payee(application: Application, who: WorkerId) -> Payee | None:
    """Whoever just came back from the processor's form sees how it stands now."""
    payee = application.show_money.payee(who)
    if payee is not None and payee.status != "active" and request.args.get("from") == "account":
        application.refresh_payees.refresh_now(payee)
        return application.show_money.payee(who)
    return payee


def _minimum(application: Application) -> Money:
    return Money.of_minor(max(application.settings.payout_minimum_minor, 1), application.currency)


def _hindrance(
    application: Application,
    *,
    earned: Earnings,
    payee: Payee | None,
    requests: Sequence[PayoutRequest],
) -> str | None:
    """Why a payout cannot be asked for now; None where it can."""
    if any(asked.status in _UNDER_WAY for asked in requests):
        return "under_way"
    if payee is None or payee.account_id is None:
        return "no_account"
    if payee.status != "active":
        return _account_hindrance(payee)
    if earned.payable.floored_to_minor() < _minimum(application):
        return "too_little"
    return "less_than_fee" if earned.next_payout.arrives.minor < 1 else None


def _account_hindrance(payee: Payee) -> str:
    """Why an account that is not active is not."""
    if payee.rail is Rail.BANK_FILE:
        return "bank_restricted"
    return "account_pending" if payee.status == "pending" else "account_restricted"


def _payouts(
    application: Application, who: WorkerId, requests: Sequence[PayoutRequest]
) -> list[Payout]:
    items = application.readers.payout_runs.items_of_requests(
        who, {asked.request_id for asked in requests}
    )
    # Newest first, so that the last attempt for a request is the one that counts.
    item_of: dict[str, PayoutItem] = {}
    for item in items:
        item_of.setdefault(item.request_id, item)
    return [_payout(asked, item_of.get(asked.request_id)) for asked in requests]


def _payout(asked: PayoutRequest, item: PayoutItem | None) -> Payout:
    word, tone = _state(asked, item)
    failed = asked.status == "failed"
    return Payout(
        request_id=asked.request_id,
        asked_at=asked.asked_at,
        amount=item.amount if item else asked.amount,
        word=word,
        tone=tone,
        changed_at=(item.changed_at if item else None) or asked.ended_at,
        reason=refusals.reason(asked.refusal_code) if failed else None,
        fee=item.fee if item else None,
        withheld=item.withheld if item else None,
    )


def _state(asked: PayoutRequest, item: PayoutItem | None) -> tuple[str, str]:
    if asked.status == "paid" or (item and item.state is ItemState.PAID):
        return _("Paid"), "good"
    if asked.status == "failed":
        return _("Not paid"), "bad"
    if asked.status == "cancelled":
        return _("Withdrawn"), "quiet"
    if item is not None and item.state in IN_FLIGHT:
        return _("On its way"), "move"
    if asked.status == "in_run":
        return _("Being checked"), "wait"
    return _("Asked for"), "wait"


def _add_account(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/pay/payout-account")
    @require("worker")
    def set_up() -> BaseResponse:
        try:
            _payee, link = application.open_payout_account(shell.worker())
        except ProcessorUnavailable:
            ui.say("bad", _("Not opened"), _("The processor did not answer. Try again."))
            return redirect(shell.EARNINGS_PAGE, 303)
        except PayoutUnderWay:
            ui.say(
                "bad",
                _("Not changed"),
                _("A payout is being made. Change your account once it was sent."),
            )
            return redirect(shell.EARNINGS_PAGE, 303)
        if link is None:
            ui.say("good", _("Ready"), _("Your payout account can receive money."))
        return redirect(link or shell.EARNINGS_PAGE, 303)


def _add_request(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/pay/payout-requests")
    @require("worker")
    def ask() -> BaseResponse:
        try:
            application.ask_for_payout(shell.worker())
        except PayoutAccountMissing:
            ui.say("bad", _("Not asked for"), _("Set up your payout account first."))
        except PayoutAccountNotReady:
            said = words.hindrances(_minimum(application))
            payee = application.show_money.payee(shell.worker())
            hindrance = _account_hindrance(payee) if payee else "no_account"
            ui.say("bad", _("Not asked for"), said[hindrance])
        except NothingPayable:
            ui.say(
                "bad",
                _("Not asked for"),
                _("Less is payable than the smallest payout, or than its fee."),
            )
        else:
            ui.say("good", _("Asked for"), _("Two people check each payout before it is sent."))
        return redirect(shell.EARNINGS_PAGE, 303)
