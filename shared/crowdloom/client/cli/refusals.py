"""A refusal of the market, said to a person: what happened, and what to do about it."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import requests

from crowdloom.client.api import Problem

REFUSED = 1
OUT_OF_REACH = 3
_FAULTS_SHOWN = 20
_WHAT_TO_DO = {
    "not_signed_in": "Run `crowdloom login`, or set CROWDLOOM_API_KEY.",
    "invalid_token": "The session is over, or the API key is none: run `crowdloom login` again.",
    "wrong_password": "Look at the e-mail and the password, then try again.",
    "too_many_tries": "Wait a few minutes before the next try.",
    "not_allowed": "Your role may not do this; ask somebody whose role may.",
    "not_found": "Look at the id: `crowdloom project list` shows what is yours.",
    "faulty_rows": "Mend the lines above in your file and send it again; nothing was created.",
    "batch_has_no_tasks": "Give the batch a table: `crowdloom batch create --table FILE`.",
    "wrong_batch_status": "See `crowdloom batch watch BATCH_ID` for the state it is in.",
    "already_decided": "It was decided the other way before; that decision stands.",
    "insufficient_funds": "Run `crowdloom funds top-up AMOUNT`, then publish again.",
    "maker_is_checker": "A run is approved by somebody other than its maker.",
    "content_changed": "The run changed since you saw it: look at it again before approving.",
    "nothing_eligible": "Nobody has asked for a payout that can be paid now.",
    "unreachable_market": "Look at the address (--url or CROWDLOOM_URL) and that it is up.",
}


def refuse(error: Problem, *, as_json: bool) -> int:
    """Print a refusal on stderr; returns the exit code."""
    if as_json:
        click.echo(json.dumps(error.document, ensure_ascii=False, indent=2), err=True)
        return REFUSED
    click.echo(str(error.document.get("detail") or error), err=True)
    for line in _particulars(error.document):
        click.echo(f"  {line}", err=True)
    advice = advice_for(error.code)
    if advice:
        click.echo(advice, err=True)
    return REFUSED


def out_of_reach(error: requests.RequestException, url: str, *, as_json: bool) -> int:
    """Print that nobody answers; returns the exit code."""
    detail = f"Nobody answers at {url}"
    if as_json:
        document = {"code": "unreachable_market", "detail": detail, "cause": type(error).__name__}
        click.echo(json.dumps(document), err=True)
    else:
        click.echo(f"{detail}.\n{advice_for('unreachable_market')}", err=True)
    return OUT_OF_REACH


def advice_for(code: str) -> str:
    """What to do about a refusal with this code; empty where the refusal says it all."""
    return _WHAT_TO_DO.get(code, "")


def leave(code: int) -> None:
    sys.exit(code)


def _particulars(document: Mapping[str, Any]) -> list[str]:
    """The fields and rows that a refusal names, a line each."""
    lines = [
        f"{field}: {sentence}"
        for field, sentences in _of_kind(document.get("errors"), dict).items()
        for sentence in _sentences(sentences)
    ]
    faults = _of_kind(document.get("faults"), list)
    lines += [
        f"line {fault.get('line')}, {fault.get('column') or 'whole line'}: {fault.get('reason')}"
        for fault in faults[:_FAULTS_SHOWN]
    ]
    if len(faults) > _FAULTS_SHOWN:
        lines.append(f"... and {len(faults) - _FAULTS_SHOWN} lines more")
    return lines


def _of_kind(value: Any, kind: type) -> Any:
    return value if isinstance(value, kind) else kind()


def _sentences(value: Any) -> Sequence[str]:
    """An error's sentences; marshmallow nests them by row and field."""
    if isinstance(value, dict):
        return [f"{key}: {one}" for key, part in value.items() for one in _sentences(part)]
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
