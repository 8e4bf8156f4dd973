"""`register`: everything a service's Flask app needs to show pages."""

import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, render_template, request
from flask_babel import Babel
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

from crowdloom.kernel.clock import Clock, SystemClock
from crowdloom.ui import formats, messages, preferences, problems
from crowdloom.ui.assets import mount_static
from crowdloom.ui.bar import Bar, mark_current
from crowdloom.ui.languages import DEFAULT_LANGUAGE, LANGUAGES, direction_of

HERE = Path(__file__).parent
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "frame-src 'self'; object-src 'none'"
)
_TEXT_FILTERS = (
    "money",
    "money_text",
    "number",
    "number_text",
    "percent",
    "duration",
    "instant",
    "instant_text",
    "day",
    "ident",
    "pseudonym",
    "own_text",
)


def register(
    app: Flask,
    *,
    service: str,
    prefix: str,
    pages: Path | None = None,
    bar: Callable[[], Bar] = Bar,
    clock: Clock | None = None,
) -> None:
    """Mount templates, static files, languages, preferences, landing page and error pages.

    `pages` is the service's folder that may hold `templates/`, `static/` and `translations/`;
    `prefix` is where its pages live, e.g. `/work`; `bar` is called once a page, inside the request.
    """
    own = [pages] if pages else []
    _mount_templates(app, [folder / "templates" for folder in own])
    _mount_languages(app, [folder / "translations" for folder in own])
    mount_static(app, prefix=prefix, own=pages / "static" if pages else None)
    _mount_filters(app, clock or SystemClock())
    app.jinja_env.globals.update(
        bar_of_page=bar,
        mark_current=mark_current,
        service=service,
        take_messages=messages.take_messages,
        with_query=with_query,
        fresh_key=lambda: secrets.token_hex(16),
    )
    app.jinja_env.globals["chrome"] = _chrome
    app.register_blueprint(preferences.blueprint)
    app.register_blueprint(_shared_pages())
    # Flask runs these from the last to the first: the error page is made before the headers.
    app.after_request(_protect)
    app.after_request(messages.carry_messages)
    app.after_request(preferences.remember_asked_language)
    app.after_request(problems.problem_as_page)


def with_query(**changes: object) -> str:
    """This page's address with some query parameters changed; None takes one away."""
    query = {name: values for name, values in request.args.lists() if name != "lang"}
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    return request.path + (f"?{urlencode(query, doseq=True)}" if query else "")


def _mount_templates(app: Flask, own: list[Path]) -> None:
    folders = [*own, HERE / "templates"]
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])


def _mount_languages(app: Flask, own: list[Path]) -> None:
    # The shared strings first: a service's own catalogue may word one of them better.
    folders = [HERE / "translations", *own]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(folder) for folder in folders)
    Babel(
        app,
        default_locale=DEFAULT_LANGUAGE,
        default_timezone="UTC",
        locale_selector=preferences.choose_language,
    )


def _mount_filters(app: Flask, clock: Clock) -> None:
    app.jinja_env.filters.update({name: getattr(formats, name) for name in _TEXT_FILTERS})

    def relative(moment: object) -> Markup:
        return formats.relative(moment, now=clock.now())  # type: ignore[arg-type]

    app.jinja_env.filters["relative"] = relative


def _chrome() -> dict[str, object]:
    language = formats.language()
    return {
        "language": language,
        "direction": direction_of(language),
        "languages": LANGUAGES,
        "theme": preferences.choose_theme(),
        "here": preferences.here(),
    }


def _shared_pages() -> Blueprint:
    blueprint = Blueprint("ui_pages", __name__)
    blueprint.add_url_rule("/", "landing", lambda: render_template("ui/landing.html"))
    blueprint.add_url_rule("/kit", "kit", lambda: render_template("ui/kit.html"))
    return blueprint


def _protect(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
