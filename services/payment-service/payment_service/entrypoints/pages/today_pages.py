"""Today and reconciliations: what agrees, what does not, and what waits for me."""

from typing import Any

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application import show_reconciliation as reading
from payment_service.bootstrap import Application
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.entrypoints.pages import shell, words

PAGE_ITEMS = 50
_TODAY_EXCEPTIONS = 5


def today_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("today_pages", __name__)
    _add_today(blueprint, application)
    _add_reconciliations(blueprint, application)
    return blueprint


def _add_today(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(shell.TODAY_PAGE)
    @blueprint.get("/finance/")
    @require("staff", *FINANCE_READERS)
    def today() -> str:
        now = application.show_finance.today()
        return render_template(
            "finance/today.html",
            today=now,
            may_reconcile=shell.may(MAKER) or shell.may(CHECKER),
            agree=reading.books_agree(now.compared) if now.compared else None,
            matched=reading.matched_count(now.compared) if now.compared else None,
            proofs=reading.proofs(now.compared) if now.compared else [],
            exceptions=application.readers.exceptions.listed(_TODAY_EXCEPTIONS),
            read_to=application.readers.lines.newest_created(),
            names=application.readers.staff.names(),
            me=shell.staff_member(),
            may_check=shell.may("finance.checker"),
            kinds=words.exceptions(),
            facts=words.references(),
        )


def _add_reconciliations(blueprint: Blueprint, application: Application) -> None:
    reconciliations = application.readers.reconciliations

    @blueprint.get("/finance/reconciliations")
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        found = reconciliations.listed(PAGE_ITEMS + 1, before=request.args.get("cursor"))
        return render_template(
            "finance/reconciliations.html",
            may_reconcile=shell.may(MAKER) or shell.may(CHECKER),
            found=[
                (each, reading.books_agree(each), reading.matched_count(each))
                for each in found[:PAGE_ITEMS]
            ],
            next_cursor=found[PAGE_ITEMS - 1]["_id"] if len(found) > PAGE_ITEMS else None,
            names=application.readers.staff.names(),
        )

    @blueprint.post("/finance/reconciliations")
    @require("staff", MAKER, CHECKER)
    def ask() -> BaseResponse:
        asked = application.queue_reconciliation(shell.staff_member(), key=idempotency_key())
        return redirect(f"/finance/reconciliations/{asked['_id']}", 303)

    @blueprint.get("/finance/reconciliations/<reconciliation_id>")
    @require("staff", *FINANCE_READERS)
    def one(reconciliation_id: str) -> str:
        return render_template("finance/reconciliation.html", **facts(reconciliation_id))

    @blueprint.get("/finance/reconciliations/<reconciliation_id>/state")
    @require("staff", *FINANCE_READERS)
    def state(reconciliation_id: str) -> Any:
        """The same, for a page that waits for the result."""
        return render_template("finance/_reconciliation.html", **facts(reconciliation_id))

    def facts(reconciliation_id: str) -> dict[str, Any]:
        found = reconciliations.get(reconciliation_id)
        if found is None:
            raise NotFound("There is no such reconciliation")
        return {
            "found": found,
            "agree": reading.books_agree(found),
            "matched": reading.matched_count(found),
            "proofs": reading.proofs(found),
            "names": application.readers.staff.names(),
            "kinds": words.exceptions(),
        }
