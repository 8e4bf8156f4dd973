"""The web server of production, whose threads stay with a connection that goes on."""

import http.client
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing

import pytest

APP = """
import threading
import time
from flask import Flask, request

app = Flask("told")

@app.post("/thread")
def thread():
    return f"{threading.get_ident()} {request.get_data(as_text=True)}"
"""
THREADS = 2


@pytest.fixture
def port(serve: Callable[..., int]) -> int:
    return serve(APP, threads=THREADS)


def _asked(connection: http.client.HTTPConnection, text: str) -> str:
    connection.request("POST", "/thread", text)
    return connection.getresponse().read().decode()


def test_more_connections_than_threads_are_all_answered_in_turn(port: int) -> None:
    with ExitStack() as stack:
        kept = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(9)]
        for connection in kept:
            stack.callback(connection.close)
        for turn in range(3):
            said = [_asked(connection, f"{turn}.{n}") for n, connection in enumerate(kept)]
            assert [one.split()[1] for one in said] == [f"{turn}.{n}" for n in range(len(kept))]


def test_what_was_sent_at_once_is_answered_by_one_thread_one_after_the_other(port: int) -> None:
    text = "POST /thread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall("".join(f"{text}{n}" for n in range(5)).encode())
        connection.shutdown(socket.SHUT_WR)
        came = connection.makefile("rb").read().decode()
    bodies = [part.split("\r\n\r\n")[1] for part in came.split("HTTP/1.1 200 OK")[1:]]
    assert [body.split()[1] for body in bodies] == list("01234")
    assert len({body.split()[0] for body in bodies}) == 1


def test_a_connection_that_is_closed_gives_its_thread_back(port: int) -> None:
    for n in range(5 * THREADS):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            assert _asked(connection, str(n)).endswith(f" {n}")
