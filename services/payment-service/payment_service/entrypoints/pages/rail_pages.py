"""Other ways to be paid: a worker's bank account or gift credit, a requester who redeems a code,
and the file that finance hands to the bank.
"""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.bank_files import NoBankFile
from payment_service.bootstrap import Application
from payment_service.domain.gifts import GiftCodeUnknown, GiftRedeemed
from payment_service.domain.iban import WrongIban
from payment_service.domain.people import (
    CHECKER,
    MAKER,
    HolderMissing,
    PayoutUnderWay,
    RailNotOffered,
)
from payment_service.entrypoints.http.rails import file_response
from payment_service.entrypoints.pages import shell, words

_ACCOUNT = "/pay/payout-account"
_REDEEM = "/pay/gift-code"
_RUN = "/finance/payout-runs/<run_id>"
_BANK_FILE_KINDS = ("sent", "void")


def rail_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("rail_pages", __name__)
    _add_bank_account(blueprint, application)
    _add_gift_credit(blueprint, application)
    _add_redeeming(blueprint, application)
    _add_bank_file(blueprint, application)
    return blueprint


def _add_bank_account(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{_ACCOUNT}/bank")
    @require("worker")
    def bank_form() -> str:
        return _bank_page(application)

    @blueprint.post(f"{_ACCOUNT}/bank")
    @require("worker")
    def choose_bank() -> Any:
        typed = request.form
        try:
            application.choose_rail.bank(
                shell.worker(), holder=typed.get("holder", ""), iban=typed.get("iban", "")
            )
        except HolderMissing:
            return _bank_page(application, holder=_("Say whose account it is.")), 422
        except WrongIban:
            wrong = _("This is no IBAN. Compare it with what your bank gave you.")
            return _bank_page(application, iban=wrong), 422
        except (RailNotOffered, PayoutUnderWay) as refusal:
            return _not_chosen(refusal)
        ui.say("good", _("Saved"), _("Your next payout goes to this bank account."))
        return redirect(shell.EARNINGS_PAGE, 303)


def _not_chosen(refusal: DomainError) -> BaseResponse:
    under_way = _("A payout is being made. Change your account once it was sent.")
    not_offered = _("This market does not pay that way.")
    ui.say(
        "bad",
        _("Not changed"),
        under_way if isinstance(refusal, PayoutUnderWay) else not_offered,
    )
    return redirect(shell.EARNINGS_PAGE, 303)


def _bank_page(application: Application, **errors: str) -> str:
    payee = application.show_money.payee(shell.worker())
    return render_template(
        "pay/bank_account.html",
        payee=payee,
        errors=errors,
        typed=request.form,
        details_days=application.settings.payout_details_days,
    )


def _add_gift_credit(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_ACCOUNT}/gift-credit")
    @require("worker")
    def choose_gift_credit() -> BaseResponse:
        try:
            application.choose_rail.gift_credit(shell.worker())
        except (RailNotOffered, PayoutUnderWay) as refusal:
            return _not_chosen(refusal)
        ui.say("good", _("Saved"), _("Your next payout is a gift code instead of money."))
        return redirect(shell.EARNINGS_PAGE, 303)

    @blueprint.post("/pay/gift-credits/<gift_id>/code")
    @require("worker")
    def code(gift_id: str) -> Any:
        try:
            gift, told = application.gifts.show_code(shell.worker(), PayoutItemId(gift_id))
        except GiftRedeemed:
            ui.say("bad", _("No new code"), _("This credit has been redeemed."))
            return redirect(shell.EARNINGS_PAGE, 303)
        page = make_response(render_template("pay/gift_code.html", gift=gift, code=told))
        page.headers["Cache-Control"] = "no-store"
        return page


def _add_redeeming(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_REDEEM)
    @require("requester")
    def redeem_form() -> str:
        return _redeem_page()

    @blueprint.post(_REDEEM)
    @require("requester")
    def redeem() -> Any:
        try:
            amount = application.gifts.redeem(shell.requester(), request.form.get("code", ""))
        except GiftCodeUnknown:
            unknown = _("This code is not known, or was used by somebody else.")
            return _redeem_page(code=unknown), 422
        ui.say(
            "good", _("Redeemed"), _("%(amount)s is in your wallet.", amount=words.isolated(amount))
        )
        return redirect(shell.WALLET_PAGE, 303)


def _redeem_page(**errors: str) -> str:
    return render_template("pay/redeem.html", errors=errors, code=request.form.get("code", ""))


def _add_bank_file(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{_RUN}/bank-file.xml")
    @require("staff", CHECKER)
    def download(run_id: str) -> Response | BaseResponse:
        try:
            found = application.write_bank_file(shell.staff_member(), PayoutRunId(run_id))
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("No file"), ui.worded(refusal))
            return redirect(f"/finance/payout-runs/{run_id}", 303)
        return file_response(*found)

    for kind in _BANK_FILE_KINDS:
        _add_proposal(blueprint, application, kind)


def _add_proposal(blueprint: Blueprint, application: Application, kind: str) -> None:
    @require("staff", MAKER)
    def propose(run_id: str) -> BaseResponse:
        reason = {
            "sent": _("The file was handed to the bank."),
            "void": _("The file will not be used."),
        }[kind]
        try:
            approval = application.approvals.propose(
                shell.staff_member(),
                f"bank_file_{kind}",
                payload={"run_id": run_id},
                reason=request.form.get("reason") or reason,
                key=idempotency_key(),
            )
        except NoBankFile:
            ui.say("bad", _("Not proposed"), _("No line of this run waits in a bank file."))
            return redirect(f"/finance/payout-runs/{run_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves it now."))
        return redirect(f"/finance/approvals/{approval.approval_id}", 303)

    blueprint.add_url_rule(
        f"{_RUN}/bank-file/{kind}", f"bank_file_{kind}", propose, methods=["POST"]
    )
