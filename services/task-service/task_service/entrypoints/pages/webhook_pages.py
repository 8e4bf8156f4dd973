"""Webhooks under Developers: made, their secret shown once, removed; the log, and replay."""

from typing import Any

from crowdloom import ui
from crowdloom.chassis.http.auth import require
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.kernel.errors import InvalidInput
from flask import Blueprint, Response, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from task_service.bootstrap import Application
from task_service.domain.webhooks import (
    EVENT_NAMES,
    URL_CHARACTERS_MAX,
    DeliveryStatus,
    HostIsNotPublic,
    TooManyWebhooks,
)
from task_service.entrypoints.pages import shell
from task_service.entrypoints.pages.secrets_once import hand_over, handed, shown_once

WEBHOOKS_PAGE = f"{shell.DEVELOPERS_PAGE}/webhooks"
_COOKIE = "cl_new_webhook"
_LOG_LINES = 50
TONES = {
    DeliveryStatus.PENDING: "wait",
    DeliveryStatus.DELIVERED: "good",
    DeliveryStatus.FAILED: "bad",
}


def webhook_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("webhook_pages", __name__)
    _add_list(blueprint, application)
    _add_resume(blueprint, application)
    _add_log(blueprint, application)
    return blueprint


def _add_list(blueprint: Blueprint, application: Application) -> None:
    @blueprint.get(WEBHOOKS_PAGE)
    @require("requester")
    def webhooks() -> Response:
        page = _page(application, secret=handed(_COOKIE))
        return shown_once(page, cookie=_COOKIE, path=WEBHOOKS_PAGE)

    @blueprint.post(WEBHOOKS_PAGE)
    @require("requester")
    @idempotent
    def create() -> Any:
        url, events = request.form.get("url", ""), request.form.getlist("events")
        try:
            made = application.webhooks.create(shell.reader(), url, events)
        except HostIsNotPublic:
            private = _("That is an address of a private network: give one that we can reach.")
            return _page(application, errors={"url": private}), 422
        except InvalidInput:
            wrong = _("Give an address that begins with https:// and names no user.")
            return _page(application, errors={"url": wrong}), 422
        except TooManyWebhooks:
            return _page(application, errors={"url": _("Remove one first.")}), 409
        hand_over(made.secret, cookie=_COOKIE, path=WEBHOOKS_PAGE)
        return redirect(WEBHOOKS_PAGE, 303)

    @blueprint.post(f"{WEBHOOKS_PAGE}/<webhook_id>/remove")
    @require("requester")
    @idempotent
    def remove(webhook_id: str) -> BaseResponse:
        application.webhooks.remove(shell.reader(), webhook_id)
        ui.say("good", _("Removed"), _("Nothing more is sent to that address."))
        return redirect(WEBHOOKS_PAGE, 303)


def _add_resume(blueprint: Blueprint, application: Application) -> None:
    @blueprint.post(f"{WEBHOOKS_PAGE}/<webhook_id>/resume")
    @require("requester")
    @idempotent
    def resume(webhook_id: str) -> BaseResponse:
        application.webhooks.resume(shell.reader(), webhook_id)
        ui.say("good", _("Told again"), _("It is told of everything that happens from now on."))
        return redirect(f"{WEBHOOKS_PAGE}/{webhook_id}", 303)


def _add_log(blueprint: Blueprint, application: Application) -> None:
    cursors = Cursors(application.settings.common.cursor_key, salt="webhook_log")

    @blueprint.get(f"{WEBHOOKS_PAGE}/<webhook_id>")
    @require("requester")
    def log(webhook_id: str) -> str:
        webhook = application.webhooks.get(shell.reader(), webhook_id)
        cursor = request.args.get("cursor")
        found = application.webhooks.log(
            webhook, before=cursors.read(cursor) if cursor else None, count_max=_LOG_LINES + 1
        )
        shown = found[:_LOG_LINES]
        more = len(found) > _LOG_LINES
        return render_template(
            "requester/webhook.html",
            webhook=webhook,
            deliveries=shown,
            tones=TONES,
            words=_words(),
            next_cursor=cursors.write(shown[-1].delivery_id) if more else None,
        )

    @blueprint.post(f"{WEBHOOKS_PAGE}/<webhook_id>/<delivery_id>/replay")
    @require("requester")
    @idempotent
    def replay(webhook_id: str, delivery_id: str) -> BaseResponse:
        webhook = application.webhooks.get(shell.reader(), webhook_id)
        application.webhooks.replay(webhook, delivery_id)
        ui.say("good", _("Sent again"), _("The message goes out once more, with the id it had."))
        return redirect(f"{WEBHOOKS_PAGE}/{webhook_id}", 303)


def _page(application: Application, *, secret: str = "", errors: Any = None) -> str:
    return render_template(
        "requester/webhooks.html",
        webhooks=application.webhooks.listed(shell.reader()),
        event_names=EVENT_NAMES,
        chosen=request.form.getlist("events"),
        secret=secret,
        errors=errors or {},
        url=request.form.get("url", ""),
        url_characters_max=URL_CHARACTERS_MAX,
    )


def _words() -> dict[DeliveryStatus, str]:
    return {
        DeliveryStatus.PENDING: _("on its way"),
        DeliveryStatus.DELIVERED: _("delivered"),
        DeliveryStatus.FAILED: _("given up"),
    }
