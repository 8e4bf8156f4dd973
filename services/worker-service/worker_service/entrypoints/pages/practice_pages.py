"""Practice: three items with the right answer at once, open to anybody, kept nowhere.

That somebody has practised, or skipped it, is remembered by the browser alone.
"""

from collections.abc import Sequence
from typing import Any

from crowdloom.chassis.http.auth import authenticate
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId
from crowdloom.ui.formats import language as reader_language
from flask import Blueprint, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from worker_service.bootstrap import Application
from worker_service.domain.practice import PracticeItem
from worker_service.entrypoints.pages import shell

PAGE = "/work/practice"
_DONE_COOKIE = "cl_practised"
_REMEMBERED_SECONDS = 365 * 86_400
_ANSWER_CHARACTERS_MAX = 200


def practice_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("practice_pages", __name__)
    items = application.practice_items

    @blueprint.app_template_global("practice_offered")
    def offered() -> bool:
        if _DONE_COOKIE in request.cookies:
            return False
        # Whoever has had work decided knows how it goes, on a new device as well.
        return not shell.signed_in() or not _has_worked(application)

    @blueprint.get(PAGE)
    def begin() -> BaseResponse:
        return redirect(f"{PAGE}/1", 303)

    @blueprint.get(f"{PAGE}/<int:number>")
    def item(number: int) -> str:
        return _page(items, number)

    @blueprint.post(f"{PAGE}/<int:number>")
    def answer(number: int) -> Any:
        given = request.form.get("answer", "")[:_ANSWER_CHARACTERS_MAX]
        response = make_response(_page(items, number, given=given))
        if not given.strip():
            response.status_code = 422
        elif number == len(items):
            _remember(response)
        return response

    @blueprint.post(f"{PAGE}/skip")
    def skip() -> BaseResponse:
        following = shell.QUEUE_PAGE if shell.signed_in() else shell.START_PAGE
        response = redirect(following, 303)
        _remember(response)
        return response

    return blueprint


def _has_worked(application: Application) -> bool:
    worker_id = WorkerId(authenticate(("worker",)).subject)
    return application.qualify.record(worker_id).decided_count > 0


def _page(items: Sequence[PracticeItem], number: int, *, given: str | None = None) -> str:
    """Raises NotFound. `given` is an answer to be judged, an empty one to be asked for again."""
    if not 1 <= number <= len(items):
        raise NotFound("There is no such practice item", number=number)
    words = items[number - 1].in_language(reader_language())
    right = None
    if given and given.strip():
        right = words.is_right([("answer", given)])
    return render_template(
        "work/practice.html",
        words=words,
        number=number,
        count=len(items),
        given=given or "",
        missing=given is not None and not given.strip(),
        right=right,
        signed_in=shell.signed_in(),
    )


def _remember(response: BaseResponse) -> None:
    response.set_cookie(
        _DONE_COOKIE,
        "1",
        path="/work",
        max_age=_REMEMBERED_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
    )
