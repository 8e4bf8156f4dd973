"""The guides' snippets, each run as it stands and in the order in which a reader meets it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from crowdloom.client import Requester
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
SECONDS_MAX = 180


def snippets(guide: str, language: str) -> list[str]:
    text = (GUIDES / guide).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert {word for word, _ in found} == {language}, "a snippet in a language nobody runs"
    return [body for _, body in found]


@pytest.fixture
def environment(market: Market, tmp_path: Path) -> dict[str, str]:
    """A reader's: `crowdloom` is on the path, and an account is there."""
    command = tmp_path / "bin" / "crowdloom"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m crowdloom.client.cli "$@"\n')
    command.chmod(0o755)
    email = f"guide-{tmp_path.name}@example.org".replace("_", "-")
    requester = Requester.sign_up(market.url, email=email, password=PASSWORD, name="Reader")
    key = requester.api.post("/api/tasks/v1/api-keys", {"name": "guide"})["secret"]
    return {
        **os.environ,
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "CROWDLOOM_URL": market.url,
        "CROWDLOOM_PASSWORD": PASSWORD,
        "EMAIL": email,
        "GUIDE_KEY": key,
    }


def run(command: list[str], environment: dict[str, str], folder: Path) -> None:
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_requesters_guide_does_what_it_says(
    environment: dict[str, str], tmp_path: Path
) -> None:
    script = "\n".join(["set -eu", *snippets("requester.md", "sh")])
    run(["bash", "-c", script], environment, tmp_path)


def test_the_developers_guide_does_what_it_says(
    environment: dict[str, str], tmp_path: Path
) -> None:
    script = "\n".join(snippets("developer.md", "python"))
    environment["CROWDLOOM_API_KEY"] = environment["GUIDE_KEY"]
    run([sys.executable, "-c", script], environment, tmp_path)
