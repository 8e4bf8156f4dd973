"""A requester's money: the wallet, paying in, and what became of each batch's funds."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.ids import BatchId, RequesterId
from flask_smorest import Blueprint

from payment_service.application.show_money import Wallet
from payment_service.bootstrap import Application
from payment_service.domain.people import TopUp
from payment_service.entrypoints.http import present, schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, REQUESTER, refusals
from payment_service.entrypoints.http.lists import NewestFirst, paged


def wallets_blueprint(application: Application) -> Blueprint:
    """`/wallet`, `/top-ups`, `/batches`. A top-up's key is part of its id: no answer is stored."""
    blueprint = api_blueprint("wallets", area="payments", description="A requester's money")
    money, lists = application.show_money, NewestFirst(application, "own-batches", "batch")

    @blueprint.get("/wallet")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, schemas.WalletSchema)
    def wallet() -> Wallet:
        """Free money, and what is reserved for published batches."""
        return money.wallet(caller())

    @blueprint.get("/batches")
    @require("requester")
    @paged(blueprint)
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, schemas.SpendPageSchema)
    def batches(query: dict[str, Any]) -> dict[str, Any]:
        """The batches that money was reserved for, newest first."""
        found = application.tables.batches(caller())
        return lists.page(found, query, lambda book: present.spend(money.spends([book])[0]))

    @blueprint.get("/batches/<batch_id>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 404: "not_found"})
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, schemas.SpendSchema)
    def batch(batch_id: str) -> dict[str, Any]:
        """What is reserved for a batch, what was paid from it, and what went back."""
        return present.spend(money.batch(caller(), BatchId(batch_id)))

    _add_top_ups(blueprint, application)
    return blueprint


def _add_top_ups(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/top-ups")
    @require("requester")
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing",
            401: "not_signed_in",
            422: "invalid_input, amount_out_of_range, wrong_currency, idempotency_key_reused",
            503: "processor_unavailable",
        },
    )
    @blueprint.doc(security=REQUESTER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.arguments(schemas.NewTopUpSchema)
    @blueprint.response(201, schemas.TopUpSchema)
    def start(body: dict[str, Any]) -> TopUp:
        """Begin to pay in: pay at `checkout_url`. The wallet grows when the money is booked."""
        return application.start_top_up(caller(), body["amount"], key=idempotency_key())

    lists = NewestFirst(application, "own-top-ups", "begun")

    @blueprint.get("/top-ups")
    @require("requester")
    @paged(blueprint)
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, schemas.TopUpPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Top-ups, newest first."""
        return lists.page(application.tables.top_ups(caller()), query)

    @blueprint.get("/top-ups/<top_up_id>")
    @require("requester")
    @refusals(blueprint, {401: "not_signed_in", 404: "not_found"})
    @blueprint.doc(security=REQUESTER)
    @blueprint.response(200, schemas.TopUpSchema)
    def show(top_up_id: str) -> TopUp:
        """How far a top-up is."""
        return application.show_money.top_up(caller(), top_up_id)


def caller() -> RequesterId:
    return RequesterId(principal().subject)
