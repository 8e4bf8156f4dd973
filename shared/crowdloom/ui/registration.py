"""`register`: everything a service's Flask app needs to show pages."""

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import wraps
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Flask, Response, current_app, g, render_template, request
from flask_babel import Babel, get_babel, get_translations
from jinja2 import ChoiceLoader, FileSystemLoader, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from crowdloom.kernel.clock import Clock, SystemClock
from crowdloom.ui import formats, messages, preferences, problems
from crowdloom.ui.assets import mount_own_static, mount_shared_static
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
    prefix: str = "",
    pages: Path | None = None,
    bar: Callable[[], Bar] = Bar,
    clock: Clock | None = None,
    translations: Iterable[Path] = (),
    may_send: Callable[[str], bool] = lambda _address: True,
    may_open: Callable[[str], bool] = lambda _address: True,
) -> None:
    """Mount templates, static files, languages, preferences, landing page and error pages.

    `pages` is the service's folder that may hold `templates/`, `static/` and `translations/`;
    `prefix` is where its static files live, e.g. `/work`; `bar` is called once a page, inside the
    request. `translations` are further folders of catalogues. `may_send` tells whether the reader's
    role may send a form to an address, `may_open` whether it may see the page there; buttons that
    would be refused are left out.
    """
    _mount_templates(app)
    _mount_languages(app, translations)
    mount_shared_static(app)
    _mount_filters(app, clock or SystemClock())
    app.jinja_env.globals.update(
        bar_of_page=bar,
        chrome=_chrome,
        fresh_key=lambda: secrets.token_hex(16),
        mark_current=mark_current,
        may_open=may_open,
        may_send=may_send,
        server_now=(clock or SystemClock()).now,
        service=service,
        take_messages=messages.take_messages,
        with_query=with_query,
    )
    app.register_blueprint(preferences.blueprint)
    app.register_blueprint(_shared_pages(app.config.get("CROWDLOOM_AREA")))
    # Flask runs these from the last to the first: the error page is made before the headers.
    app.after_request(_close_what_is_not_sent)
    app.after_request(_protect)
    app.after_request(messages.carry_messages)
    app.after_request(preferences.remember_asked_language)
    app.after_request(problems.problem_as_page)
    if pages is not None:
        _mount_pages(app, prefix, pages)


def _mount_pages(app: Flask, prefix: str, pages: Path) -> None:
    loader = cast("ChoiceLoader", app.jinja_loader)
    app.jinja_loader = ChoiceLoader([FileSystemLoader(pages / "templates"), *loader.loaders])
    # Last wins: a service's own catalogue may word a shared string better.
    get_babel(app).translation_directories.append(str(pages / "translations"))
    mount_own_static(app, prefix=prefix, folder=pages / "static")


def with_query(**changes: object) -> str:
    """This page's address with some query parameters changed; None takes one away. A view that
    answers a part of a page sets `g.page_path`, so that links lead to the whole.
    """
    query = {name: values for name, values in request.args.lists() if name != "lang"}
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = [str(value)]
    drawn_at = (
        request.path if request.method in {"GET", "HEAD"} else urlsplit(preferences.here()).path
    )
    path = str(getattr(g, "page_path", drawn_at))
    return path + (f"?{urlencode(query, doseq=True)}" if query else "")


def _mount_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_loader = ChoiceLoader([FileSystemLoader(HERE / "templates")])


def _mount_languages(app: Flask, further: Iterable[Path]) -> None:
    folders = [HERE / "translations", *further]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(folder) for folder in folders)
    Babel(  # type: ignore[no-untyped-call]
        app,
        default_locale=DEFAULT_LANGUAGE,
        default_timezone="UTC",
        locale_selector=preferences.choose_language,
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # of its extension
        gettext=lambda text: _translations().ugettext(text),
        ngettext=lambda one, many, count: _translations().ungettext(one, many, count),
        newstyle=True,
        pgettext=lambda context, text: _translations().upgettext(context, text),
    )


def _translations() -> Any:
    """Looked up once a request: Babel does it for each word, which was a seventh of a page."""
    found = g.get("translations")
    if found is None:
        found = g.translations = get_translations()
    return found


def _mount_filters(app: Flask, clock: Clock) -> None:
    def relative(moment: datetime | None) -> Markup:
        return formats.relative(moment, now=clock.now())

    chosen = {name: getattr(formats, name) for name in _TEXT_FILTERS} | {"relative": relative}
    app.jinja_env.filters.update({name: _unfolded(made) for name, made in chosen.items()})


def _unfolded(made: Callable[..., str]) -> Callable[..., str]:
    """Take the context, so that Jinja does not word a constant once for all languages."""

    @pass_context
    @wraps(made)
    def in_context(_context: Context, *values: Any, **options: Any) -> str:
        return made(*values, **options)

    return in_context


def _chrome() -> dict[str, object]:
    language = formats.language()
    return {
        "language": language,
        "direction": direction_of(language),
        "languages": LANGUAGES,
        "theme": preferences.choose_theme(),
        "here": preferences.here(),
    }


def _shared_pages(area: str | None) -> Blueprint:
    blueprint = Blueprint("ui_pages", __name__)
    blueprint.add_url_rule("/", "landing", _landing)
    blueprint.add_url_rule("/kit", "kit", _kit)
    if area is not None:
        blueprint.add_url_rule(f"/api/{area}/docs", "api_docs", _api_docs)
    return blueprint


def _kit() -> str:
    return render_template(
        "ui/kit.html",
        example_instant=datetime(2026, 11, 22, 14, 5, tzinfo=UTC),
        example_deadline=datetime.now(UTC) + timedelta(seconds=161),
    )


def _api_docs() -> str:
    """The area's API, to be read and tried."""
    return render_template("ui/api_docs.html", title=current_app.config["API_TITLE"])


def _landing() -> str:
    # Whoever serves it: nobody is signed in here, since no role's cookie is sent to this path.
    return render_template("ui/landing.html", nav_items=[], purse=None)


def _close_what_is_not_sent(response: Response) -> Response:
    """Of a file that the browser has already, or asks the size of, nothing is read or closed."""
    if response.status_code == HTTPStatus.NOT_MODIFIED or request.method == "HEAD":
        response.close()
    return response


def _protect(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
