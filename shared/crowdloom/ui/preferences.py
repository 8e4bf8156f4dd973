"""Language and theme: chosen once, kept in two cookies that every area of the origin reads."""

from itertools import accumulate
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, Response, current_app, redirect, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from crowdloom.ui.languages import DEFAULT_LANGUAGE, LANGUAGES

LANGUAGE_COOKIE = "cl_lang"
THEME_COOKIE = "cl_theme"
THEMES = ("auto", "light", "dark")
_YEAR_SECONDS = 31_536_000

blueprint = Blueprint("ui_preferences", __name__)


def choose_language() -> str:
    """`?lang=`, then the cookie, then what the browser accepts, then English."""
    asked = request.args.get("lang", "")
    kept = request.cookies.get(LANGUAGE_COOKIE, "")
    for candidate in (asked, kept):
        if candidate in LANGUAGES:
            return candidate
    return request.accept_languages.best_match(list(LANGUAGES)) or DEFAULT_LANGUAGE


def choose_theme() -> str:
    kept = request.cookies.get(THEME_COOKIE, "")
    return kept if kept in THEMES else "auto"


def local_path(address: str | None) -> str:
    """A path on this origin, without `lang`; `/` for anything that could lead elsewhere."""
    if not address:
        return "/"
    parts = urlsplit(address.replace("\\", "/"))
    foreign = parts.netloc and parts.netloc != request.host
    if foreign or not parts.path.startswith("/") or parts.path.startswith("//"):
        return "/"
    if any(ord(character) < ord(" ") for character in address):
        return "/"
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "lang"]
    return parts.path + (f"?{urlencode(query)}" if query else "")


def here() -> str:
    """Where to return to after a choice: this page, or the one it was reached from."""
    if request.method in {"GET", "HEAD"}:
        return local_path(request.full_path)
    came_from = local_path(request.referrer)
    if request.referrer and _opens(urlsplit(came_from).path) is not False:
        return came_from
    # A form that was sent back once, and sent again: its page stands where only forms are taken.
    above = accumulate(request.path.split("/")[1:], "{}/{}".format, initial="")
    return next((path for path in reversed(list(above)) if path and _opens(path)), "/")


def _opens(path: str) -> bool | None:
    """Whether this service shows something at the path; None where it knows no such path."""
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except MethodNotAllowed:
        return False
    except NotFound:
        return None
    except RequestRedirect:
        return True
    return True


@blueprint.post("/preferences")
def keep_preferences() -> BaseResponse:
    response = redirect(local_path(request.form.get("next") or request.referrer), 303)
    language, theme = request.form.get("lang", ""), request.form.get("theme", "")
    if language in LANGUAGES:
        _keep(response, LANGUAGE_COOKIE, language)
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    return response


def remember_asked_language(response: Response) -> Response:
    """A link with `?lang=fa` sets the language for the pages after it too."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES and request.cookies.get(LANGUAGE_COOKIE) != asked:
        _keep(response, LANGUAGE_COOKIE, asked)
    if response.mimetype == "text/html":
        response.vary.update(["Accept-Language", "Cookie"])
    return response


def _keep(response: BaseResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
