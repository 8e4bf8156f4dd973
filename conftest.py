"""Fixtures that every test may use: real engines' protocol instead of mocks."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from pymongo import MongoClient
from pymongo.errors import PyMongoError
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling, Scheduling

ROOT = Path(__file__).parent
TOGETHER = ("tests/browser/", "tests/journeys/")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_START_SECONDS_MAX = 30
# Its settings file has a name for this, which its command line does not pass on.
_WITHOUT_SWEEPER = """
from secantus import cli, server
server.SecantusDBServer.__init__.__kwdefaults__["ttl_sweep_seconds"] = 0.0
raise SystemExit(cli.main())
"""


class TogetherScheduling(LoadFileScheduling):
    """The tests of a file stay in one process. So do all journeys, which share a market, and all
    that drive a browser: several browsers on two cores hold one another up.
    """

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A busy machine may lose a key or a click on its way to a frame of another process, so a
    browser's tests have a second try. The summary names each that took it: it is looked into.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return TogetherScheduling(config, log)


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
    # What is waited for comes or does not: five seconds, as it is set, are few on a busy machine.
    expect.set_options(timeout=30_000)
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
