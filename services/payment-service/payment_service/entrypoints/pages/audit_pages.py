"""Audit: the invariants of the books as they hold now, and who did what, as page and as file."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from crowdloom.chassis.http.auth import require
from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from payment_service.application.tables import Acts
from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.pages import audit_words, words
from payment_service.entrypoints.pages.tables import Column, Table, days_asked

# Above this the invariants are looked at when one asks: it takes a reading of the whole journal.
CHECKED_AT_ONCE_MAX = 20_000
COMMAND_LINE = "command line"  # who a member of staff was added by
_OWN = ("before", "after")


def audit_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("audit_pages", __name__)

    @blueprint.get("/finance/audit")
    @require("staff", *FINANCE_READERS)
    def audit() -> str:
        asked = _asked()
        is_of_log = bool(request.args.keys() - {"check", "lang"})  # filtered, sorted, turned
        is_long = application.journal.count() > CHECKED_AT_ONCE_MAX
        checks = "check" in request.args or not (is_of_log or is_long)
        table = _table(application, asked).shown()
        return render_template(
            "finance/audit.html",
            findings=application.audit_money() if checks else None,
            is_long=is_long,
            as_of=application.clock.now(),
            sentences=words.invariants(),
            figure=audit_words.figure,
            acts=[(row, _facts(row), _changes(row)) for row in table.rows],
            table=table,
            names={**application.readers.staff.names(), COMMAND_LINE: _("command line")},
            kinds=application.readers.audit.acts(),
            act_words=audit_words.acts(),
            asked=asked,
        )

    @blueprint.get("/finance/audit.<any(csv, xlsx):kind>")
    @require("staff", *FINANCE_READERS)
    def audit_file(kind: str) -> Response:
        return _table(application, _asked()).file(kind, "audit-log")

    return blueprint


def _asked() -> dict[str, str]:
    names = ("who", "what", "subject", "since", "until")
    return {name: request.args.get(name, "").strip() for name in names}


def _table(application: Application, asked: Mapping[str, str]) -> Table[Mapping[str, Any]]:
    names = application.readers.staff.names()
    columns: list[Column[Mapping[str, Any]]] = [
        Column("at", lambda row: row["at"], _("When")),
        Column("who", lambda row: str(row["who"]), _("Who")),
        Column("name", lambda row: names.get(row["who"], "")),
        Column("what", lambda row: str(row["what"]), _("What")),
        Column("subject", lambda row: str(row["subject"]), _("About")),
        *(Column(name, partial(_noted, name)) for name in _OWN),
        Column("facts", _other_facts),
        Column("request_id", lambda row: row["request_id"]),
        Column("id", lambda row: str(row["_id"])),
    ]
    return Table(columns, application.tables.audit(_wanted(asked)), first="-at")


def _noted(name: str, row: Mapping[str, Any]) -> str:
    return _plain(row["facts"][name]) if name in row["facts"] else ""


def _other_facts(row: Mapping[str, Any]) -> str:
    return _plain({name: value for name, value in row["facts"].items() if name not in _OWN})


def _wanted(asked: Mapping[str, str]) -> Acts:
    """Days are whole ones, UTC, both included; what is no day is not asked for."""
    named = {name: asked[name] or None for name in ("who", "what", "subject")}
    since, until = days_asked()
    after = until and until + timedelta(days=1)
    return Acts(**named, since=_begin(since), until=_begin(after))


def _begin(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=UTC) if day else None


def _facts(row: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (name, _plain(value))
        for name, value in row["facts"].items()
        if value not in ("", None) and name not in _OWN
    ]


def _changes(row: Mapping[str, Any]) -> Sequence[tuple[str, str, str]]:
    """(what, before, after) of what an act changed, as far as it was noted."""
    before, after = (_named(row["facts"].get(name)) for name in _OWN)
    return [
        (name, _plain(before.get(name) or "-"), _plain(after.get(name) or "-"))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _named(value: Any) -> Mapping[str, Any]:
    """Older acts noted a single word."""
    if isinstance(value, Mapping):
        return value
    return {"": value} if value else {}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
