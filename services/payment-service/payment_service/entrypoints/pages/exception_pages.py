"""The exceptions queue: a list to work through, one after the other or many at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotency_key, idempotent
from crowdloom.kernel import Currency, DomainError, Money
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as BaseResponse

from payment_service.application.exception_ports import NOBODY, Wanted
from payment_service.bootstrap import Application
from payment_service.domain.exceptions import AGE_BUCKETS, ExceptionState
from payment_service.domain.people import FINANCE_READERS, MAKER
from payment_service.entrypoints.http.exceptions import ACTORS, NOTES_MAX, shown, wanted_of
from payment_service.entrypoints.pages import amounts, refusals, shell, words
from payment_service.entrypoints.pages import exception_words as said
from payment_service.entrypoints.pages.tables import Column, Table

_QUEUE = "/finance/exceptions"


def exception_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("exception_pages", __name__)
    _add_queue(blueprint, application)
    _add_files(blueprint, application)
    _add_one(blueprint, application)
    _add_acts(blueprint, application)
    _add_settling(blueprint, application)
    return blueprint


def _asked() -> dict[str, str]:
    """The filters in the address; what makes no sense there is left out."""
    known: dict[str, Collection[str]] = {
        "state": said.states(),
        "severity": said.severities(),
        "age": AGE_BUCKETS,
        "kind": words.exceptions(),
    }
    given = {name: request.args.get(name, "") for name in (*known, "owner")}
    asked = {
        name: value if name not in known or value in known[name] else ""
        for name, value in given.items()
    }
    return {**asked, "state": asked["state"] or "waiting", "sort": "oldest"}


def _wanted(asked: Mapping[str, str], now: datetime) -> Wanted:
    owner = asked["owner"]
    return wanted_of({**asked, "owner": shell.staff_member() if owner == "me" else owner}, now)


def _add_queue(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(_QUEUE)
    @require("staff", *FINANCE_READERS)
    def queue() -> str:
        now, asked = application.clock.now(), _asked()
        table = _table(application, _wanted(asked, now)).shown()
        return render_template(
            "finance/exceptions.html",
            table=table,
            found=[shown(row, now) for row in table.rows],
            ages=_by_age(application, now),
            asked=asked,
            filtered=asked != {**dict.fromkeys(asked, ""), "state": "waiting", "sort": "oldest"},
            choices=_choices(application),
            may_act=_may_act(),
            me=shell.staff_member(),
            **_words(application),
        )


def _by_age(application: Application, now: datetime) -> Sequence[tuple[str, int]]:
    """How many wait in each bucket of age."""
    base = {"state": "waiting", "kind": "", "owner": "", "severity": "", "sort": "oldest"}
    totals = application.readers.exceptions.totals
    return [(code, totals(wanted_of({**base, "age": code}, now))[0]) for code in AGE_BUCKETS]


def _choices(application: Application) -> dict[str, list[tuple[str, str]]]:
    anything = ("", _("all"))
    names = application.readers.staff.names()
    owners = [(each, names.get(each, each)) for each in application.readers.exceptions.owners()]
    return {
        "state": list(said.states().items()),
        "kind": [anything, *words.exceptions().items()],
        "severity": [anything, *said.severities().items()],
        "age": [anything, *said.ages().items()],
        "owner": [anything, ("me", _("mine")), (NOBODY, _("nobody's")), *owners],
        "staff": [(NOBODY, _("nobody")), *sorted(names.items(), key=lambda each: each[1])],
    }


def _words(application: Application) -> dict[str, Any]:
    return {
        "kinds": words.exceptions(),
        "facts": words.references(),
        "names": application.readers.staff.names(),
        "states": said.states(),
        "state_tones": said.STATE_TONES,
        "severities": said.severities(),
        "severity_tones": said.SEVERITY_TONES,
        "ends": said.ends(),
    }


def _may_act() -> bool:
    return any(shell.may(grant) for grant in ACTORS)


def _add_files(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{_QUEUE}.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def queue_file(kind: str) -> Response:
        wanted = _wanted(_asked(), application.clock.now())
        return _table(application, wanted).file(kind, "exceptions")


def _table(application: Application, wanted: Wanted) -> Table[Mapping[str, Any]]:
    names, now = application.readers.staff.names(), application.clock.now()
    columns: list[Column[Mapping[str, Any]]] = [
        Column("id", lambda row: str(row["_id"])),
        Column("kind", lambda row: str(row["kind"]), _("Kind")),
        Column("amount", _amount, _("Amount"), is_figure=True, is_summed=True),
        Column("currency", lambda row: row["currency"]),
        Column("severity", lambda row: str(row["severity"]), _("Severity")),
        Column("state", lambda row: str(row["state"]), _("State")),
        Column("owner", lambda row: names.get(row["owner"], row["owner"]), _("Whose")),
        Column("opened_at", lambda row: row["opened_at"], _("Age")),
        Column("subject", lambda row: str(row["subject"]), _("Subject")),
        Column("age_days", lambda row: int(shown(row, now)["age_days"])),
        Column("resolution", lambda row: row.get("resolution")),
        Column("resolved_at", lambda row: row.get("resolved_at")),
        Column("facts", _facts_text),
    ]
    return Table(columns, application.tables.exceptions(wanted), first="opened_at")


def _amount(row: Mapping[str, Any]) -> Money | None:
    return Money.from_wire(row["amount"]) if row["amount"] else None


def _facts_text(row: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(row["facts"].items()))


def _add_one(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{_QUEUE}/<exception_id>")
    @require("staff", *FINANCE_READERS)
    def one(exception_id: str) -> str:
        return _page(application, exception_id, {})


def _page(application: Application, exception_id: str, errors: dict[str, str]) -> str:
    found = application.readers.exceptions.get(exception_id)
    if found is None:
        raise NotFound("There is no such exception")
    amount = Money.from_wire(found["amount"]) if found["amount"] else None
    posted = application.readers.ledger.by_key(f"suspense:{found['subject']}")
    pending = found["state"] == ExceptionState.PENDING_RESOLUTION
    return render_template(
        "finance/exception.html",
        found=shown(found, application.clock.now()),
        notes=application.readers.exceptions.notes(exception_id, NOTES_MAX),
        files=application.attach_evidence.listed(exception_id),
        reason=refusals.reason(found["facts"].get("code")),
        what_to_do=said.what_to_do(found["kind"]),
        booked_as=posted[0] if posted else None,
        acts=said.acts(),
        evidence_kinds=said.evidence(),
        resolutions=list(said.resolutions().items()),
        staff=_choices(application)["staff"],
        may_act=_may_act(),
        may_propose=shell.may(MAKER) and found["waiting"] and not pending,
        currencies=[(each.code, each.code) for each in Currency],
        currency=amount.currency.code if amount else application.currency.code,
        form=request.form,
        errors=errors,
        me=shell.staff_member(),
        **_words(application),
    )


def _add_acts(blueprint: Blueprint, application: Application) -> None:
    desk = application.exceptions_desk

    @blueprint.post(f"{_QUEUE}/assign")
    @require("staff", *ACTORS)
    @idempotent
    def assign() -> BaseResponse:
        owner = request.form.get("owner", NOBODY)
        chosen = request.form.getlist("shown" if "all" in request.form else "exception")

        def act() -> str:
            count = desk.assign(
                shell.staff_member(), chosen, None if owner == NOBODY else StaffId(owner)
            )
            changed = ngettext("%(num)s changed hands.", "%(num)s changed hands.", count)
            return str(changed)

        return _done(_back(chosen), act, _("Assigned"))

    @blueprint.post(f"{_QUEUE}/<exception_id>/comments")
    @require("staff", *ACTORS)
    @idempotent
    def comment(exception_id: str) -> BaseResponse:
        kind, name = request.form.get("kind", ""), request.form.get("proof", "").strip()
        evidence = (kind, name) if name else None

        def act() -> str:
            desk.comment(
                shell.staff_member(),
                exception_id,
                text=request.form.get("text", ""),
                evidence=evidence,
            )
            return str(_("It stays with the exception."))

        return _done(f"{_QUEUE}/{exception_id}", act, _("Noted"))

    @blueprint.post(f"{_QUEUE}/<exception_id>/escalate")
    @require("staff", *ACTORS)
    @idempotent
    def escalate(exception_id: str) -> BaseResponse:
        def act() -> str:
            reason = request.form.get("reason", "")
            desk.escalate(shell.staff_member(), exception_id, reason=reason)
            return str(_("It still waits, and the reason says why."))

        return _done(f"{_QUEUE}/{exception_id}", act, _("Escalated"))

    @blueprint.post(f"{_QUEUE}/<exception_id>/reopen")
    @require("staff", *ACTORS)
    @idempotent
    def reopen(exception_id: str) -> BaseResponse:
        def act() -> str:
            reason = request.form.get("reason", "")
            desk.reopen(shell.staff_member(), exception_id, reason=reason)
            return str(_("It waits again."))

        return _done(f"{_QUEUE}/{exception_id}", act, _("Opened again"))


def _back(chosen: Sequence[str]) -> str:
    """Where one assigned: the page of one exception, or the list with its filters."""
    if "one" in request.form and chosen:
        return f"{_QUEUE}/{chosen[0]}"
    filters = request.form.get("back", "")
    return f"{_QUEUE}?{filters}" if filters else _QUEUE


def _done(to: str, act: Callable[[], str], word: str) -> BaseResponse:
    """Do it and say so where one came from; a refusal is said there as well."""
    try:
        sentence = act()
    except NotFound:
        raise
    except DomainError as refusal:
        ui.say("bad", _("Not done"), ui.worded(refusal))
    else:
        ui.say("good", word, sentence)
    return redirect(to, 303)


def _add_settling(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{_QUEUE}/<exception_id>/resolve")
    @require("staff", MAKER)
    def resolve(exception_id: str) -> Any:
        return _propose(
            application,
            exception_id,
            "exception_resolution",
            lambda: {"code": request.form.get("code", ""), "lines": _lines()},
        )

    @blueprint.post(f"{_QUEUE}/<exception_id>/write-off")
    @require("staff", MAKER)
    def write_off(exception_id: str) -> Any:
        return _propose(application, exception_id, "write_off", _standing)


def _propose(
    application: Application, exception_id: str, kind: str, typed: Callable[[], dict[str, Any]]
) -> Any:
    """Have another person look at it, or say beside the form what is wrong with it."""
    try:
        approval = application.approvals.propose(
            shell.staff_member(),
            kind,
            payload={"exception_id": exception_id, **typed()},
            reason=request.form.get("reason", ""),
            key=idempotency_key(),
        )
    except NotFound:
        raise
    except amounts.UnreadableAmount as wrong:
        told = _("This is no amount: %(typed)s", typed=str(wrong))
        return _page(application, exception_id, {kind: told}), 422
    except DomainError as refusal:
        return _page(application, exception_id, {kind: ui.worded(refusal)}), 422
    ui.say("good", _("Proposed"), _("Another person approves it now."))
    return redirect(f"/finance/approvals/{approval.approval_id}", 303)


def _lines() -> list[dict[str, Any]]:
    """One amount from one account to another, where both are named."""
    form = request.form
    debited, credited = form.get("debit", "").strip(), form.get("credit", "").strip()
    if not (debited or credited or form.get("amount", "").strip()):
        return []
    amount = amounts.parse(form.get("amount", ""), Currency.of(form.get("currency", "")))
    return [
        {"account": debited, "side": "debit", "amount": amount.to_wire()},
        {"account": credited, "side": "credit", "amount": amount.to_wire()},
    ]


def _standing() -> dict[str, Any]:
    """What is named beside the exception; nothing where it is the line in suspense itself."""
    account = request.form.get("account", "").strip()
    if not account:
        if request.form.get("amount", "").strip():
            raise InvalidInput("Name the account that the amount stands on")
        return {}
    currency = Currency.of(request.form.get("currency", ""))
    amount = amounts.parse(request.form.get("amount", ""), currency)
    return {
        "account": account,
        "side": request.form.get("side", ""),
        "amount": amount.to_wire(),
    }
