"""Today, reconciliations, and exceptions: what agrees, what does not, and what waits for me."""

from typing import Any

from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application import show_reconciliation as reading
from payment_service.bootstrap import Application
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.entrypoints.pages import refusals, shell, words

PAGE_ITEMS = 50
_TODAY_EXCEPTIONS = 5


def today_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("today_pages", __name__)
    _add_today(blueprint, application)
    _add_reconciliations(blueprint, application)
    _add_exceptions(blueprint, application)
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


def _add_exceptions(blueprint: Blueprint, application: Application) -> None:
    exceptions = application.readers.exceptions

    @blueprint.get("/finance/exceptions")
    @require("staff", *FINANCE_READERS)
    def listed_exceptions() -> str:
        kinds = words.exceptions()
        kind = request.args.get("kind", "")
        found = exceptions.listed(
            PAGE_ITEMS + 1, after=request.args.get("cursor"), kind=kind if kind in kinds else None
        )
        return render_template(
            "finance/exceptions.html",
            found=found[:PAGE_ITEMS],
            next_cursor=found[PAGE_ITEMS - 1]["_id"] if len(found) > PAGE_ITEMS else None,
            kinds=kinds,
            kind=kind,
            facts=words.references(),
        )

    @blueprint.get("/finance/exceptions/<exception_id>")
    @require("staff", *FINANCE_READERS)
    def one_exception(exception_id: str) -> str:
        found = exceptions.get(exception_id)
        if found is None:
            raise NotFound("There is no such exception")
        return render_template(
            "finance/exception.html",
            found=found,
            kinds=words.exceptions(),
            facts=words.references(),
            reason=refusals.reason(found["facts"].get("code")),
            what_to_do=_what_to_do(found["kind"]),
        )


def _what_to_do(kind: str) -> str:
    known: dict[str, str] = {
        "payout_failed": _("Open the run: send the line again, or give it up."),
        "unknown_outcome": _(
            "Nothing yet: we keep asking the processor, and the money stays reserved until it "
            "answers. Never pay it another way meanwhile."
        ),
        "missing_in_ledger": _("Look the line up at the processor, then reconcile again."),
        "missing_at_processor": _(
            "Look at the entry and its references; the processor does not know the line."
        ),
        "duplicate": _("Two transfers for one line. Have the second one reversed."),
        "fingerprint_conflict": _(
            "The same event came twice with other content. The first one stands; compare both."
        ),
    }
    usual = _("Compare both sides by the references below, then reconcile again.")
    return known.get(kind, str(usual))
