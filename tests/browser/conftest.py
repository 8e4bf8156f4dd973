"""Chromium for the tests that look at pages as people do; skipped, with the reason, without one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from crowdloom.testkit.frames import task_frame
from crowdloom.testkit.services import module_beside
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Frame, Page
from pymongo import MongoClient
from werkzeug.serving import make_server

_FIELD = '<label>Your answer <input name="a" required></label>'


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


@pytest.fixture(scope="module")
def context(chromium: Browser, workplace: Any) -> Iterator[BrowserContext]:
    """The browser of somebody who has signed up as a worker."""
    opened = chromium.new_context()
    workplace.sign_up(opened)
    yield opened
    opened.close()


@pytest.fixture
def open_item(context: BrowserContext, workplace: Any) -> Iterator[Any]:
    """Open a template's workspace; returns its page, its frame and the item."""
    opened: list[Page] = []

    def one(template: str = _FIELD, **terms: Any) -> tuple[Page, Frame, Any]:
        item = workplace.item(template, **terms)
        page = workplace.open(context, item)
        opened.append(page)
        page.locator("[data-next-at-once]").uncheck()
        return page, task_frame(page), item

    yield one
    context.set_offline(offline=False)
    for page in opened:
        page.close()
