"""Streams on the server of production, with one thread, which none of them may hold."""

import json
import socket
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from crowdloom.chassis.http.streams import STREAMS_OF_ONE_MAX, NoStream, Streams
from crowdloom.testkit.waiting import until
from flask import Flask

APP = """
from flask import Flask
from crowdloom.chassis.http.streams import Streams

app = Flask("told")
facts = {"one": 1, "two": 2}
streams = Streams(lambda: facts, every_seconds=0.02)
app.add_url_rule("/stream", view_func=lambda: streams.response("me"))

@app.get("/set/<name>/<int:value>")
def put(name, value):
    facts[name] = value
    return "set"

@app.get("/drop/<name>")
def drop(name):
    del facts[name]
    return "dropped"
"""


@pytest.fixture
def port(serve: Callable[..., int]) -> int:
    number = serve(APP, threads=1)
    until(lambda: get(number, "/set/one/1"))
    return number


def get(port: int, path: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def listen(port: int) -> Any:
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection.makefile("rb")


def told(stream: Any) -> dict[str, int | None]:
    for line in stream:
        if line.startswith(b"data: "):
            found: dict[str, int | None] = json.loads(line.removeprefix(b"data: "))
            return found
    raise AssertionError("the stream has ended")


def test_a_stream_tells_all_then_what_changes_while_the_only_thread_answers_others(
    port: int,
) -> None:
    streams = [listen(port) for _ in range(STREAMS_OF_ONE_MAX)]
    assert streams[0].readline() == b"HTTP/1.1 200 OK\r\n"
    assert [told(stream) for stream in streams] == [{"one": 1, "two": 2}] * STREAMS_OF_ONE_MAX
    assert get(port, "/set/two/7") == "set"
    assert [told(stream) for stream in streams] == [{"two": 7}] * STREAMS_OF_ONE_MAX
    assert get(port, "/drop/one") == "dropped"
    assert told(streams[0]) == {"one": None}
    # One more of the same listener: the oldest gives way.
    assert told(listen(port)) == {"two": 7}
    assert streams[0].read().strip() == b""


def test_where_no_connection_can_be_taken_over_the_stream_is_refused() -> None:
    with Flask("no server").test_request_context(), pytest.raises(NoStream):
        Streams(dict).response("me")
