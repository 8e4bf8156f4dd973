"""Period close: the months, a checklist with figures and links, and who closed what when."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.errors import InvalidInput, NotFound
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.close_periods import PeriodView
from payment_service.application.journal import AccountBalance
from payment_service.bootstrap import Application
from payment_service.domain.approvals import Approval
from payment_service.domain.people import CONTROLLER, FINANCE_READERS
from payment_service.domain.periods import Check, Period, PeriodNotInState, PeriodNotReady
from payment_service.entrypoints.pages import period_words, shell, words
from payment_service.entrypoints.pages.tables import Column, Table

_PERIODS = "/finance/periods"


def period_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("period_pages", __name__)
    _add_reading(blueprint, application)
    _add_fencing(blueprint, application)
    _add_proposing(blueprint, application)
    return blueprint


def _add_reading(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_PERIODS)
    @require("staff", *FINANCE_READERS)
    def listed() -> str:
        return render_template(
            "finance/periods.html",
            table=_table(application).shown(),
            names=application.readers.staff.names(),
            **_words(),
        )

    @blueprint.get(f"{_PERIODS}/<month>")
    @require("staff", *FINANCE_READERS)
    def one(month: str) -> str:
        view = _view(application, month)
        return render_template(
            "finance/period.html",
            view=view,
            table=_checklist(view.checks).shown(),
            period=view.period,
            closing=view.closing,
            trial=_trial(application, view.closing).shown() if view.closing else None,
            account_words=words.account,
            trial_debits=_debits,
            trial_credits=_credits,
            may_close=shell.may(CONTROLLER),
            names=application.readers.staff.names(),
            money=Money.from_wire,
            **_words(),
        )

    @blueprint.get(f"{_PERIODS}/<month>/checklist.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def checklist_file(month: str, kind: str) -> Response:
        return _checklist(_view(application, month).checks).file(kind, f"checklist-{month}")

    @blueprint.get(f"{_PERIODS}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def listed_file(kind: str) -> Response:
        return _table(application).file(kind, "periods")

    @blueprint.get(f"{_PERIODS}/<month>.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def trial_file(month: str, kind: str) -> Response:
        try:
            closing = application.periods.closing(month)
        except InvalidInput:
            raise NotFound("There is no such period") from None
        return _trial(application, closing).file(kind, f"trial-balance-{month}")


def _table(application: Application) -> Table[Period]:
    names = application.readers.staff.names()
    columns: list[Column[Period]] = [
        Column("month", lambda row: row.month, _("Month")),
        Column("state", lambda row: row.state.value, _("State")),
        Column("changed_by", lambda row: names.get(row.changed_by, "") if row.changed_by else ""),
        Column("changed_at", lambda row: row.changed_at, _("Changed")),
        Column("closed_at", lambda row: row.closed_at, _("Closed on")),
    ]
    found = application.periods.listed()
    return Table.listed(columns, found, ids=lambda row: row.month, first="-month")


def _checklist(checks: Sequence[Check]) -> Table[Check]:
    """In its own order, unless another one is asked for."""
    said = period_words.checks()
    places = {id(check): f"{place:02}" for place, check in enumerate(checks, 1)}
    columns: list[Column[Check]] = [
        Column("number", lambda row: places[id(row)]),
        Column("check", lambda row: row.code),
        Column("what", lambda row: said.get(row.code, row.code), _("What must hold")),
        Column("state", _state_of, _("State")),
        Column("figure", lambda row: row.figure, _("Looked at")),
    ]
    return Table.listed(columns, checks, ids=lambda row: places[id(row)], first="number")


def _state_of(check: Check) -> str:
    if check.holds:
        return "holds"
    return "does not hold" if check.binds else "to know"


def _trial(application: Application, closing: Mapping[str, Any]) -> Table[AccountBalance]:
    """What a close stored, however many accounts it had."""
    columns: list[Column[AccountBalance]] = [
        Column("account", lambda row: row.path, _("Account")),
        Column("currency", lambda row: row.currency.code),
        Column("debits", _debits, _("Debit"), is_figure=True, is_summed=True),
        Column("credits", _credits, _("Credit"), is_figure=True, is_summed=True),
    ]
    rows = application.periods.trial_rows(closing)
    return Table.kept(columns, rows, first="account", name="trial")


def _debits(row: AccountBalance) -> Money:
    return Money(row.debit, row.currency)


def _credits(row: AccountBalance) -> Money:
    return Money(row.credit, row.currency)


def _view(application: Application, month: str) -> PeriodView:
    try:
        return application.periods.show(month)
    except InvalidInput:
        raise NotFound("There is no such period") from None


def _words() -> dict[str, Any]:
    return {
        "states": period_words.states(),
        "tones": period_words.TONES,
        "checks": period_words.checks(),
        "own_digits": period_words.figure,
    }


def _add_fencing(blueprint: Blueprint, application: Application) -> None:
    desk = application.periods

    @blueprint.post(f"{_PERIODS}/<month>/soft-close")
    @require("staff", CONTROLLER)
    @idempotent
    def soft_close(month: str) -> BaseResponse:
        return _done(
            month,
            lambda: desk.soft_close(shell.staff_member(), month),
            (_("Softly closed"), _("What comes late is booked into the next month from now on.")),
        )

    @blueprint.post(f"{_PERIODS}/<month>/open")
    @require("staff", CONTROLLER)
    @idempotent
    def open_again(month: str) -> BaseResponse:
        return _done(
            month,
            lambda: desk.open_again(shell.staff_member(), month),
            (_("Open"), _("The soft close was taken back.")),
        )


def _add_proposing(blueprint: Blueprint, application: Application) -> None:
    desk = application.periods

    @blueprint.post(f"{_PERIODS}/<month>/close")
    @require("staff", CONTROLLER)
    def close(month: str) -> BaseResponse:
        return _proposed(month, desk.propose_close)

    @blueprint.post(f"{_PERIODS}/<month>/reopen")
    @require("staff", CONTROLLER)
    def reopen(month: str) -> BaseResponse:
        return _proposed(month, desk.propose_reopen)


def _done(month: str, act: Callable[[], object], said: tuple[str, str]) -> BaseResponse:
    try:
        act()
    except DomainError as refusal:
        ui.say("bad", _("Not done"), _refusal(refusal))
    else:
        ui.say("good", *said)
    return redirect(f"{_PERIODS}/{month}", 303)


def _proposed(month: str, propose: Callable[..., Approval]) -> BaseResponse:
    reason = request.form.get("reason", "")
    try:
        made = propose(shell.staff_member(), month, reason=reason, key=idempotency_key())
    except DomainError as refusal:
        ui.say("bad", _("Not proposed"), _refusal(refusal))
        return redirect(f"{_PERIODS}/{month}", 303)
    ui.say("good", _("Proposed"), _("Another person approves it now."))
    return redirect(f"/finance/approvals/{made.approval_id}", 303)


def _refusal(refusal: DomainError) -> str:
    """What does not hold, in the words of the checklist."""
    if isinstance(refusal, PeriodNotInState) and "period" not in refusal.facts:
        return str(_("It has moved on in the meantime. This is how it stands."))
    known = period_words.checks()
    codes = refusal.facts.get("checks", []) if isinstance(refusal, PeriodNotReady) else []
    named = [str(code) for code in codes] if isinstance(codes, list) else []
    failing = [known.get(code, code) for code in named]
    if not failing:
        return ui.worded(refusal)
    return str(_("These do not hold: %(checks)s", checks="; ".join(failing)))
