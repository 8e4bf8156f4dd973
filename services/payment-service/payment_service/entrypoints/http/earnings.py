"""A worker's money: what was earned, where it goes, and asking for it."""

from typing import Any

from crowdloom.chassis.http.app import api_blueprint
from crowdloom.chassis.http.auth import principal, require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.ids import WorkerId
from flask_smorest import Blueprint

from payment_service.application.show_money import Earnings
from payment_service.bootstrap import Application
from payment_service.entrypoints.http import present, schemas
from payment_service.entrypoints.http.documented import IDEMPOTENCY_KEY, WORKER, refusals
from payment_service.entrypoints.http.lists import NewestFirst, paged


def earnings_blueprint(application: Application) -> Blueprint:
    blueprint = api_blueprint("earnings", area="payments", description="A worker's money")

    @blueprint.get("/earnings")
    @require("worker")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=WORKER)
    @blueprint.response(200, schemas.EarningsSchema)
    def earnings() -> Earnings:
        """What was earned and where it is."""
        return application.show_money.earnings(caller())

    lists = NewestFirst(application, "own-bonuses", "received_at")

    @blueprint.get("/bonuses")
    @require("worker")
    @paged(blueprint)
    @blueprint.doc(security=WORKER)
    @blueprint.response(200, schemas.BonusPageSchema)
    def bonuses(query: dict[str, Any]) -> dict[str, Any]:
        """The bonuses that requesters gave, with their reasons, newest first."""
        return lists.page(application.tables.bonuses(caller()), query)

    _add_payout_account(blueprint, application)
    _add_payout_requests(blueprint, application)
    return blueprint


def _add_payout_account(blueprint: Blueprint, application: Application) -> None:
    """The link is good once, so no answer is kept by key; the account itself is one per worker."""

    @blueprint.post("/payout-account")
    @require("worker")
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing",
            401: "not_signed_in",
            409: "payout_under_way",
            503: "processor_unavailable",
        },
    )
    @blueprint.doc(security=WORKER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(200, schemas.PayoutAccountSchema)
    def open_account() -> dict[str, Any]:
        """Set up, or go on setting up, the account that payouts go to: open `onboarding_url`."""
        idempotency_key()
        payee, link = application.open_payout_account(caller())
        return {"status": payee.status, "onboarding_url": link}

    @blueprint.get("/payout-account")
    @require("worker")
    @refusals(blueprint, {401: "not_signed_in"})
    @blueprint.doc(security=WORKER)
    @blueprint.response(200, schemas.PayoutAccountSchema)
    def account() -> dict[str, Any]:
        """How far the account is; `none` where there is none yet."""
        payee = application.show_money.payee(caller())
        return {"status": payee.status if payee else "none", "onboarding_url": None}


def _add_payout_requests(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/payout-requests")
    @require("worker")
    @refusals(
        blueprint,
        {
            400: "idempotency_key_missing",
            401: "not_signed_in",
            409: "payout_account_missing, payout_account_not_ready, nothing_payable",
        },
    )
    @blueprint.doc(security=WORKER, parameters=[IDEMPOTENCY_KEY])
    @blueprint.response(201, schemas.PayoutRequestSchema)
    def ask() -> dict[str, Any]:
        """Ask for all that is payable. While one is under way, that one is returned."""
        return present.payout_request(application.ask_for_payout(caller(), key=idempotency_key()))

    lists = NewestFirst(application, "own-payout-requests", "asked_at")

    @blueprint.get("/payout-requests")
    @require("worker")
    @paged(blueprint)
    @blueprint.doc(security=WORKER)
    @blueprint.response(200, schemas.PayoutRequestPageSchema)
    def listed(query: dict[str, Any]) -> dict[str, Any]:
        """Requests, newest first, with the reason where one failed."""
        found = application.tables.payout_requests(caller())
        return lists.page(found, query, present.payout_request)


def caller() -> WorkerId:
    return WorkerId(principal().subject)
