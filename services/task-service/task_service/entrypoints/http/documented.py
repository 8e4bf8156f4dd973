"""What the OpenAPI document says of refusals and of who may call."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from apispec import APISpec
from crowdloom.chassis.http.problems import PROBLEM_JSON, ProblemSchema
from flask_smorest import Blueprint

ViewT = TypeVar("ViewT", bound=Callable[..., Any])

SIGNED_IN: list[dict[str, list[str]]] = [{"requester": []}]
WITH_TICKET: list[dict[str, list[str]]] = [{"ticket": []}]
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "A fresh random value for each new call, the same one to repeat it",
}
OF_READING = {401: "not_signed_in", 404: "not_found"}
"""Refusals of looking at something of one's own."""
OF_CHANGING = {400: "idempotency_key_missing", **OF_READING}
"""Refusals of a call that takes effect once."""


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
    spec.components.security_scheme(
        "requester",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "A session's token, or an API key (`ck_...`)",
        },
    )
    spec.components.security_scheme(
        "ticket",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The ticket that came with the claim; good for its assignment alone",
        },
    )
