"""A secret between the form that makes it and the page that shows it once."""

from flask import Response, after_this_request, current_app, make_response, request

_SECONDS = 300


def hand_over(secret: str, *, cookie: str, path: str) -> None:
    """The secret waits in a cookie of this one page until it is shown. It is added after the view,
    so that the answer that is kept for repetitions does not hold it.
    """

    @after_this_request
    def keep(response: Response) -> Response:
        response.set_cookie(
            cookie,
            secret,
            path=path,
            max_age=_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=bool(current_app.config["CROWDLOOM_SECURE_COOKIES"]),
        )
        return response


def handed(cookie: str) -> str:
    """What was handed over, or nothing."""
    return request.cookies.get(cookie, "")


def shown_once(page: str, *, cookie: str, path: str) -> Response:
    """The page that shows it, which takes the cookie away."""
    response = make_response(page)
    if handed(cookie):
        response.delete_cookie(cookie, path=path)
    return response
