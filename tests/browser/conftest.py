"""Chromium for the tests that look at pages as people do; skipped, with the reason, without one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from crowdloom.testkit.services import module_beside
from flask import Flask
from pymongo import MongoClient
from werkzeug.serving import make_server


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Flask], str]]:
    """Serve an app on a free loopback port until the end of the run; returns its origin."""
    with ExitStack() as stack:

        def started(app: Flask) -> str:
            server = make_server("127.0.0.1", 0, app, threaded=True)
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            stack.callback(server.server_close)
            stack.callback(thread.join, 10)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.port}"

        yield started


@pytest.fixture(scope="session")
def workplace(mongodb_uri: str, serve: Callable[[Flask], str]) -> Iterator[Any]:
    """workplace.py: task-service and worker-service on one origin, and tickets without a market."""
    with MongoClient(mongodb_uri, tz_aware=True) as client:
        made = module_beside(__file__, "workplace").make_workplace(client)
        made.origin = serve(made.app)
        yield made


@pytest.fixture(scope="module")
def desk(mongodb_uri: str, serve: Callable[[Flask], str]) -> Iterator[Any]:
    """requester_desk.py: task-service by itself, with a requester."""
    made = module_beside(__file__, "requester_desk").make_desk(mongodb_uri)
    made.origin = serve(made.app)
    yield made
    made.application.database.client.close()
