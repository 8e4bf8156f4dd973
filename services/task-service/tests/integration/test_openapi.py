"""The OpenAPI document against the service: whatever it allows, and much that it does not."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

EXAMPLES_AN_OPERATION = 6
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def ids(requester: Any, open_batch: Any, hand_out: Any) -> dict[str, str]:
    batch = open_batch(requester)
    holder = hand_out(requester, batch)
    return {
        "project_id": batch["project_id"],
        "batch_id": batch["batch_id"],
        "submission_id": holder.submit().json["submission_id"],
        "assignment_id": holder.assignment_id,
    }


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method.upper()


def test_nothing_that_is_sent_breaks_the_service(
    web: Flask, requester: Any, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "testing", value=False)
    schema = schemathesis.openapi.from_wsgi("/api/tasks/openapi.json", web)
    document = web.test_client().get("/api/tasks/openapi.json").json
    tried = []
    for path, method in operations(document):
        _try(schema[path][method], requester, ids)
        tried.append((path, method))
    assert len(tried) >= 25


def _cases(operation: Any) -> Iterator[Any]:
    """What the document allows, and what it forbids."""
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def _try(operation: Any, requester: Any, ids: dict[str, str]) -> None:
    """Half of the calls name something that there is, so that more than a 404 is reached."""

    @settings(
        max_examples=EXAMPLES_AN_OPERATION,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis_given(case=st.one_of(*_cases(operation)), real=st.booleans())
    def attempt(case: Any, *, real: bool) -> None:
        for name in (case.path_parameters or {}).keys() & ids.keys() if real else ():
            case.path_parameters[name] = ids[name]
        case.call_and_validate(headers=requester.headers, checks=[not_a_server_error])

    attempt()
