"""Unspent money back to the card: asked for beside the wallet, checked under finance."""

from collections.abc import Callable, Sequence
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.approvals import ReasonMissing
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER, AmountOutOfRange
from payment_service.domain.refunds import (
    Refund,
    RefundNotInStatus,
    RefundPart,
    RefundStatus,
    RefundTooLarge,
)
from payment_service.entrypoints.pages import amounts, refund_words, shell, words
from payment_service.entrypoints.pages.tables import Column, Table

_REFUNDS = "/finance/refunds"


def refund_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("refund_pages", __name__)
    _add_asking(blueprint, application)
    _add_reading(blueprint, application)
    _add_deciding(blueprint, application)
    return blueprint


def _add_asking(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/pay/refunds")
    @require("requester")
    def ask() -> BaseResponse:
        try:
            amount = amounts.parse(request.form.get("amount", ""), application.currency)
            application.ask_refund(shell.requester(), amount, key=idempotency_key())
        except (amounts.UnreadableAmount, AmountOutOfRange):
            ui.say("bad", _("Not asked for"), _("Write an amount like 25 or 1250.50."))
        except RefundTooLarge:
            largest = application.ask_refund.largest(shell.requester()).largest
            ui.say(
                "bad",
                _("Not asked for"),
                _("At most %(amount)s can be sent back.", amount=words.isolated(largest)),
            )
        else:
            ui.say(
                "good",
                _("Asked for"),
                _("Two people check it, then it is sent. Until then you can take it back."),
            )
        return redirect(f"{shell.WALLET_PAGE}#refunds", 303)

    @blueprint.post("/pay/refunds/<refund_id>/take-back")
    @require("requester")
    def take_back(refund_id: str) -> BaseResponse:
        try:
            application.ask_refund.take_back(shell.requester(), refund_id)
        except RefundNotInStatus:
            ui.say("bad", _("Too late"), _("It was decided in the meantime."))
        else:
            ui.say("good", _("Taken back"), _("The money is free again."))
        return redirect(f"{shell.WALLET_PAGE}#refunds", 303)


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    refunds = application.readers.refunds

    @blueprint.get(_REFUNDS)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        table = _table(application).shown()
        return render_template(
            "finance/refunds.html",
            table=table,
            status=_status(),
            states=refund_words.states(),
            tones=refund_words.TONES,
            proposed=application.readers.approvals.waiting(
                "refund", {row.refund_id for row in table.rows}
            ),
        )

    @blueprint.get(f"{_REFUNDS}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def refunds_file(kind: str) -> Response:
        return _table(application).file(kind, "refunds")

    @blueprint.get(f"{_REFUNDS}/<refund_id>")
    @require("staff", *FINANCE_READERS)
    def one(refund_id: str) -> str:
        found = refunds.get(refund_id)
        if found is None:
            raise NotFound("There is no such refund")
        return render_template("finance/refund.html", **_facts(application, found))

    @blueprint.get(f"{_REFUNDS}/<refund_id>.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def parts_file(refund_id: str, kind: str) -> Response:
        if refunds.get(refund_id) is None:
            raise NotFound("There is no such refund")
        return _parts(refunds.parts(refund_id)).file(kind, f"refund-{refund_id}")


def _status() -> str:
    return request.args.get("status", RefundStatus.ASKED.value)


def _table(application: Application) -> Table[Refund]:
    status = _status()
    found = application.tables.refunds(
        status=RefundStatus(status) if status in set(RefundStatus) else None
    )
    columns: list[Column[Refund]] = [
        Column("refund", lambda row: row.refund_id),
        Column("asked_at", lambda row: row.asked_at, _("Asked")),
        Column("requester", lambda row: row.requester_id, _("Requester")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("sent", lambda row: row.sent, _("Sent"), is_figure=True, is_summed=True),
        Column("returned", lambda row: row.returned),
        Column("currency", lambda row: row.amount.currency.code),
        Column("state", lambda row: row.status.value, _("State")),
        Column("ended_at", lambda row: row.ended_at),
        Column("note", lambda row: row.note),
    ]
    return Table.kept(columns, found, first="-asked_at")


def _parts(parts: Sequence[RefundPart]) -> Table[RefundPart]:
    columns: list[Column[RefundPart]] = [
        Column("number", lambda row: row.number),
        Column("payment", lambda row: row.charge_id, _("Payment")),
        Column("top_up", lambda row: row.top_up_id),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.amount.currency.code),
        Column("state", lambda row: row.state.value, _("State")),
        Column("refund", lambda row: row.processor_refund_id, _("At the processor")),
        Column("processor_line", lambda row: row.transaction_id),
        Column("reason", lambda row: row.refusal),
        Column("changed_at", lambda row: row.changed_at),
    ]
    return Table.listed(columns, parts, ids=lambda row: row.part_id, first="number")


def _facts(application: Application, found: Refund) -> dict[str, Any]:
    readers = application.readers
    return {
        "found": found,
        "table": _parts(readers.refunds.parts(found.refund_id)).shown(),
        "wallet": application.show_money.wallet(found.requester_id),
        "wallet_path": chart.wallet(found.requester_id, found.amount.currency),
        "refunding_path": chart.refunding(found.requester_id, found.amount.currency),
        "proposal": readers.approvals.waiting("refund", {found.refund_id}).get(found.refund_id),
        "states": refund_words.states(),
        "tones": refund_words.TONES,
        "part_states": refund_words.parts(),
        "reasons": refund_words.reason,
        "may_make": shell.may(MAKER),
        "may_check": shell.may(CHECKER),
    }


def _add_deciding(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_REFUNDS}/<refund_id>/propose")
    @require("staff", MAKER)
    def propose(refund_id: str) -> BaseResponse:
        found = list[str]()

        def act() -> None:
            approval = application.approvals.propose(
                shell.staff_member(),
                "refund",
                payload={"refund_id": refund_id},
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
            found.append(f"/finance/approvals/{approval.approval_id}")

        done = (_("Proposed"), _("Another person approves it now."))
        answer = _do(refund_id, act, done)
        return redirect(found[0], 303) if found else answer

    @blueprint.post(f"{_REFUNDS}/<refund_id>/decline")
    @require("staff", MAKER, CHECKER)
    def decline(refund_id: str) -> BaseResponse:
        reason = request.form.get("reason", "")
        return _do(
            refund_id,
            lambda: application.decline_refund(shell.staff_member(), refund_id, reason=reason),
            (_("Turned down"), _("The money is free again, and the requester reads why.")),
        )


def _do(refund_id: str, act: Callable[[], object], done: tuple[str, str]) -> BaseResponse:
    try:
        act()
    except NotFound:
        raise
    except ReasonMissing:
        ui.say("bad", _("Not done"), _("Say why."))
    except RefundNotInStatus:
        ui.say("bad", _("Not done"), _("It was decided or taken back in the meantime."))
    except DomainError as refusal:
        ui.say("bad", _("Not done"), ui.worded(refusal))
    else:
        ui.say("good", *done)
    return redirect(f"{_REFUNDS}/{refund_id}", 303)
