"""Fixtures that every test may use: real engines' protocol instead of mocks."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

ROOT = Path(__file__).parent
_START_SECONDS_MAX = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """An embedded MongoDB-protocol server in memory, one for the whole test run (per process)."""
    port = free_port()
    command = [ROOT / ".venv-engines/bin/secantusd-py", "--port", str(port)]
    command += ["--storage-path", ":memory:", "--log-level", "ERROR"]
    with subprocess.Popen(command) as server:
        uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        try:
            _wait_until_up(uri)
            yield uri
        finally:
            server.terminate()


@pytest.fixture
def mongo_client(mongodb_uri: str) -> Iterator["MongoClient[dict[str, object]]"]:
    client: MongoClient[dict[str, object]] = MongoClient(mongodb_uri, tz_aware=True)
    yield client
    client.close()


def _wait_until_up(uri: str) -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while True:
        client: MongoClient[dict[str, object]] = MongoClient(uri, serverSelectionTimeoutMS=500)
        try:
            client.admin.command("ping")
        except PyMongoError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        finally:
            client.close()
