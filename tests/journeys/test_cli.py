"""The commands of `crowdloom` against a whole market, as a person or a script types them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from crowdloom.client import Requester
from crowdloom.client.cli.app import main
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
Run = Callable[..., Result]


@pytest.fixture
def run(market: Market, tmp_path: Path) -> Run:
    """Type a command; answers to its questions are lines of `keys`. Expects `code` as exit code."""
    environment = {"CROWDLOOM_URL": market.url, "XDG_CONFIG_HOME": str(tmp_path)}

    def typed(*words: str, keys: str = "", code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(words), input=keys, env=environment)
        assert result.exit_code == code, (words, result.output, result.exception)
        return result

    return typed


@pytest.fixture
def email(market: Market, request: pytest.FixtureRequest) -> str:
    address = re.sub(r"\W", "", request.node.name)[:40] + "@example.org"
    Requester.sign_up(market.url, email=address, password=PASSWORD, name="Terminal")
    return address


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    contents = {
        "template.html": TEMPLATE,
        "table.csv": "text\none\ntwo\n",
        "bad.csv": "text,text\none\n",
        "answers.csv": "text,label\none,first\ntwo,second\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    return {name: str(tmp_path / name) for name in contents}


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def project_of(run: Run, files: dict[str, str]) -> str:
    words = ("project", "create", files["template.html"], "--title", "Labels")
    made = document(run(*words, "--description", "Label a text.", "--json"))
    return str(made["project_id"])


def test_a_requester_goes_from_sign_in_to_a_file_of_results_in_the_terminal(
    run: Run, email: str, files: dict[str, str], tmp_path: Path
) -> None:
    told = run("login", "--email", email, "--password", PASSWORD)
    assert email in told.output
    [kept] = tmp_path.rglob("sessions.json")
    assert kept.stat().st_mode & 0o077 == 0
    project_id = project_of(run, files)
    assert project_id in run("project", "list").output
    create = ("batch", "create", project_id, "--table", files["table.csv"], "--reward", "0.10")
    batch_id = document(run(*create, "--json"))["batch_id"]

    refused = run("batch", "publish", batch_id, code=1)
    assert "funds top-up" in refused.output
    run("sandbox", "top-up", "5")
    assert "open" in run("batch", "publish", batch_id).output
    assert "paused" in run("batch", "pause", batch_id).output
    assert "open" in run("batch", "resume", batch_id).output

    work = ("sandbox", "crowd", batch_id, "--answers", files["answers.csv"], "--workers", "2")
    assert document(run(*work, "--json"))["submitted"] == 2
    assert "1 decided, 1 still wait" in run("review", batch_id, keys="a\nq\n").output
    assert document(run("review", batch_id, "--accept-all", "--json"))["decided"] == 1
    assert document(run("batch", "watch", batch_id, "--json"))["counts"]["accepted"] == 2
    target = tmp_path / "answers-of-the-batch.csv"
    run("batch", "results", batch_id, "-o", str(target))
    assert {"first", "second"} <= set(re.split(r"[,\r\n]", target.read_text()))
    assert batch_id in run("project", "show", project_id).output
    assert "free" in run("funds", "show").output


def test_a_refusal_says_what_happened_and_what_to_do(
    run: Run, email: str, files: dict[str, str], tmp_path: Path
) -> None:
    assert "crowdloom login" in run("project", "list", code=1).output
    run("login", "--email", email, "--password", "not the password", code=1)
    run("login", "--email", email, "--password", PASSWORD)
    project_id = project_of(run, files)
    words = ("batch", "create", project_id, "--reward", "0.10", "--table")
    assert "line 1" in run(*words, files["bad.csv"], code=1).output
    refusal = run(*words, files["bad.csv"], "--json", code=1)
    assert json.loads(refusal.stderr)["code"] == "faulty_rows"
    for made in document(run("project", "show", project_id, "--json"))["batches"]:
        assert made["archived"], "a refused table leaves no draft to be found"
    assert "project list" in run("batch", "watch", "bat_unknown", code=1).output
    assert "0.05" in run("funds", "top-up", "much", code=2).output
    assert (
        "up"
        in run("--url", "http://127.0.0.1:9", "--api-key", "ck_x", "funds", "show", code=3).output
    )


def test_files_are_read_as_the_pages_read_them_or_refused_by_line(
    run: Run, email: str, tmp_path: Path
) -> None:
    run("login", "--email", email, "--password", PASSWORD)
    template, table = tmp_path / "template.html", tmp_path / "table.csv"
    words = ("project", "create", str(template), "--title", "Labels [red]", "--description", "L.")
    template.write_bytes(b"<p>\xe9</p>")
    assert "line 1: not UTF-8" in run(*words, code=1).output
    template.write_bytes(b"\xef\xbb\xbf" + TEMPLATE.encode())
    told = run(*words).output
    assert "Labels [red]" in told
    project_id = told.split()[0]
    create = ("batch", "create", project_id, "--reward", "0.10", "--table")
    for content in (b"text;b\nCaf\xe9;1\n", b'[{"text": 7}]', b'{"records": [{"text": "a"}]}'):
        table = tmp_path / ("table.csv" if content.startswith(b"text") else "table.json")
        table.write_bytes(content)
        assert "1 tasks" in run(*create, str(table)).output
    decisions = tmp_path / "decisions.csv"
    for content, told in (
        (b"submission_id;decision\n", "with commas between"),
        (b"submission_id,decision\nsub_1,approve\n", "line 2: the decision is 'approve'"),
        (b"submission_id,decision\n\xe9,accept\n", "line 2: not UTF-8"),
    ):
        decisions.write_bytes(content)
        assert told in run("review", "bat_1", "--decisions", str(decisions), code=1).output


def test_decisions_of_a_file_are_the_ones_that_are_taken(
    run: Run, email: str, files: dict[str, str], tmp_path: Path
) -> None:
    run("login", "--email", email, "--password", PASSWORD)
    run("sandbox", "top-up", "5")
    create = ("batch", "create", project_of(run, files), "--table", files["table.csv"])
    published = document(run(*create, "--reward", "0.10", "--publish", "--json"))
    batch_id = published["batch_id"]
    run("sandbox", "crowd", batch_id, "--answers", files["answers.csv"], "--workers", "1")
    first, second = document(run("review", batch_id, "--json"))
    decisions = tmp_path / "decisions.csv"
    decisions.write_text(
        "submission_id,decision,reason,reopen\n"
        f"{first['submission_id']},accept,,\n"
        f"{second['submission_id']},reject,Not a label.,no\n"
    )
    told = document(run("review", batch_id, "--decisions", str(decisions), "--json"))
    assert told == {"decided": 2, "unchanged": 0}
    counts = document(run("batch", "watch", batch_id, "--json"))["counts"]
    assert (counts["accepted"], counts["rejected"]) == (1, 1)
