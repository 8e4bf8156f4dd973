"""Everything that an OpenAPI document allows, and much that it forbids: no service may break of it.

Schemathesis makes the calls, the same ones each time; CROWDLOOM_EXAMPLES is how many an operation.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

METHODS = ("get", "post", "put", "patch", "delete")


def send_everything(
    web: Flask,
    area: str,
    *,
    people: Sequence[Mapping[str, str]],
    ids: Mapping[str, str],
    examples: int = 3,
) -> list[tuple[str, str]]:
    """Call each operation as one of `people`, by their headers; half of the calls name something of
    `ids`, so that more than a 404 is reached. Returns what was tried; any 5xx is an AssertionError.
    """
    examples = int(os.environ.get("CROWDLOOM_EXAMPLES", examples))
    schema = schemathesis.openapi.from_wsgi(f"/api/{area}/openapi.json", web)
    document: Any = web.test_client().get(f"/api/{area}/openapi.json").json
    tried = []
    was_testing, web.testing = web.testing, False  # a bug is answered, as it is to everybody
    try:
        for path, method in _operations(document):
            _try(schema[path][method], people=people, ids=ids, examples=examples)
            tried.append((path, method))
    finally:
        web.testing = was_testing
    return tried


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method.upper()


def _cases(operation: Any) -> Iterator[Any]:
    """What the document allows, and what it forbids."""
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def _try(
    operation: Any, *, people: Sequence[Mapping[str, str]], ids: Mapping[str, str], examples: int
) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis_given(
        case=st.one_of(*_cases(operation)), real=st.booleans(), person=st.sampled_from(people)
    )
    def attempt(case: Any, *, real: bool, person: Mapping[str, str]) -> None:
        for name in (case.path_parameters or {}).keys() & ids.keys() if real else ():
            case.path_parameters[name] = ids[name]
        case.call_and_validate(headers=dict(person), checks=[not_a_server_error])

    attempt()
