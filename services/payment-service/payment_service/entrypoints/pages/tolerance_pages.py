"""Tolerances of a bank account: which there are, and proposing another one."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId
from crowdloom.ui.formats import money_text
from flask import Blueprint, Response, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain.bank_statements import BankAccount
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.domain.tolerances import MAXIMUM_MINOR, RuleRefused, Tolerance
from payment_service.entrypoints.pages import amounts, shell
from payment_service.entrypoints.pages.tables import Column, Table

ACCOUNTS = "/finance/bank-accounts"


def tolerance_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("tolerance_pages", __name__)

    @blueprint.get(f"{ACCOUNTS}/<account_id>/tolerances.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def tolerances_file(account_id: str, kind: str) -> Response:
        known = application.readers.bank_accounts.get(account_id)
        if known is None:
            raise NotFound("There is no such bank account")
        return tolerances(application, known).file(kind, f"tolerances-{account_id}")

    @blueprint.post(f"{ACCOUNTS}/<account_id>/tolerances")
    @require("staff", MAKER)
    def tolerance(account_id: str) -> BaseResponse:
        known = application.readers.bank_accounts.get(account_id)
        if known is None:
            raise NotFound("There is no such bank account")
        form = request.form
        payload = {name: form.get(name, "") for name in ("kind", "contains", "account")}
        try:
            maximum = amounts.parse(form.get("maximum", ""), known.currency)
            approval = application.approvals.propose(
                shell.staff_member(),
                "tolerance_rule",
                payload={**payload, "account_id": account_id, "maximum": maximum.to_wire()},
                reason=form.get("reason", ""),
                key=idempotency_key(),
            )
        except amounts.UnreadableAmount as wrong:
            ui.say("bad", _("Not proposed"), _("This is no amount: %(typed)s", typed=str(wrong)))
            return redirect(f"{ACCOUNTS}/{account_id}", 303)
        except DomainError as refusal:
            ui.say("bad", _("Not proposed"), _told(refusal, known))
            return redirect(f"{ACCOUNTS}/{account_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves it now."))
        return redirect(f"/finance/approvals/{approval.approval_id}", 303)

    return blueprint


def tolerances(application: Application, known: BankAccount) -> Table[Tolerance]:
    names = application.readers.staff.names()
    columns: list[Column[Tolerance]] = [
        Column("kind", lambda row: row.kind, _("Kind")),
        Column("contains", lambda row: row.contains, _("The line says")),
        Column("maximum", lambda row: row.maximum, _("At most"), is_figure=True),
        Column("currency", lambda row: row.maximum.currency.code),
        Column("account", lambda row: row.account, _("Booked to")),
        Column(
            "approved_by", lambda row: names.get(StaffId(row.approved_by), ""), _("Approved by")
        ),
        Column("approved_at", lambda row: row.approved_at),
    ]
    found = application.readers.tolerances.of_account(known.account_id)
    return Table.listed(columns, found, ids=lambda row: row.rule_id, first="kind")


def _told(refusal: DomainError, known: BankAccount) -> str:
    """What each field lacks, or the sentence of a refusal that is of no field."""
    named: Any = refusal.facts.get("errors", {})
    fields = _fields(known) if isinstance(refusal, RuleRefused) else {}
    return " ".join(said for name, said in fields.items() if name in named) or ui.worded(refusal)


def _fields(known: BankAccount) -> dict[str, str]:
    return {
        "kind": _("Choose what the rule is for."),
        "contains": _("Name 3 to 40 letters or digits that the line must hold."),
        "maximum": _(
            "At most %(amount)s.",
            amount=money_text(Money.of_minor(MAXIMUM_MINOR, known.currency)),
        ),
        "account": _("Choose a cost or an earning of our own."),
    }
