"""Problem documents as pages, for a reader with a browser.

The chassis answers every error with RFC 9457 problem+json. When the request came from a browser
and not for an API path, the same facts are shown as a page that says what happened and what to do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response, g, make_response, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, default_exceptions

from crowdloom.ui.refusals import in_readers_language

PROBLEM_TYPE = "application/problem+json"
_API_PREFIXES = ("/api/", "/webhooks/", "/mturk/")
_SERVER_ERROR = 500
_UNAUTHORIZED = 401


@dataclass(frozen=True)
class Explanation:
    """What happened, and what the reader can do now."""

    title: str
    sentence: str


@dataclass(frozen=True)
class Unsent:
    """A form that came after its session was over: it can be sent again once signed in.

    `with_file` says that a file was with it, which the browser does not hand out again.
    """

    sign_in_page: str
    address: str
    fields: list[tuple[str, str]]
    with_file: bool


def explain(status: int) -> Explanation:
    """Words for a status, in the reader's language."""
    known = {
        400: (
            gettext("That could not be read"),
            gettext("Something in the request is not as expected. Go back and try once more."),
        ),
        401: (
            gettext("Please sign in"),
            gettext("This page is for people who are signed in. Sign in and come back."),
        ),
        403: (
            gettext("This is not yours to open"),
            gettext("You are signed in, but this belongs to somebody else or to another role."),
        ),
        404: (
            gettext("There is nothing here"),
            gettext("The address may be mistyped, or what it named is gone."),
        ),
        405: (
            gettext("That cannot be done here"),
            gettext("The page was reached in a way it does not know. Go back and use its button."),
        ),
        409: (
            gettext("It has changed in the meantime"),
            gettext("Somebody or something was faster. Load the page again to see how it stands."),
        ),
        410: (
            gettext("This is over"),
            gettext("The time for it has passed. Nothing more can be done with it."),
        ),
        413: (
            gettext("That is too large"),
            gettext("The file or text is over the limit. Split it and send the parts."),
        ),
        422: (
            gettext("That was not accepted"),
            gettext("Nothing was changed. Go back, mend what is named below and send it again."),
        ),
        429: (
            gettext("Too many tries"),
            gettext("Wait a minute, then try once more."),
        ),
        503: (
            gettext("Not available just now"),
            gettext("A part of Crowdloom is starting or away. Try again in a moment."),
        ),
    }
    title, sentence = known.get(status, (None, None))
    if title is None or sentence is None:
        return _unknown(status)
    return Explanation(title, sentence)


def _unknown(status: int) -> Explanation:
    if status >= _SERVER_ERROR:
        return Explanation(
            gettext("Something broke on our side"),
            gettext("What you had saved is kept. Try again; if it stays, say the number below."),
        )
    return Explanation(
        gettext("That did not work"), gettext("Nothing was changed. Go back and try once more.")
    )


def error_page(status: int, *, detail: str = "", code: str = "", reference: str = "") -> Response:
    """The page for an error; a fragment with the same words where htmx asked."""
    template = "ui/error_fragment.html" if "HX-Request" in request.headers else "ui/error.html"
    page = render_template(
        template,
        status=status,
        explanation=explain(status),
        detail=detail,
        code=code,
        reference=reference,
        unsent=_unsent() if status == _UNAUTHORIZED else None,
    )
    return make_response(page, status)


def _unsent() -> Unsent | None:
    sign_in_page = g.get("sign_in_page")
    if not sign_in_page or request.method != "POST":
        return None
    try:
        fields = [(name, text) for name, text in request.form.items(multi=True)]
        with_file = any(file.filename for file in request.files.values())
    except HTTPException:
        return None  # larger than any form is read
    address = request.full_path.rstrip("?")
    return Unsent(sign_in_page, address, fields, with_file)


def problem_as_page(response: Response) -> Response:
    """After the request: replace a problem document by its page where a person is reading."""
    if response.mimetype != PROBLEM_TYPE or not _person_reads():
        return response
    try:
        problem = json.loads(response.get_data())
    except ValueError:
        problem = {}
    page = error_page(
        response.status_code,
        detail=_telling_detail(problem, response.status_code),
        code=str(problem.get("code") or ""),
        reference=str(g.get("request_id") or ""),
    )
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


def _telling_detail(problem: Mapping[str, object], status: int) -> str:
    """The problem's own sentence, unless the page's words for the status say it already."""
    detail = str(problem.get("detail") or "")
    usual = default_exceptions.get(status)
    if (
        status >= _SERVER_ERROR
        or problem.get("code") == "not_signed_in"
        or (usual and detail == usual.description)
    ):
        return ""
    return in_readers_language(detail) if detail else ""


def _person_reads() -> bool:
    if request.path.startswith(_API_PREFIXES):
        return False
    return any(value == "text/html" for value, _ in request.accept_mimetypes)
