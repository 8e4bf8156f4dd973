"""A browser without a screen: the pages' client, signed in by cookie."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient


@pytest.fixture
def browsing(web: Flask, calling: Callable[..., Any]) -> Callable[..., FlaskClient]:
    """`browsing("worker", "wrk_1")`: somebody's browser; without a role, a visitor's."""

    def as_one(role: str = "", subject: str = "", *grants: str) -> FlaskClient:
        client = web.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        if role:
            client.set_cookie(f"cl_{role}", calling(role, subject, *grants).token)
        return client

    return as_one
