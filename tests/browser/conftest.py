"""Chromium for the tests that look at pages as people do; skipped, with the reason, without one."""

import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
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
    path = Path(__file__).parent / "workplace.py"
    spec = importlib.util.spec_from_file_location("browser_workplace", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    with MongoClient(mongodb_uri, tz_aware=True) as client:
        made = module.make_workplace(client)
        made.origin = serve(made.app)
        yield made
