"""`crowdloom review`: one answer at a time by key, all of them, or decisions from a file."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click

from crowdloom.client.api import Json
from crowdloom.client.cli.desk import Desk, command, text_of
from crowdloom.client.people import Requester

_AT_ONCE_MAX = 200
_DECISIONS = ("accept", "reject")
_KEYS = "A accept, R reject, S skip, Q quit"


def add_to(root: click.Group) -> None:
    @command(root, "review")
    @click.argument("batch_id")
    @click.option("--accept-all", is_flag=True, help="Accept whatever waits for a decision.")
    @click.option(
        "--decisions",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="CSV or JSON lines: submission_id, decision (accept or reject), reason, reopen.",
    )
    def review(desk: Desk, batch_id: str, accept_all: bool, decisions: Path | None) -> None:
        """Decide the answers that wait. Without options: one at a time, by key."""
        requester = desk.requester()
        if decisions is not None:
            _send(desk, requester, batch_id, _read(decisions))
        elif accept_all:
            waiting = requester.submissions(batch_id, status="submitted")
            accepted = ({"submission_id": one["submission_id"], **_ACCEPT} for one in waiting)
            _send(desk, requester, batch_id, accepted)
        elif desk.as_json:
            waiting_now = list(requester.submissions(batch_id, status="submitted"))
            desk.show(waiting_now, lambda: None)
        else:
            _one_at_a_time(desk, requester, batch_id)


_ACCEPT: Mapping[str, Any] = {"decision": "accept"}


def _send(desk: Desk, requester: Requester, batch_id: str, decisions: Iterator[Json]) -> None:
    """Decide in calls of 200: each is all or nothing."""
    told = {"decided": 0, "unchanged": 0}
    # Taken whole before anything is decided: deciding moves the pages that are being read.
    remaining = iter(list(decisions))
    while chunk := list(islice(remaining, _AT_ONCE_MAX)):
        answer = requester.review(batch_id, chunk)
        told = {name: told[name] + answer[name] for name in told}
    sentence = f"{told['decided']} decided, {told['unchanged']} were decided so before."
    desk.show(told, lambda: desk.say(sentence))


def _one_at_a_time(desk: Desk, requester: Requester, batch_id: str) -> None:
    waiting = list(requester.submissions(batch_id, status="submitted"))
    decided = 0
    for number, submission in enumerate(waiting, 1):
        _print_submission(desk, submission, f"{number} of {len(waiting)}")
        key = click.prompt(_KEYS, type=click.Choice(list("arsq"), case_sensitive=False))
        if key == "q":
            break
        if key == "a":
            requester.accept(submission["submission_id"])
        if key == "r":
            reason = click.prompt("Reason, which the worker reads")
            requester.reject(submission["submission_id"], reason)
        decided += key in "ar"
    desk.say(f"{decided} decided, {len(waiting) - decided} still wait.")


def _print_submission(desk: Desk, submission: Json, place: str) -> None:
    desk.say(f"\n{place}  {submission['submission_id']}  by {submission['pseudonym']}")
    desk.table(("Field", "Answer"), submission["answer"])
    desk.say(f"Accepted by itself at {submission['auto_accept_at']}")


def _read(path: Path) -> Iterator[Json]:
    """Decisions of a file. Raises ClickException naming the line that cannot be read."""
    file = io.StringIO(text_of(path), newline="")
    if path.suffix.lower() == ".csv":
        rows = csv.DictReader(file)
        named = rows.fieldnames or []
        if not {"submission_id", "decision"} <= set(named):
            wanted = "its first line has to name submission_id and decision, with commas between"
            raise click.ClickException(f"{path}: {wanted}; it is {','.join(named) or 'empty'}")
        for row in rows:
            yield _decision(row, f"{path}, line {rows.line_num}")
        return
    for number, line in enumerate(file, 1):
        place = f"{path}, line {number}"
        try:
            yield _decision(json.loads(line), place)
        except (ValueError, AttributeError) as error:
            raise click.ClickException(f"{place}: no JSON object") from error


def _decision(row: Mapping[str, Any], place: str) -> Json:
    """Raises ClickException where it is none."""
    decision: Json = {
        "submission_id": row.get("submission_id") or "",
        "decision": str(row.get("decision") or "").strip().lower(),
    }
    if decision["decision"] not in _DECISIONS:
        said = f"the decision is {decision['decision']!r}: write accept or reject"
        raise click.ClickException(f"{place}: {said}")
    if row.get("reason"):
        decision["reason"] = row["reason"]
    if row.get("reopen") not in (None, ""):
        decision["reopen"] = str(row["reopen"]).strip().lower() in ("true", "yes", "1")
    return decision
