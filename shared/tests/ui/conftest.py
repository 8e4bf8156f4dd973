from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crowdloom import ui
from flask import Flask, Response, json, redirect, render_template_string
from flask.testing import FlaskClient

NOW = datetime(2026, 11, 22, 14, 5, tzinfo=UTC)

PAGE = """
{% extends "ui/base.html" %}{% import "ui/components.html" as ui %}
{% block heading %}Queue{% endblock %}{% block content %}BODY{% endblock %}
"""


class StandingClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An application as a service makes it, with one page, one refusal and one redirect."""
    made = Flask(__name__)
    made.config.update(CROWDLOOM_AREA="workers", API_TITLE="Crowdloom workers")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "own.js").write_text("// own")
    ui.register(
        made,
        service="worker-service",
        prefix="/work",
        pages=tmp_path,
        bar=bar,
        clock=StandingClock(),
    )

    @made.get("/work/queue")
    def queue() -> str:
        return render_template_string(PAGE.replace("BODY", ""))

    @made.get("/work/sub/page")
    def below() -> str:
        return render_template_string(PAGE.replace("BODY", '{{ own_asset("own.js") }}'))

    @made.get("/api/workers/v1/nothing", endpoint="api_nothing")
    @made.get("/work/nothing")
    def nothing() -> Response:
        problem = {"status": 404, "code": "not_found", "detail": "No <such> batch"}
        return Response(json.dumps(problem), 404, mimetype="application/problem+json")

    @made.post("/match/claims")
    def claim() -> Response:
        ui.say("good", "Claimed", "One task is <yours>.")
        return redirect("/work/queue", 303)  # type: ignore[return-value]

    return made


def bar() -> ui.Bar:
    return ui.Bar(
        items=[("Queue", "/work/queue"), ("Below", "/work/sub"), ("Work", "/work")],
        purse=ui.Purse("/pay/earnings", "Earnings", "/pay/fragments/purse"),
        sign_out="/work/sign-out",
        home="/work/queue",
    )


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def render(app: Flask) -> Callable[..., str]:
    """Render a template of macros in a request of a reader of `lang`."""

    def rendered(source: str, lang: str = "en", path: str = "/work/queue", **values: object) -> str:
        full = '{% import "ui/components.html" as ui %}' + source
        with app.test_request_context(path, headers={"Accept-Language": lang}):
            return render_template_string(full, **values)

    return rendered
