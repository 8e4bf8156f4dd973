"""Audit: the invariants of the books as they hold now, and who did what, as page and as file."""

import json
from collections.abc import Iterator, Mapping, Sequence
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
_COLUMNS = ("at", "who", "name", "what", "subject", "facts", "request_id", "id")


def audit_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("audit_pages", __name__)

    @blueprint.get("/finance/audit")
    @require("staff", *FINANCE_READERS)
    def audit() -> str:
        who, what = request.args.get("who", ""), request.args.get("what", "")
        checks = "check" in request.args or application.journal.count() <= CHECKED_AT_ONCE_MAX
        acts = application.readers.audit.listed(
            PAGE_ITEMS + 1, before=request.args.get("cursor"), who=who or None, what=what or None
        )
        return render_template(
            "finance/audit.html",
            findings=application.audit_money() if checks else None,
            as_of=application.clock.now(),
            sentences=words.invariants(),
            acts=[(row, _facts(row)) for row in acts[:PAGE_ITEMS]],
            next_cursor=acts[PAGE_ITEMS - 1]["_id"] if len(acts) > PAGE_ITEMS else None,
            names=application.readers.staff.names(),
            kinds=application.readers.audit.acts(),
            who=who,
            what=what,
        )

    @blueprint.get("/finance/audit.csv")
    @require("staff", *FINANCE_READERS)
    def audit_file() -> Response:
        rows = _rows(application, request.args.get("who", ""), request.args.get("what", ""))
        return files.csv_file("audit-log.csv", _COLUMNS, rows)

    return blueprint


def _facts(row: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    return [
        (name, _plain(value)) for name, value in row["facts"].items() if value not in ("", None)
    ]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _rows(application: Application, who: str, what: str) -> Iterator[list[tuple[str, ...]]]:
    names = application.readers.staff.names()
    before: str | None = None
    for _ in range(_FILE_CHUNKS_MAX):
        acts = application.readers.audit.listed(
            _FILE_CHUNK_ITEMS, before=before, who=who or None, what=what or None
        )
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
        json.dumps(row["facts"], ensure_ascii=False, default=str),
        row["request_id"],
        row["_id"],
    )
