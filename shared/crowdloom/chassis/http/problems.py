"""RFC 9457 problem details: one shape for every refusal, with a code that stays."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import structlog
from flask import Flask, Response, g, json, request
from marshmallow import Schema, fields
from pymongo.errors import ConnectionFailure
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from crowdloom.kernel import DomainError, TransientError

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"


class ProblemSchema(Schema):
    """RFC 9457, for the OpenAPI document. `code` is stable; further members name what is wrong."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    errors = fields.Dict(metadata={"description": "Sentences for each field that is wrong"})


_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
}


def problem(
    status: int, code: str, detail: str, *, facts: Mapping[str, Any] | None = None
) -> Response:
    """Build a problem+json answer. `facts` become members beside the standard ones, whose names
    they cannot take.
    """
    document = {
        **(facts or {}),
        "type": f"https://crowdloom.example/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    body = json.dumps(document, default=str)
    return Response(body, status=status, mimetype=PROBLEM_JSON)


def register_problem_handlers(app: Flask) -> None:
    """Answer every error as problem+json; crowdloom.ui shows it as a page to a browser."""

    @app.errorhandler(DomainError)
    def domain_error(error: DomainError) -> Response:
        g.refusal = error  # a page says it in its reader's language
        return _answer(error.status, error.code, error.sentence, error.facts)

    @app.errorhandler(TransientError)
    @app.errorhandler(ConnectionFailure)  # of a read beside any transaction
    def transient_error(error: TransientError | ConnectionFailure) -> Response:
        log.warning("engine_unavailable", error=str(error))
        answer = _answer(503, "try_again", "We could not reach our database. Try again shortly.")
        answer.headers["Retry-After"] = "1"
        return answer

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if error.response is not None:
            return cast("Response", error.response)
        status = error.code or 500
        data: Mapping[str, Any] = getattr(error, "data", None) or {}
        facts = {"errors": data["messages"]} if "messages" in data else {}
        detail = "Some values cannot be taken: `errors` names each" if facts else error.description
        answer = _answer(status, _CODES.get(status, "error"), detail or "", facts)
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            answer.headers["Allow"] = ", ".join(error.valid_methods)
        return answer

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        log.error("unhandled_exception", path=request.path, exc_info=error)
        return _answer(500, "internal_error", "Something broke on our side. It has been recorded.")


def wants_page() -> bool:
    """Whether a browser asked for a page: APIs and fetches get problem+json."""
    if request.path.startswith("/api/"):
        return False
    best = request.accept_mimetypes.best_match(["application/json", PROBLEM_JSON, "text/html"])
    return best == "text/html"


def _answer(
    status: int, code: str, detail: str, facts: Mapping[str, Any] | None = None
) -> Response:
    return problem(status, code, detail, facts=facts)
