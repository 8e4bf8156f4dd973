"""Two people in front of a browser, for the tests of pages."""

import io
import itertools
import re
from dataclasses import dataclass
from typing import Any

import pytest
from crowdloom.contracts import Cause, Envelope, Event
from flask import Flask
from flask.testing import FlaskClient
from task_service.bootstrap import Application

_keys = itertools.count(1)


@dataclass
class Browser:
    """Asks for pages and sends forms, as a browser without JavaScript does."""

    client: FlaskClient

    def read(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        text: str = answer.text
        return text

    def send(self, path: str, *, key: str | None = None, **fields: Any) -> Any:
        """A form with a key of its own; a field of bytes is sent as a file."""
        data = {
            name: (io.BytesIO(value), f"{name}.csv") if isinstance(value, bytes) else value
            for name, value in fields.items()
        }
        data["idempotency_key"] = key or f"form-{next(_keys)}"
        with_file = any(isinstance(value, tuple) for value in data.values())
        kind = "multipart/form-data" if with_file else "application/x-www-form-urlencoded"
        return self.client.post(path, data=data, content_type=kind)

    def sent(self, path: str, status: int, **fields: Any) -> str:
        answer = self.send(path, **fields)
        assert answer.status_code == status, answer.text
        text: str = answer.text
        return text

    def follow(self, path: str, **fields: Any) -> str:
        """Send a form and read the page it leads to."""
        answer = self.send(path, **fields)
        assert answer.status_code == 303, answer.text
        return self.read(answer.location.partition("#")[0])


def _browser(web: Flask, requester: Any | None = None) -> Browser:
    client = web.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    if requester is not None:
        client.set_cookie("cl_requester", requester.token, path="/requester")
    return Browser(client)


@pytest.fixture
def visitor(web: Flask) -> Browser:
    return _browser(web)


@pytest.fixture
def browser(web: Flask, requester: Any) -> Browser:
    """The requester's."""
    return _browser(web, requester)


@pytest.fixture
def other_browser(web: Flask, stranger: Any) -> Browser:
    """That of another requester."""
    return _browser(web, stranger)


@pytest.fixture
def words() -> Any:
    """The text of a page without its tags, in one line."""

    def read(page: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    return read


@pytest.fixture
def tell(application: Application) -> Any:
    """Hand an event of the service's own to what notes its webhooks' messages."""

    def told(event: Event) -> None:
        envelope = Envelope(
            event_id=f"evt_{next(_keys):026d}",
            occurred_at=application.clock.now(),
            key="key",
            cause=Cause("test"),
            event=event,
        )
        application.store.run(lambda session: application.tell_webhooks(envelope, session))

    return told
