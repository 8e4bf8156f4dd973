"""What the OpenAPI document says of refusals, of who may call, and of the key of a call."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from apispec import APISpec
from crowdloom.chassis.http.problems import PROBLEM_JSON, ProblemSchema
from flask_smorest import Blueprint

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

REQUESTER: list[dict[str, list[str]]] = [{"requester": []}]
WORKER: list[dict[str, list[str]]] = [{"worker": []}]
# What each route of staff refuses.
SEEN = {401: "not_signed_in", 403: "not_allowed"}
STAFF: list[dict[str, list[str]]] = [{"staff": []}]
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "A fresh random value for each new call, the same one to repeat it",
}
_ISSUERS = {"requester": "task-service", "worker": "worker-service", "staff": "payment-service"}


def refusals(blueprint: Blueprint, codes: Mapping[int, str]) -> Callable[[ViewT], ViewT]:
    """Document refusals: the codes, separated by commas, under each status."""

    def decorate(view: ViewT) -> ViewT:
        for status, code in codes.items():
            view = blueprint.alt_response(
                status, schema=ProblemSchema, content_type=PROBLEM_JSON, description=code
            )(view)
        return view

    return decorate


def add_security_schemes(spec: APISpec) -> None:
    for role, issuer in _ISSUERS.items():
        spec.components.security_scheme(
            role,
            {
                "type": "http",
                "scheme": "bearer",
                "description": f"The token of a session at {issuer}",
            },
        )
