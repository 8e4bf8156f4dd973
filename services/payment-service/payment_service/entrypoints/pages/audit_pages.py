"""Audit: the invariants of the books as they hold now, and who did what, as page and as file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from crowdloom.chassis.http.auth import require
from flask import Blueprint, Response, render_template, request

from payment_service.bootstrap import Application
from payment_service.domain.people import FINANCE_READERS
from payment_service.entrypoints.pages import files, words

PAGE_ITEMS = 50
# Above this the invariants are looked at when one asks: it takes a reading of the whole journal.
CHECKED_AT_ONCE_MAX = 20_000
_FILE_CHUNK_ITEMS = 500
_FILE_CHUNKS_MAX = 400
_COLUMNS = (
    *("at", "who", "name", "what", "subject", "before", "after", "facts"),
    *("request_id", "id"),
)
_OWN = ("before", "after")


def audit_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("audit_pages", __name__)

    @blueprint.get("/finance/audit")
    @require("staff", *FINANCE_READERS)
    def audit() -> str:
        asked = _asked()
        checks = "check" in request.args or application.journal.count() <= CHECKED_AT_ONCE_MAX
        acts = application.readers.audit.listed(
            PAGE_ITEMS + 1, before=request.args.get("cursor"), **_wanted(asked)
        )
        return render_template(
            "finance/audit.html",
            findings=application.audit_money() if checks else None,
            as_of=application.clock.now(),
            sentences=words.invariants(),
            acts=[(row, _facts(row), _changes(row)) for row in acts[:PAGE_ITEMS]],
            next_cursor=acts[PAGE_ITEMS - 1]["_id"] if len(acts) > PAGE_ITEMS else None,
            names=application.readers.staff.names(),
            kinds=application.readers.audit.acts(),
            asked=asked,
        )

    @blueprint.get("/finance/audit.csv")
    @require("staff", *FINANCE_READERS)
    def audit_file() -> Response:
        return files.csv_file("audit-log.csv", _COLUMNS, _rows(application, _wanted(_asked())))

    @blueprint.get("/finance/audit.xlsx")
    @require("staff", *FINANCE_READERS)
    def audit_workbook() -> Response:
        return files.xlsx_file("audit-log.xlsx", _COLUMNS, _rows(application, _wanted(_asked())))

    return blueprint


def _asked() -> dict[str, str]:
    names = ("who", "what", "subject", "since", "until")
    return {name: request.args.get(name, "").strip() for name in names}


def _wanted(asked: Mapping[str, str]) -> dict[str, Any]:
    """Days are whole ones, UTC, both included; what is no day is not asked for."""
    named = {name: asked[name] or None for name in ("who", "what", "subject")}
    until = _day(asked["until"])
    end = None if until is None else until + timedelta(days=1)
    return {**named, "since": _day(asked["since"]), "until": end}


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)
    except ValueError:
        return None


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


def _rows(application: Application, wanted: Mapping[str, Any]) -> Iterator[list[tuple[str, ...]]]:
    names = application.readers.staff.names()
    before: str | None = None
    for _ in range(_FILE_CHUNKS_MAX):
        acts = application.readers.audit.listed(_FILE_CHUNK_ITEMS, before=before, **wanted)
        yield [_cells(row, names) for row in acts]
        if len(acts) < _FILE_CHUNK_ITEMS:
            return
        before = str(acts[-1]["_id"])


def _cells(row: Mapping[str, Any], names: Mapping[Any, str]) -> tuple[str, ...]:
    return (
        files.when(row["at"]),
        row["who"],
        names.get(row["who"], ""),
        row["what"],
        row["subject"],
        *(_plain(row["facts"][name]) if name in row["facts"] else "" for name in _OWN),
        _plain({name: value for name, value in row["facts"].items() if name not in _OWN}),
        row["request_id"],
        row["_id"],
    )
