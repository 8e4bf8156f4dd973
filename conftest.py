"""Fixtures that every test may use: real engines' protocol instead of mocks."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pymongo import MongoClient
from pymongo.errors import PyMongoError

ROOT = Path(__file__).parent
JOURNEYS = Path("tests/journeys")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START_SECONDS_MAX = 30
# Its settings file has a name for this, which its command line does not pass on.
_WITHOUT_SWEEPER = """
from secantus import cli, server
server.SecantusDBServer.__init__.__kwdefaults__["ttl_sweep_seconds"] = 0.0
raise SystemExit(cli.main())
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, and all journeys: they share a market."""
    for item in items:
        file = item.path.relative_to(ROOT)
        group = file.parent if file.parent == JOURNEYS else file
        item.add_marker(pytest.mark.xdist_group(group.as_posix()))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def mongodb_uri() -> Iterator[str]:
    """An embedded MongoDB-protocol server in memory, one for the whole test run (per process).

    It forgets nothing by itself. Tests have a clock of their own, which stands: what is old by the
    server's would be swept away in the middle of one, once a minute.
    """
    port = free_port()
    command = [str(ROOT / ".venv-engines/bin/python"), "-c", _WITHOUT_SWEEPER, "--port", str(port)]
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


def find_chromium() -> str | None:
    named = os.environ.get("CROWDLOOM_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the whole run; each test opens a context of its own. Skipped, with
    the reason, where there is none.
    """
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium found (looked for {', '.join(CHROMIUM_NAMES)})")
    # Chromium refuses its own sandbox to root, which is who CI runs as.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[*sandbox, "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


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
