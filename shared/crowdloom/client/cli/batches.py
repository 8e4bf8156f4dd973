"""`crowdloom batch`: created, published, watched, downloaded."""

import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from crowdloom.client.api import Json, Problem
from crowdloom.client.cli.desk import Amount, Desk, command, money_text
from crowdloom.client.cli.refusals import REFUSED, advice_for, leave
from crowdloom.client.people import TASKS, Requester

_DOCUMENT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"records"')
_OVER = ("completed", "cancelled")
_PAUSE_SECONDS = 0.5
_PUBLISH_SECONDS_MAX = 60


@click.group()
def batch() -> None:
    """Batches: a table, its terms, and what became of them."""


@command(batch, "create")
@click.argument("project_id")
@click.option(
    "--table", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--reward", required=True, type=Amount(), help="For one accepted answer, as 0.05.")
@click.option("--redundancy", type=int, default=1, show_default=True, help="Answers a task.")
@click.option("--lease", "lease_seconds", type=int, default=600, show_default=True)
@click.option("--auto-accept", "auto_accept_seconds", type=int, default=259_200, show_default=True)
@click.option("--title", help="The project's, where it is left out.")
@click.option("--publish", is_flag=True, help="Publish it at once.")
def create(desk: Desk, project_id: str, table: Path, *, publish: bool, **terms: Any) -> None:
    """Draft a batch with a table (CSV, TSV, JSON, XLSX); each row becomes a task. --lease and
    --auto-accept are seconds.
    """
    requester = desk.requester()
    given = {name: value for name, value in terms.items() if value is not None}
    drafted = requester.create_batch(project_id, **given)
    try:
        made = _filled(requester, drafted["batch_id"], table)
    except Problem:
        # A draft without a row is of no use: the next try makes another.
        requester.api.post(f"{TASKS}/batches/{drafted['batch_id']}/archive")
        raise
    if publish:
        _publish(desk, requester, made["batch_id"])
        return
    desk.show(made, lambda: _print_batch(desk, made))


def _filled(requester: Requester, batch_id: str, table: Path) -> Json:
    """Read as the pages read it: encoding, delimiter and kind are found out. Only a document as the
    API takes it, `{"records": [...]}`, goes there as it is. Raises Problem.
    """
    content = table.read_bytes()
    if table.suffix.lower() == ".json" and _DOCUMENT.match(content):
        return requester.add_table(batch_id, content, kind="application/json")
    return requester.split(batch_id, content, by="rows", name=table.name)


@command(batch, "publish")
@click.argument("batch_id")
def publish_batch(desk: Desk, batch_id: str) -> None:
    """Reserve the batch's cost and open it. Publishing again changes nothing."""
    _publish(desk, desk.requester(), batch_id)


@command(batch, "watch")
@click.argument("batch_id")
def watch(desk: Desk, batch_id: str) -> None:
    """Follow a batch until every answer is decided; Ctrl-C stops watching alone."""
    requester = desk.requester()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=desk.notes, transient=True) as progress:
        bars = {name: progress.add_task(name) for name in ("answered", "accepted")}
        while True:
            found = requester.batch(batch_id)
            counts = found["counts"]
            answered = counts["submitted"] + counts["accepted"] + counts["rejected"]
            total = max(counts["slots"] - counts["withdrawn"], 1)
            progress.update(bars["answered"], completed=answered, total=max(total, answered))
            progress.update(bars["accepted"], completed=counts["accepted"], total=total)
            if found["status"] in _OVER or found["status"] == "draft":
                break
            time.sleep(_PAUSE_SECONDS)
    desk.show(found, lambda: _print_batch(desk, found))


@command(batch, "results")
@click.argument("batch_id")
@click.option("--format", "kind", default="tidy", show_default=True, help="As the API names it.")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path))
def results(desk: Desk, batch_id: str, kind: str, output: Path | None) -> None:
    """Download the answers, to standard output or to a file."""

    def say_how_far(progress: Json) -> None:
        desk.notes.print(f"merging: {progress['read']:,} of {progress['answers']:,} answers read")

    chunks = desk.requester().stream_results(batch_id, kind=kind, told=say_how_far)
    if output is None:
        stdout = sys.stdout.buffer
        for chunk in chunks:
            stdout.write(chunk)
        return
    size = _write(output, chunks, desk)
    told = {"batch_id": batch_id, "format": kind, "file": str(output), "bytes": size}
    desk.show(told, lambda: desk.say(f"{output}: {size:,} bytes"))


def _write(output: Path, chunks: Iterable[bytes], desk: Desk) -> int:
    """Written beside it, then put in place: a broken download never replaces a good one. Raises
    ClickException where nothing can be written there.
    """
    part = output.with_name(f"{output.name}.part")
    columns = (TextColumn("{task.description}"), DownloadColumn())
    try:
        opened = part.open("wb")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error
    with opened as file, Progress(*columns, console=desk.notes, transient=True) as bar:
        written = bar.add_task(output.name, total=None)
        for chunk in chunks:
            file.write(chunk)
            bar.advance(written, len(chunk))
    part.replace(output)
    return output.stat().st_size


def _add_step(name: str, step: str, meaning: str) -> None:
    @command(batch, name, meaning)
    @click.argument("batch_id")
    def take(desk: Desk, batch_id: str) -> None:
        requester = desk.requester()
        changed = requester.api.post(f"{TASKS}/batches/{batch_id}/{step}")
        desk.show(changed, lambda: _print_batch(desk, requester.batch(batch_id)))


_add_step("pause", "pause", "Nobody new begins; what is in work goes on.")
_add_step("resume", "resume", "Give work out again.")
_add_step(
    "close", "cancel", "Give out no more, for good: what is in work is honoured, the rest refunded."
)


def _publish(desk: Desk, requester: Requester, batch_id: str) -> None:
    requester.publish(batch_id)
    found = _awaited(lambda: requester.batch(batch_id))
    desk.show(found, lambda: _print_batch(desk, found))
    if found["declined"] and found["status"] == "draft":
        missing = money_text(found["declined"]["missing"])
        desk.notes.print(f"Not published: {missing} are missing.")
        desk.notes.print(advice_for(found["declined"]["code"]))
        leave(REFUSED)


def _awaited(look: Callable[[], Json]) -> Json:
    """The batch once payment-service has answered, or as it is after a minute."""
    deadline = time.monotonic() + _PUBLISH_SECONDS_MAX
    while (found := look())["status"] == "funding" and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return found


def _print_batch(desk: Desk, shown: Json) -> None:
    desk.say(f"{shown['batch_id']}  {shown['title']}: {shown['status']}")
    desk.say(
        f"  {shown['task_count']} tasks x {shown['redundancy']} answers, "
        f"{money_text(shown['reward'])} each, {money_text(shown['cost'])} with fees"
    )
    counts = shown.get("counts")
    if counts:
        names = ("accepted", "submitted", "rejected", "leased", "open", "withdrawn")
        desk.say("  " + ", ".join(f"{name} {counts[name]}" for name in names))
