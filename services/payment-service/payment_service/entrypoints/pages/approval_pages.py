"""What waits for a second person, and the entries and corrections that people propose."""

from collections.abc import Callable
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key
from crowdloom.kernel import Currency, DomainError, Money
from crowdloom.kernel.errors import NotFound
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.bootstrap import Application
from payment_service.domain.approvals import (
    AlreadyDecided,
    Approval,
    ApprovalStatus,
    ReasonMissing,
)
from payment_service.domain.entries import InsufficientFunds
from payment_service.domain.payouts import ContentChanged, MakerIsChecker
from payment_service.domain.people import CHECKER, FINANCE_READERS, MAKER
from payment_service.domain.periods import PeriodClosed
from payment_service.entrypoints.pages import amounts, exception_words, shell, words
from payment_service.entrypoints.pages.tables import Column, Table

MANUAL_LINES = 4
_APPROVALS = "/finance/approvals"
_NEW_ENTRY = "/finance/ledger/new-entry"


def approval_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("approval_pages", __name__)
    _add_reading(blueprint, application)
    _add_deciding(blueprint, application)
    _add_manual_entry(blueprint, application)
    _add_correction(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    approvals = application.readers.approvals

    @blueprint.get(_APPROVALS)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        return render_template(
            "finance/approvals.html",
            table=_table(application).shown(),
            status=_status(),
            kind=request.args.get("kind", ""),
            may_make=shell.may(MAKER),
            **_words(application),
        )

    @blueprint.get(f"{_APPROVALS}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def approvals_file(kind: str) -> Response:
        return _table(application).file(kind, "approvals")

    @blueprint.get(f"{_APPROVALS}/<approval_id>")
    @require("staff", *FINANCE_READERS)
    def one(approval_id: str) -> str:
        found = approvals.get(approval_id)
        if found is None:
            raise NotFound("There is no such proposal")
        return render_template(
            "finance/approval.html",
            found=found,
            made_it=found.made_by == shell.staff_member(),
            may_check=shell.may(CHECKER),
            may_make=shell.may(MAKER),
            money=Money.from_wire,
            account_words=words.account,
            **_words(application),
        )


def _status() -> str:
    return request.args.get("status", ApprovalStatus.PROPOSED.value)


def _table(application: Application) -> Table[Approval]:
    status, names = _status(), application.readers.staff.names()
    found = application.tables.approvals(
        status=ApprovalStatus(status) if status in set(ApprovalStatus) else None,
        kind=request.args.get("kind") or None,
    )
    columns: list[Column[Approval]] = [
        Column("proposal", lambda row: row.approval_id),
        Column("kind", lambda row: row.kind, _("What")),
        Column("subject", lambda row: row.subject, _("About")),
        Column("reason", lambda row: row.reason, _("Why")),
        Column("made_by", lambda row: names.get(row.made_by, row.made_by), _("Proposed by")),
        Column("made_at", lambda row: row.made_at, _("Proposed")),
        Column("state", lambda row: row.status.value, _("State")),
        Column("decided_by", lambda row: names.get(row.decided_by, "") if row.decided_by else ""),
        Column("decided_at", lambda row: row.decided_at),
        Column("note", lambda row: row.note),
    ]
    return Table.kept(columns, found, first="-made_at")


def _words(application: Application) -> dict[str, Any]:
    return {
        "names": application.readers.staff.names(),
        "kinds": words.approvals(),
        "states": words.approval_states(),
        "tones": words.APPROVAL_TONES,
        "resolutions": exception_words.ends(),
    }


def _add_deciding(blueprint: Blueprint, application: Application) -> None:
    desk = application.approvals

    @blueprint.post(f"{_APPROVALS}/<approval_id>/approve")
    @require("staff", CHECKER)
    def approve(approval_id: str) -> BaseResponse:
        seen = request.form.get("content_hash", "")
        return _decide(
            approval_id,
            lambda: desk.approve(shell.staff_member(), approval_id, seen_hash=seen),
            (_("Approved"), _("It has been done.")),
        )

    @blueprint.post(f"{_APPROVALS}/<approval_id>/reject")
    @require("staff", CHECKER, MAKER)
    def reject(approval_id: str) -> BaseResponse:
        note = request.form.get("note", "")
        return _decide(
            approval_id,
            lambda: desk.reject(shell.staff_member(), approval_id, note=note),
            (_("Turned down"), _("Everything stays as it is.")),
        )


def _decide(approval_id: str, act: Callable[[], Approval], done: tuple[str, str]) -> BaseResponse:
    """Do it and say so on the proposal's page; a refusal is said there as well."""
    try:
        act()
    except NotFound:
        raise
    except DomainError as refusal:
        ui.say("bad", _("Not done"), _refusal(refusal))
    else:
        ui.say("good", *done)
    return redirect(f"{_APPROVALS}/{approval_id}", 303)


def _refusal(refusal: DomainError) -> str:
    known: dict[type[DomainError], str] = {
        MakerIsChecker: _("You proposed this; another person approves it."),
        ContentChanged: _("Something in it has changed since. Look at it again."),
        AlreadyDecided: _("It was decided in the meantime. This is how it stands."),
        InsufficientFunds: _("An account would fall below zero, so nothing was booked."),
    }
    return known.get(type(refusal), ui.worded(refusal))


def _add_manual_entry(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_NEW_ENTRY)
    @require("staff", MAKER)
    def form() -> str:
        return _entry_form({}, application)

    @blueprint.post(_NEW_ENTRY)
    @require("staff", MAKER)
    def propose() -> Any:
        try:
            currency = Currency.of(request.form.get("currency", application.currency.code))
            approval = application.approvals.propose(
                shell.staff_member(),
                "manual_entry",
                payload={
                    "lines": _typed_lines(currency),
                    "effective_on": request.form.get("effective_on", "").strip(),
                },
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
        except ReasonMissing:
            return _entry_form({"reason": _("Say why.")}, application), 422
        except amounts.UnreadableAmount as wrong:
            told = _("This is no amount: %(typed)s", typed=str(wrong))
            if not str(wrong).strip():
                told = _("Name at least two accounts, with an amount each")
            return _entry_form({"lines": told}, application), 422
        except DomainError as refusal:
            named: Any = refusal.facts.get("errors", {})
            is_day = isinstance(refusal, PeriodClosed) or "effective_on" in named
            field = "effective_on" if is_day else "lines"
            return _entry_form({field: ui.worded(refusal)}, application), 422
        ui.say("good", _("Proposed"), _("Another person approves it now."))
        return redirect(f"{_APPROVALS}/{approval.approval_id}", 303)


def _typed_lines(currency: Currency) -> list[dict[str, Any]]:
    """Lines with an account or an amount; the others were left empty."""
    lines = []
    for place in range(MANUAL_LINES):
        account = request.form.get(f"account_{place}", "").strip()
        typed = request.form.get(f"amount_{place}", "").strip()
        if account or typed:
            amount = amounts.parse(typed, currency)
            side = request.form.get(f"side_{place}", "")
            lines.append({"account": account, "side": side, "amount": amount.to_wire()})
    return lines


def _entry_form(errors: dict[str, str], application: Application) -> str:
    return render_template(
        "finance/new_entry.html",
        errors=errors,
        form=request.form,
        places=range(MANUAL_LINES),
        currencies=[(each.code, each.code) for each in Currency],
        currency=request.form.get("currency", application.currency.code),
    )


def _add_correction(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post("/finance/ledger/entries/<entry_id>/correct")
    @require("staff", MAKER)
    def correct(entry_id: str) -> BaseResponse:
        try:
            approval = application.approvals.propose(
                shell.staff_member(),
                "correction",
                payload={"entry_id": entry_id},
                reason=request.form.get("reason", ""),
                key=idempotency_key(),
            )
        except NotFound:
            raise
        except DomainError as refusal:
            ui.say("bad", _("Not proposed"), ui.worded(refusal))
            return redirect(f"/finance/ledger/entries/{entry_id}", 303)
        ui.say("good", _("Proposed"), _("Another person approves it now."))
        return redirect(f"{_APPROVALS}/{approval.approval_id}", 303)
