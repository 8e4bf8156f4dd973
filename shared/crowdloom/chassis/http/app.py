"""The Flask application every service starts from."""

import json
import re
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from flask import Flask, Request, Response, current_app, g, request
from flask_smorest import Api, Blueprint
from marshmallow import Schema
from prometheus_client import Histogram
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from crowdloom.chassis.context import caused_by
from crowdloom.chassis.http.auth import ApiKeys, Records, install_auth, refuse_cross_site
from crowdloom.chassis.http.headers import add_security_headers
from crowdloom.chassis.http.health import Check, health_blueprint
from crowdloom.chassis.http.operations import operations_blueprint
from crowdloom.chassis.http.problems import (
    PROBLEM_JSON,
    ProblemSchema,
    register_problem_handlers,
)
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.operations import Operations
from crowdloom.chassis.tokens import Sessions
from crowdloom.contracts import Cause

log = structlog.get_logger(__name__)

REQUEST_SECONDS = Histogram(
    "crowdloom_request_seconds", "Time to answer a request", ["area", "endpoint", "status"]
)
REQUEST_BYTES_MAX = 60_000_000
REQUEST_ID = "X-Request-Id"
_REQUEST_ID_CHARACTERS_MAX = 100


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest, with our problem+json instead of its own error format."""

    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        """Have the document describe refusals as what they are."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_JSON
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def _register_error_handlers(self) -> None:
        """Errors are answered by crowdloom.chassis.http.problems."""


def create_app(
    import_name: str,
    *,
    area: str,
    title: str,
    sessions: Sessions,
    idempotency: IdempotencyStore,
    checks: Mapping[str, Check],
    secure_cookies: bool,
    api_keys: ApiKeys | None = None,
    operations: Operations | None = None,
    records: Records | None = None,
    pass_lifetime: timedelta = timedelta(hours=1),
) -> tuple[Flask, ProblemApi]:
    """Make a service's application: problems, auth, headers, health and its OpenAPI.

    The API is documented at `/api/<area>/openapi.json`. Pages come by `crowdloom.ui.register`,
    which the service's entry point calls on the application it gets from here; so does the
    template of the operator's panel that comes with `operations`.
    """
    app = Flask(import_name, static_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=REQUEST_BYTES_MAX,
        CROWDLOOM_AREA=area,
        CROWDLOOM_SECURE_COOKIES=secure_cookies,
        API_TITLE=title,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=f"/api/{area}",
        OPENAPI_JSON_PATH="openapi.json",
        JSON_SORT_KEYS=False,
    )
    install_auth(app, sessions, api_keys, records=records, pass_lifetime=pass_lifetime)
    app.extensions["crowdloom_idempotency"] = idempotency
    app.before_request(_begin)
    app.before_request(refuse_cross_site)
    app.after_request(_end)
    app.teardown_request(_leave)
    add_security_headers(app)
    register_problem_handlers(app)
    app.register_blueprint(health_blueprint(area, checks, operations))
    if operations is not None:
        app.register_blueprint(operations_blueprint(area, operations, checks))
    return app, ProblemApi(app)


# Half of a pair of UTF-16 may be there: what is left where a program cuts an emoji in two.
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")


class _BoundedParser(FlaskParser):
    """Answers JSON that nothing can be done with as what it is: bad input, not a bug of ours."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        try:
            loaded = super().load_json(req, schema)
            if req.is_json and _HALVES.search(req.get_data()):
                json.dumps(loaded, ensure_ascii=False).encode()
        except RecursionError:
            raise BadRequest("The JSON is nested too deep") from None
        except UnicodeEncodeError:
            raise BadRequest("A text in the JSON has half of a character") from None
        except ValueError:
            raise BadRequest("A number in the JSON is too long") from None
        return loaded


class _ApiBlueprint(Blueprint):  # type: ignore[misc]
    ARGUMENTS_PARSER = _BoundedParser()

    def arguments(self, schema: Schema | type[Schema], **options: Any) -> Any:
        """One schema for all requests: making one costs more than reading a body with it."""
        made = schema() if isinstance(schema, type) else schema
        return super().arguments(made, **options)


def api_blueprint(name: str, *, area: str, description: str) -> Blueprint:
    """A flask-smorest blueprint under `/api/<area>/v1`."""
    return _ApiBlueprint(name, name, url_prefix=f"/api/{area}/v1", description=description)


def _begin() -> None:
    sent = request.headers.get(REQUEST_ID, "")
    acceptable = sent.isprintable() and 0 < len(sent) <= _REQUEST_ID_CHARACTERS_MAX
    g.request_id = sent if acceptable else uuid.uuid4().hex
    g.began = time.perf_counter()
    cause = Cause(
        correlation_id=g.request_id, traceparent=request.headers.get("traceparent") or None
    )
    g.context = caused_by(cause)
    g.context.__enter__()


def _end(response: Response) -> Response:
    response.headers[REQUEST_ID] = g.request_id
    seconds = time.perf_counter() - g.began
    area, endpoint = current_app.config["CROWDLOOM_AREA"], request.endpoint or "none"
    REQUEST_SECONDS.labels(area, endpoint, response.status_code).observe(seconds)
    # The path without its query: queries may carry what a log must not keep.
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
    )
    return response


def _leave(_error: BaseException | None) -> None:
    context = g.pop("context", None)
    if context is not None:
        context.__exit__(None, None, None)
