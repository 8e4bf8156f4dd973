"""The queue and its fragment that loads itself again."""

from datetime import datetime
from typing import Any

from crowdloom.chassis.http.auth import require
from flask import Blueprint, redirect, render_template, request

from worker_service.application.show_queue import Filter, Sort
from worker_service.bootstrap import Application
from worker_service.entrypoints.pages import languages, shell

HOURLY_CHOICES = (2, 4, 6, 8, 10, 12, 15, 20)
"""Dollars an hour."""
_MINOR_PER_DOLLAR = 100
_WORDS_CHARACTERS_MAX = 200
_LANGUAGE_CHARACTERS_MAX = 35


def queue_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("queue_pages", __name__)

    @blueprint.get("/work")
    @blueprint.get("/work/")
    def home() -> Any:
        return redirect(shell.QUEUE_PAGE)

    @blueprint.get(shell.QUEUE_PAGE)
    @require("worker")
    def queue() -> str:
        wanted = _wanted()
        now = application.clock.now()
        return render_template(
            "work/queue.html",
            **_offers(application, wanted),
            wanted=wanted,
            hourly_choices=HOURLY_CHOICES,
            hourly=wanted.hourly_minor_min // _MINOR_PER_DOLLAR,
            spoken=application.show_profile(shell.reader()).languages,
            day=application.show_work.day(shell.reader(), _midnight(now)),
        )

    @blueprint.get(f"{shell.QUEUE_PAGE}/offers")
    @require("worker")
    def offers() -> str:
        return render_template("work/_offers.html", **_offers(application, _wanted()))

    return blueprint


def _offers(application: Application, wanted: Filter) -> dict[str, Any]:
    return {
        "view": application.show_queue(shell.reader(), wanted),
        "language_name": languages.name_for_reader,
        "narrowed": wanted != Filter(sort=wanted.sort),
        "query": request.query_string.decode(),
    }


def _wanted() -> Filter:
    """The filter in the address; what cannot be read is left out, as links may be old."""
    asked = request.args
    sorts = {sort.value: sort for sort in Sort}
    hourly = asked.get("min", "")
    return Filter(
        words=asked.get("q", "")[:_WORDS_CHARACTERS_MAX],
        hourly_minor_min=int(hourly) * _MINOR_PER_DOLLAR if _is_choice(hourly) else 0,
        language=asked.get("language", "mine")[:_LANGUAGE_CHARACTERS_MAX] or "mine",
        sort=sorts.get(asked.get("sort", ""), Sort.PAY),
    )


def _is_choice(hourly: str) -> bool:
    return hourly in {str(dollars) for dollars in HOURLY_CHOICES}


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
