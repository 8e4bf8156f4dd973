"""Workers as their requester knows them: by short name, with figures, to keep out or to keep."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import Pseudonym
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.application.know_workers import SAMPLE_MAX
from task_service.bootstrap import Application
from task_service.domain.letters import LettersStopped
from task_service.domain.spreadsheets import defused
from task_service.domain.talk import TooManyMessages
from task_service.domain.workers import (
    NOTE_CHARACTERS_MAX,
    Standing,
    TooManyStandings,
    WorkerFigures,
    WorkerNote,
)
from task_service.entrypoints.pages import shell

PAGE_WORKERS = 25
_PLACE_DIGITS_MAX = 5
_LETTERS_READ_MAX = 500
_ORDERS = {
    "answers": lambda one: -one.answers,
    "agreement": lambda one: 2.0 if one.agreement is None else one.agreement,
    "known": lambda one: 2.0 if one.known_accuracy is None else one.known_accuracy,
    "acceptance": lambda one: 2.0 if one.acceptance is None else one.acceptance,
    "seconds": lambda one: one.median_seconds,
}
"""By name: the first of a list is who is to be looked at first."""


def worker_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("worker_pages", __name__)
    known = application.know_workers

    @blueprint.get(shell.WORKERS_PAGE)
    @require("requester")
    def workers() -> str:
        found = known.figures(shell.reader())
        order = request.args.get("order", "")
        key = _ORDERS.get(order, _ORDERS["answers"])
        notes = {one.pseudonym: one for one in known.notes(shell.reader())}
        seen = {one.pseudonym for one in found.figures}
        ordered = sorted(found.figures, key=key)
        start = _start()
        more = start + PAGE_WORKERS < len(ordered)
        return render_template(
            "requester/workers.html",
            known=found,
            figures=ordered[start : start + PAGE_WORKERS],
            next_start=str(start + PAGE_WORKERS) if more else None,
            notes=notes,
            any_known=any(one.known for one in found.figures),
            absent=[one for one in notes.values() if one.pseudonym not in seen],
            order=order if order in _ORDERS else "answers",
            orders=_order_words(),
            sample_max=SAMPLE_MAX,
            note_characters_max=NOTE_CHARACTERS_MAX,
            letters=application.reader.letters.newest(shell.reader(), _LETTERS_READ_MAX),
            text_characters_max=REASON_CHARACTERS_MAX,
        )

    @blueprint.get(f"{shell.WORKERS_PAGE}.csv")
    @require("requester")
    def table() -> Response:
        found, notes = known.figures(shell.reader()), known.notes(shell.reader())
        headers = {"Content-Disposition": 'attachment; filename="workers.csv"'}
        return Response(_csv(found.figures, notes), mimetype="text/csv", headers=headers)

    _add_standing(blueprint, application)
    _add_letter(blueprint, application)
    return blueprint


def _start() -> int:
    """From which place of the list on, as the address says; what cannot be read is its start."""
    asked = request.args.get("start", "")
    return int(asked) if asked.isdecimal() and len(asked) <= _PLACE_DIGITS_MAX else 0


def _add_standing(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{shell.WORKERS_PAGE}/standing")
    @require("requester")
    @idempotent
    def stand() -> BaseResponse:
        sent = request.form
        standing = _standing(sent.get("standing", ""))
        pseudonym = Pseudonym(sent.get("pseudonym", ""))
        try:
            application.know_workers.note(
                shell.reader(), pseudonym, standing, note=sent.get("note", "")
            )
        except NotFound:
            words = _("Choose a worker who has answered something of yours.")
            ui.say("bad", _("Nothing was changed"), words)
        except TooManyStandings:
            ui.say("bad", _("Nothing was changed"), _("Your lists are full: take others off."))
        except InvalidInput:
            ui.say("bad", _("Nothing was changed"), _("The note is too long: shorten it."))
        else:
            _say(standing)
        return redirect(shell.WORKERS_PAGE, 303)


def _add_letter(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{shell.WORKERS_PAGE}/message")
    @require("requester")
    @idempotent
    def write() -> BaseResponse:
        sent = request.form
        pseudonym = Pseudonym(sent.get("pseudonym", ""))
        try:
            application.write_to_worker(shell.reader(), pseudonym, sent.get("text", ""))
        except NotFound:
            words = _("Choose a worker who has answered something of yours.")
            ui.say("bad", _("Nothing was sent"), words)
        except TooManyMessages:
            words = _("You wrote to this worker three times within a day: that is enough.")
            ui.say("bad", _("Nothing was sent"), words)
        except LettersStopped:
            words = _("A worker reported a letter of yours, and an operator stopped them.")
            ui.say("bad", _("Nothing was sent"), words)
        except InvalidInput:
            ui.say("bad", _("Nothing was sent"), _("Write 1 to 1,024 characters."))
        else:
            ui.say("good", _("Sent"), _("The worker alone reads it."))
        return redirect(shell.WORKERS_PAGE, 303)


def _standing(text: str) -> Standing | None:
    return Standing(text) if text in list(Standing) else None


def _say(standing: Standing | None) -> None:
    if standing is Standing.EXCLUDED:
        words = _("Nothing new is given to them from now on, of what is open already as well.")
        ui.say("good", _("Excluded"), words)
    elif standing is Standing.LISTED:
        words = _("A batch can be kept for the workers on your list.")
        ui.say("good", _("On your list"), words)
    else:
        ui.say("good", _("Taken off"), _("They are a worker like any other again."))


def _order_words() -> list[tuple[str, str]]:
    return [
        ("answers", _("Most answers first")),
        ("agreement", _("Least agreement first")),
        ("known", _("Least right on known answers first")),
        ("acceptance", _("Least accepted first")),
        ("seconds", _("Fastest first")),
    ]


def _csv(figures: list[WorkerFigures], notes: Any) -> Iterator[str]:
    by_name: dict[str, WorkerNote] = {one.pseudonym: one for one in notes}
    yield _line(
        [
            *("worker", "answers", "accepted", "rejected", "returned", "agreement", "compared"),
            *("known", "known_right"),
            *("median_seconds", "last_on", "standing", "note"),
        ]
    )
    for one in figures:
        note = by_name.get(one.pseudonym)
        agreement = "" if one.agreement is None else f"{one.agreement:.3f}"
        counts = (one.answers, one.accepted, one.rejected, one.returned)
        yield _line(
            [
                one.pseudonym,
                *map(str, counts),
                agreement,
                str(one.compared),
                str(one.known),
                str(one.known_right),
                str(one.median_seconds),
                one.last_on.isoformat(),
                str(note.standing) if note else "",
                note.note if note else "",
            ]
        )


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([defused(cell) for cell in cells])
    return text.getvalue()
