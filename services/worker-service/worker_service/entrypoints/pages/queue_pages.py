"""The queue, its fragment that loads itself again, and what one hides from it."""

from dataclasses import astuple
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.streams import Streams
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, RequesterId
from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _

from worker_service.application.show_queue import BATCHES_MAX, QueueView
from worker_service.bootstrap import Application
from worker_service.domain.offers import Filter, Sort
from worker_service.entrypoints.pages import languages, shell, states

HOURLY_CHOICES = (2, 4, 6, 8, 10, 12, 15, 20)
"""Dollars an hour."""
REWARD_CHOICES = (1, 5, 10, 25, 50, 100, 500)
"""Minor units an item."""
MINUTES_CHOICES = (2, 5, 10, 30, 60, 240)
"""Longest time limit of an item."""
SHOWN_STEP = 50
"""Cards at first, and more at each wish: a page of all is slow on a phone, and asked for anew."""
_MINOR_PER_DOLLAR = 100
_SECONDS_PER_MINUTE = 60
_CHARACTERS_MAX = {"q": 200, "language": 35, "requester": 40, "min": 6, "reward": 6, "limit": 6}
_PARTS = (*_CHARACTERS_MAX, "sort")


def queue_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("queue_pages", __name__)
    _add_queue(blueprint, application)
    _add_live(blueprint, application)
    _add_unseen(blueprint, application)
    _add_hiding(blueprint, application)
    return blueprint


def _add_queue(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get("/work")
    @blueprint.get("/work/")
    def home() -> Any:
        return redirect(shell.QUEUE_PAGE)

    @blueprint.get(shell.QUEUE_PAGE)
    @require("worker")
    def queue() -> Any:
        if "reset" in request.args:
            application.choose_queue.remember(shell.reader(), {})
            return redirect(shell.QUEUE_PAGE)
        if set(_PARTS) & set(request.args):
            application.choose_queue.remember(shell.reader(), _asked())
        elif kept := application.choose_queue.get(shell.reader()).filter:
            return redirect(f"{shell.QUEUE_PAGE}?{urlencode({**kept, **request.args})}")
        return _queue_page(application)

    @blueprint.get(f"{shell.QUEUE_PAGE}/offers")
    @require("worker")
    def offers() -> Response:
        shown = _offers(application, wanted_now())
        response = make_response()
        response.headers["Cache-Control"] = "private, no-cache"
        response.set_etag(_mark(shown["view"], shown["shown_max"]))
        response.make_conditional(request)
        if response.status_code == HTTPStatus.OK:
            response.set_data(render_template("work/_offers.html", **shown))
        return response


def _add_live(blueprint: Blueprint, application: Application) -> None:
    streams = Streams(application.show_queue.left_counts)

    @blueprint.get(f"{shell.QUEUE_PAGE}/live")
    @require("worker")
    def live() -> Response:
        """How many items are left, as it changes. Where there is no stream the page asks again."""
        return streams.response(shell.reader())


def _queue_page(application: Application) -> str:
    wanted = wanted_now()
    return render_template(
        "work/queue.html",
        **_offers(application, wanted),
        wanted=wanted,
        narrowed_by=_narrowed_by(wanted),
        live_query=urlencode(_asked() | _more()),
        hourly_choices=HOURLY_CHOICES,
        reward_choices=REWARD_CHOICES,
        minutes_choices=MINUTES_CHOICES,
        hourly=wanted.hourly_minor_min // _MINOR_PER_DOLLAR,
        minutes=wanted.lease_seconds_max // _SECONDS_PER_MINUTE,
        spoken=application.show_profile(shell.reader()).languages,
        hid=_hid(application),
        asked_about=application.appeal_rejection.asked(shell.reader()),
        day=application.show_work.day(shell.reader(), ui.day_began(application.clock.now())),
    )


def _add_unseen(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(f"{shell.QUEUE_PAGE}/unseen")
    @require("worker")
    def unseen() -> str:
        return render_template(
            "work/unseen.html",
            **_offers(application, wanted_now()),
            why_words=states.unseen_words(),
        )


def _add_hiding(blueprint: Blueprint, application: Application) -> None:
    choose = application.choose_queue

    @blueprint.post(f"{shell.QUEUE_PAGE}/hide")
    @require("worker")
    def hide() -> Any:
        batch_id = request.form.get("batch_id", "")
        requester_id = request.form.get("requester_id", "")
        try:
            if requester_id:
                choose.hide_requester(shell.reader(), RequesterId(requester_id))
            else:
                choose.hide_batch(shell.reader(), BatchId(batch_id))
        except NotFound:
            ui.say("wait", _("Not hidden"), _("It is not there any more."))
            return redirect(shell.QUEUE_PAGE, 303)
        return redirect(f"{shell.QUEUE_PAGE}?{urlencode({'hid': requester_id or batch_id})}", 303)

    @blueprint.post(f"{shell.QUEUE_PAGE}/show")
    @require("worker")
    def show_again() -> Any:
        choose.show(shell.reader(), request.form.get("hidden_id", ""))
        ui.say("good", _("Shown again"))
        return redirect(shell.QUEUE_PAGE, 303)


def wanted_now() -> Filter:
    """The filter in the address; what cannot be read is left out, as links may be old."""
    asked = _asked()
    sorts = {sort.value: sort for sort in Sort}
    return Filter(
        words=asked.get("q", ""),
        hourly_minor_min=_choice(asked, "min", HOURLY_CHOICES) * _MINOR_PER_DOLLAR,
        reward_minor_min=_choice(asked, "reward", REWARD_CHOICES),
        lease_seconds_max=_choice(asked, "limit", MINUTES_CHOICES) * _SECONDS_PER_MINUTE,
        requester_id=asked.get("requester", ""),
        language=asked.get("language", "mine"),
        sort=sorts.get(asked.get("sort", ""), Sort.PAY),
    )


def _asked() -> dict[str, str]:
    """The filter's parts of the address that ask for something."""
    found = {name: request.args.get(name, "").strip() for name in _PARTS}
    return {
        name: text[: _CHARACTERS_MAX.get(name, 10)]
        for name, text in found.items()
        if text and text.isprintable()
    }


def _choice(asked: dict[str, str], name: str, choices: tuple[int, ...]) -> int:
    return next((choice for choice in choices if str(choice) == asked.get(name)), 0)


def _offers(application: Application, wanted: Filter) -> dict[str, Any]:
    view = application.show_queue(shell.reader(), wanted)
    return {
        "view": view,
        "language_name": languages.name_for_reader,
        "matching_words": states.why_not_words(),
        "query": urlencode(_asked()),
        "shown_max": _shown_max(),
        "shown_step": SHOWN_STEP,
    }


def _more() -> dict[str, int]:
    """The part of the address that asks for more cards than at first."""
    return {"shown": _shown_max()} if _shown_max() > SHOWN_STEP else {}


def _shown_max() -> int:
    """How many cards, by the address: whole steps, and no more than there can be."""
    steps = range(SHOWN_STEP, BATCHES_MAX + 1, SHOWN_STEP)
    return next((most for most in steps if str(most) == request.args.get("shown")), SHOWN_STEP)


def _narrowed_by(wanted: Filter) -> int:
    """In how many parts the filter asks for something."""
    usual = Filter(sort=wanted.sort)
    return sum(one != other for one, other in zip(astuple(wanted), astuple(usual), strict=True))


def _mark(view: QueueView, shown_max: int) -> str:
    """Changes with whatever the fragment shows, but not with the keys of its forms."""
    facts = [
        (
            one.card.batch_id,
            one.card.left_count,
            one.pay,
            one.requester,
            one.terms.reward,
            one.unspoken,
        )
        for one in view.offers[:shown_max]
    ]
    alerts = [offer.card.batch_id for offer in view.alerts]
    counts = (len(view.offers), view.open_count, view.other_language_count)
    told = (view.choices, facts, alerts, counts)
    return sha256(f"{get_locale()}{told}".encode()).hexdigest()[:32]


def _hid(application: Application) -> dict[str, str] | None:
    """What was hidden a moment ago, to be undone: its id, its name, and what else can be hidden."""
    hid = request.args.get("hid", "")
    choices = application.choose_queue.get(shell.reader())
    hidden = (*choices.hidden_batches.items(), *choices.hidden_requesters.items())
    names: dict[str, str] = dict(hidden)
    if hid not in names:
        return None
    return {"id": hid, "name": names[hid]}
