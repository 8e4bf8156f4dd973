"""My work: the table, the same as a file for a spreadsheet, and where one stands."""

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.kernel.clock import format_instant
from crowdloom.kernel.ids import AssignmentId, WorkerId
from defusedcsv import csv
from flask import Blueprint, Response, render_template, request

from worker_service.application.ports import WorkFilter
from worker_service.application.show_work import ShowWork
from worker_service.bootstrap import Application
from worker_service.domain.work_items import Status, WorkItem
from worker_service.entrypoints.pages import shell, states

PAGE_ITEMS = 50
FILE_ITEMS_MAX = 1_000_000
"""No worker does as many: the file is read and sent piece by piece, and is to be whole."""
_FILE_CHUNK_ITEMS = 200
_WORDS_CHARACTERS_MAX = 200
_PARTS = ("q", "status", "since", "until")
_COLUMNS = (
    "assignment_id",
    "title",
    "requester",
    "status",
    "reward",
    "currency",
    "claimed_at",
    "submitted_at",
    "in_review_until",
    "decided_at",
    "settled_at",
    "closed_at",
    "reason",
    "rejected_at",
    "note",
)


def work_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("work_pages", __name__)
    cursors = Cursors(application.settings.common.cursor_key, salt="work")

    @blueprint.get("/work/my-work")
    @require("worker")
    def my_work() -> str:
        cursor = request.args.get("cursor")
        wanted = _wanted()
        page = application.show_work(
            shell.reader(),
            count_max=PAGE_ITEMS,
            wanted=wanted,
            before=AssignmentId(cursors.read(cursor)) if cursor else None,
        )
        following = page.next_before
        asked = {name: request.args[name] for name in _PARTS if request.args.get(name)}
        return render_template(
            "work/my_work.html",
            items=page.items,
            contests=application.appeal_rejection.contests(shell.reader(), page.items),
            next_cursor=cursors.write(following) if following else None,
            asked=asked,
            query=urlencode(asked),
            status=wanted.status.word if wanted.status else "",
            words=states.words(),
            tones=states.TONES,
        )

    @blueprint.get("/work/my-work.csv")
    @require("worker")
    def my_work_file() -> Response:
        lines = lines_of_work(application.show_work, shell.reader(), _wanted())
        response = Response(lines, mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=my-work.csv"
        return response

    @blueprint.get("/work/standing")
    @require("worker")
    def standing() -> str:
        return render_template("work/standing.html", standing=application.standing(shell.reader()))

    return blueprint


def _wanted() -> WorkFilter:
    """The filter in the address; what cannot be read is left out."""
    asked = request.args
    since, until = (_day(asked.get(name, "")) for name in ("since", "until"))
    return WorkFilter(
        status=Status.of_word(asked.get("status", "")),
        words=asked.get("q", "")[:_WORDS_CHARACTERS_MAX].strip(),
        since=ui.day_began(since) if since else None,
        before=ui.day_began(until + timedelta(days=1)) if until and until < date.max else None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def lines_of_work(
    show_work: ShowWork, worker_id: WorkerId, wanted: WorkFilter | None = None
) -> Iterator[str]:
    """The file, piece by piece. Begins with a byte order mark, by which spreadsheets know UTF-8;
    cells that a spreadsheet would run as a formula are defused.
    """
    yield "\ufeff" + _line(_COLUMNS)
    before: AssignmentId | None = None
    for _ in range(FILE_ITEMS_MAX // _FILE_CHUNK_ITEMS):
        page = show_work(worker_id, count_max=_FILE_CHUNK_ITEMS, wanted=wanted, before=before)
        yield "".join(_line(_cells(item)) for item in page.items)
        before = page.next_before
        if before is None:
            return


def _line(cells: tuple[str, ...]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _cells(item: WorkItem) -> tuple[str, ...]:
    pays = item.pays
    amount, currency = str(pays).split() if pays else ("", "")
    return (
        item.assignment_id,
        item.terms.title if item.terms else "",
        item.terms.requester_name if item.terms else "",
        item.status.word,
        amount,
        currency,
        _when(item.claimed_at),
        _when(item.submitted_at),
        _when(item.auto_accept_at),
        _when(item.decided_at),
        _when(item.settled_at),
        _when(item.closed_at),
        item.reason or "",
        _when(item.rejected_at),
        item.note or "",
    )


def _when(instant: datetime | None) -> str:
    return format_instant(instant) if instant else ""
