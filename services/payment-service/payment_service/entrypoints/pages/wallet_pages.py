"""A requester's money: what is free, what is reserved, and how more comes in."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require, who_is
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import Currency, Money
from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.processor import ProcessorUnavailable
from payment_service.application.show_money import BatchSpend
from payment_service.application.top_up import TOP_UP_MINOR_MIN
from payment_service.bootstrap import Application
from payment_service.domain.people import AmountOutOfRange, TopUp
from payment_service.domain.refunds import Refund
from payment_service.entrypoints.pages import amounts, refund_words, shell
from payment_service.entrypoints.pages.tables import Column, Table

_RETURN_COOKIE = "cl_return"
_RETURN_SECONDS = 3_600
_AREA = "/requester"


def wallet_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("wallet_pages", __name__)
    _add_wallet(blueprint, application)
    _add_top_up(blueprint, application)
    return blueprint


def _add_wallet(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/pay")
    @blueprint.get("/pay/")
    def home() -> BaseResponse:
        if who_is("requester"):
            return redirect(shell.WALLET_PAGE)
        return redirect(shell.EARNINGS_PAGE)

    @blueprint.get(shell.WALLET_PAGE)
    @require("requester")
    def wallet() -> Response:
        missing = _missing(application.currency)
        return _wallet_page(
            application,
            missing=missing,
            amount=amounts.typed(_enough(missing)) if missing else "",
            following=shell.next_page("", _AREA),
        )

    @blueprint.get(f"{shell.WALLET_PAGE}/batches.<any(csv, xlsx):kind>")
    @require("requester")
    def batches_file(kind: str) -> Response:
        return _batches(application).file(kind, "batches")

    @blueprint.get(f"{shell.WALLET_PAGE}/top-ups.<any(csv, xlsx):kind>")
    @require("requester")
    def top_ups_file(kind: str) -> Response:
        return _top_ups(application).file(kind, "top-ups")

    @blueprint.get(f"{shell.WALLET_PAGE}/refunds.<any(csv, xlsx):kind>")
    @require("requester")
    def refunds_file(kind: str) -> Response:
        return _refunds(application).file(kind, "refunds")

    @blueprint.get("/pay/fragments/wallet")
    @require("requester")
    def purse() -> str:
        free = application.show_money.wallet(shell.requester()).free
        return render_template("pay/_wallet_purse.html", free=free)


def _missing(currency: Currency) -> Money | None:
    """What a batch that could not be funded lacks: the amount in the address, if there is one."""
    try:
        return amounts.parse(request.args.get("missing", ""), currency)
    except amounts.UnreadableAmount:
        return None


def _enough(missing: Money) -> Money:
    """What to pay in: the processor takes no less than the smallest top-up."""
    return max(missing, Money.of_minor(TOP_UP_MINOR_MIN, missing.currency))


def _batches(application: Application) -> Table[BatchSpend]:
    columns: list[Column[BatchSpend]] = [
        Column("title", lambda row: row.book.title or row.book.batch_id, _("Batch")),
        Column("batch", lambda row: row.book.batch_id),
        Column("reserved", lambda row: row.reserved, _("Reserved"), is_figure=True, is_summed=True),
        Column(
            "paid", lambda row: row.settled, _("Paid to workers"), is_figure=True, is_summed=True
        ),
        Column("fees", lambda row: row.fees, _("Fees"), is_figure=True, is_summed=True),
        Column("vat", lambda row: row.vat, _("VAT"), is_figure=True, is_summed=True),
        Column(
            "came_back", lambda row: row.released, _("Came back"), is_figure=True, is_summed=True
        ),
        Column("currency", lambda row: row.reserved.currency.code),
        Column("answers", lambda row: row.book.settled_count, _("Answers"), is_figure=True),
        Column("answers_wanted", lambda row: row.terms.slot_count),
    ]
    # Ids are in the order of time.
    return Table.joined(
        columns,
        application.tables.batches(shell.requester()),
        application.show_money.spends,
        ids=lambda row: row.book.batch_id,
        first="-batch",
    )


def _top_ups(application: Application) -> Table[TopUp]:
    columns: list[Column[TopUp]] = [
        Column("top_up", lambda row: row.top_up_id),
        Column("begun", lambda row: row.created_at, _("Begun")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True),
        Column("paid", lambda row: row.booked, _("Paid"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row.amount.currency.code),
        Column("state", lambda row: row.status, _("State")),
        Column("booked_at", lambda row: row.booked_at),
    ]
    found = application.tables.top_ups(shell.requester())
    return Table.kept(columns, found, first="-begun", name="top-ups")


def _refunds(application: Application) -> Table[Refund]:
    columns: list[Column[Refund]] = [
        Column("refund", lambda row: row.refund_id),
        Column("asked_at", lambda row: row.asked_at, _("Asked")),
        Column("amount", lambda row: row.amount, _("Amount"), is_figure=True, is_summed=True),
        Column("sent", lambda row: row.sent, _("Sent"), is_figure=True, is_summed=True),
        Column("returned", lambda row: row.returned),
        Column("currency", lambda row: row.amount.currency.code),
        Column("state", lambda row: row.status.value, _("State")),
        Column("note", lambda row: row.note),
    ]
    found = application.tables.refunds(requester_id=shell.requester())
    return Table.kept(columns, found, first="-asked_at", name="refunds")


def _wallet_page(application: Application, **form: Any) -> Response:
    who = shell.requester()
    page = render_template(
        "pay/wallet.html",
        wallet=application.show_money.wallet(who),
        table=_batches(application).shown(),
        holding_count=application.tables.holding_count(who),
        top_ups=_top_ups(application).shown(),
        refunds=_refunds(application).shown(),
        refundable=application.ask_refund.largest(who).largest,
        refund_states=refund_words.states(),
        refund_tones=refund_words.TONES,
        currency=application.currency.code,
        **{"missing": None, "errors": {}, "key": None, **form},
    )
    return shell.to_processor(page, application.settings.hosted_pages)


def _add_top_up(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(shell.WALLET_PAGE)
    @require("requester")
    def top_up() -> Any:
        text, following = request.form.get("amount", ""), shell.next_page("", _AREA)
        try:
            amount = amounts.parse(text, application.currency)
            started = application.start_top_up(shell.requester(), amount, key=idempotency_key())
        except amounts.UnreadableAmount:
            error = _("Write an amount like 25 or 1250.50.")
        except AmountOutOfRange:
            error = _("A top-up is between 0.50 and 1,000,000.")
        except ProcessorUnavailable:
            ui.say("bad", _("Nothing was paid"), _("The processor did not answer. Try again."))
            error = ""
        else:
            response = redirect(started.checkout_url or f"/pay/top-ups/{started.top_up_id}", 303)
            _remember_return(response, following)
            return response
        page = _wallet_page(
            application,
            amount=text,
            following=following,
            errors={"amount": error} if error else {},
            key=request.form.get("idempotency_key") if not error else None,
        )
        return page, 422 if error else 503

    @blueprint.get("/pay/top-ups/<top_up_id>")
    @require("requester")
    def one(top_up_id: str) -> str:
        return render_template("pay/top_up.html", **_top_up_facts(application, top_up_id))

    @blueprint.get("/pay/top-ups/<top_up_id>/state")
    @require("requester")
    def state(top_up_id: str) -> str:
        return render_template("pay/_top_up.html", **_top_up_facts(application, top_up_id))


def _top_up_facts(application: Application, top_up_id: str) -> dict[str, Any]:
    following = request.cookies.get(_RETURN_COOKIE, "")
    return {
        "top_up": application.show_money.top_up(shell.requester(), top_up_id),
        "cancelled": "cancelled" in request.args,
        "following": following if following.startswith(f"{_AREA}/") else "",
    }


def _remember_return(response: BaseResponse, following: str) -> None:
    """Where the payer came from, kept over the visit to the processor."""
    if following:
        response.set_cookie(
            _RETURN_COOKIE,
            following,
            path="/pay",
            max_age=_RETURN_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
        )
    else:
        response.delete_cookie(_RETURN_COOKIE, path="/pay")
