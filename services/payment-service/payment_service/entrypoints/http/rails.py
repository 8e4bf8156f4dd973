"""Rails beside the processor: bank transfers by a file, and credit that is spent here."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.contracts.fields import InstantField, MoneyField
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, RequesterId
from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from payment_service.application.bank_files import BankFile
from payment_service.application.payees import HOLDER_CHARACTERS_MAX
from payment_service.bootstrap import Application
from payment_service.domain.gifts import Gift
from payment_service.domain.people import CHECKER, Payee
from payment_service.entrypoints.http.documented import (
    IDEMPOTENCY_KEY,
    REQUESTER,
    STAFF,
    WORKER,
    refusals,
)
from payment_service.entrypoints.http.earnings import caller as worker
from payment_service.entrypoints.http.lists import NewestFirst, paged
from payment_service.entrypoints.http.staff import caller as staff

_CODE_CHARACTERS_MAX = 40
_IBAN_CHARACTERS_MAX = 50
_KEYED = {400: "idempotency_key_missing", 401: "not_signed_in"}


class BankAccountSchema(Schema):
    holder = fields.String(
        required=True, validate=validate.Length(min=1, max=HOLDER_CHARACTERS_MAX)
    )
    iban = fields.String(required=True, validate=validate.Length(max=_IBAN_CHARACTERS_MAX))


class ChosenRailSchema(Schema):
    """`shown` is as much of the account as may be shown; empty for gift credit."""

    rail = fields.String(required=True)
    status = fields.String(required=True)
    shown = fields.String(required=True)
    details_at = InstantField(required=True, allow_none=True)


class GiftSchema(Schema):
    """`shown_at` is when a code was told last, `redeemed_at` when it was used."""

    gift_id = fields.String(required=True)
    amount = MoneyField(required=True)
    issued_at = InstantField(required=True)
    shown_at = InstantField(required=True, allow_none=True)
    redeemed_at = InstantField(required=True, allow_none=True)


class GiftPageSchema(Schema):
    items = fields.List(fields.Nested(GiftSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class GiftCodeSchema(GiftSchema):
    code = fields.String(required=True)


class RedeemSchema(Schema):
    code = fields.String(required=True, validate=validate.Length(max=_CODE_CHARACTERS_MAX))


class RedeemedSchema(Schema):
    amount = MoneyField(required=True)


def rails_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("rails", area="payments", description="Other ways to be paid")
    _add_choice(blueprint, application)
    _add_gifts(blueprint, application)
    _add_redeeming(blueprint, application)
    _add_bank_file(blueprint, application)
    return blueprint


def _add_choice(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/payout-account/bank")
    @require("worker")
    @refusals(
        blueprint,
        {**_KEYED, 409: "rail_not_offered, payout_under_way", 422: "wrong_iban, holder_missing"},
    )
    @blueprint.doc(security=WORKER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(BankAccountSchema)
    @blueprint.response(200, ChosenRailSchema)
    def bank(body: dict[str, Any]) -> dict[str, Any]:
        """Be paid by bank transfer from now on. The number is checked, and stored sealed."""
        idempotency_key()
        return chosen(application.choose_rail.bank(worker(), **body))

    @blueprint.post("/payout-account/gift-credit")
    @require("worker")
    @refusals(blueprint, {**_KEYED, 409: "rail_not_offered, payout_under_way"})
    @blueprint.doc(security=WORKER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, ChosenRailSchema)
    def gift_credit() -> dict[str, Any]:
        """Take credit instead of money from now on: a code that any requester can redeem."""
        idempotency_key()
        return chosen(application.choose_rail.gift_credit(worker()))


def chosen(payee: Payee) -> dict[str, Any]:
    return {
        "rail": payee.rail.value,
        "status": payee.status,
        "shown": payee.bank.shown if payee.bank else "",
        "details_at": payee.details_at,
    }


def _add_gifts(blueprint: Blueprint, application: Application) -> None:
    lists = NewestFirst(application, "own-gifts", "received")

    @blueprint.get("/gift-credits")
    @require("worker")
    @paged(blueprint)
    @blueprint.doc(security=WORKER)
    @blueprint.response(200, GiftPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Credits without their codes, newest first."""
        return lists.page(application.tables.gifts(worker()), query, _gift)

    @blueprint.post("/gift-credits/<gift_id>/code")
    @require("worker")
    @refusals(blueprint, {**_KEYED, 404: "not_found", 409: "gift_redeemed"})
    @blueprint.doc(security=WORKER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, GiftCodeSchema)
    def code(gift_id: str) -> dict[str, Any]:
        """A fresh code, told this once: no answer is kept by key. The one before it is void."""
        idempotency_key()
        gift, told = application.gifts.show_code(worker(), PayoutItemId(gift_id))
        return {**_gift(gift), "code": told}


def _gift(gift: Gift) -> dict[str, Any]:
    return {**vars(gift), "gift_id": gift.item_id}


def _add_redeeming(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/gift-codes/redeem")
    @require("requester")
    @idempotent
    @refusals(blueprint, {**_KEYED, 422: "gift_code_unknown"})
    @blueprint.doc(security=REQUESTER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(RedeemSchema)
    @blueprint.response(200, RedeemedSchema)
    def redeem(body: dict[str, Any]) -> dict[str, Any]:
        """Use a gift code: its amount is free money in the wallet."""
        who = RequesterId(principal().subject)
        return {"amount": application.gifts.redeem(who, body["code"])}


def _add_bank_file(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/payout-runs/<run_id>/bank-file")
    @require("staff", CHECKER)
    @refusals(
        blueprint,
        {
            401: "not_signed_in",
            403: "not_allowed",
            404: "not_found",
            409: "no_bank_file, rail_not_offered, content_changed",
        },
    )
    @blueprint.doc(security=STAFF)
    @blueprint.response(200, content_type="application/xml")
    def bank_file(run_id: str) -> Response:
        """The lines that wait for the bank as ISO 20022 pain.001.001.03. Noted in the audit log."""
        return file_response(*application.write_bank_file(staff(), PayoutRunId(run_id)))


def file_response(file: BankFile, document: bytes) -> Response:
    response = Response(document, mimetype="application/xml")
    response.headers["Content-Disposition"] = f"attachment; filename={file.message_id}.xml"
    return response
