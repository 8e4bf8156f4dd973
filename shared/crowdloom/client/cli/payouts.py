"""`crowdloom payout`: finance's runs; a maker freezes one, a checker who differs approves it."""

import time

import click

from crowdloom.client.api import Json
from crowdloom.client.cli.desk import Desk, command, money_text

_PAUSE_SECONDS = 0.5
_RECONCILE_SECONDS_MAX = 120


@click.group()
def payout() -> None:
    """Payout runs and their reconciliation, for finance (`crowdloom login --finance`)."""


@command(payout, "run")
def run(desk: Desk) -> None:
    """Draft a run for everybody who asked, and freeze it for its checker."""
    staff = desk.staff()
    frozen = staff.freeze(staff.draft_payout_run()["payout_run_id"])

    def people() -> None:
        _print_facts(desk, frozen)
        desk.say(f"Somebody else approves it: crowdloom payout approve {frozen['payout_run_id']}")

    desk.show(frozen, people)


@command(payout, "approve")
@click.argument("run_id")
@click.option("--hash", "seen_hash", help="The content's hash as you saw it; else it is asked for.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def approve(desk: Desk, run_id: str, seen_hash: str | None, yes: bool) -> None:
    """Let a frozen run be carried out, exactly as its hash says."""
    staff = desk.staff()
    content_hash = seen_hash
    if content_hash is None:
        seen = staff.payout_run(run_id)
        content_hash = seen["content_hash"]
        if not yes:
            _print_facts(desk, seen)
            click.confirm("Pay this run?", abort=True, err=desk.as_json)
    approved = staff.approve(run_id, content_hash or "")
    desk.show(approved, lambda: _print_facts(desk, approved))


@command(payout, "reconcile")
def reconcile(desk: Desk) -> None:
    """Compare the books with the processor's, and wait for the outcome."""
    staff = desk.staff()
    found = staff.reconcile()
    deadline = time.monotonic() + _RECONCILE_SECONDS_MAX
    with desk.notes.status("Reconciling ..."):
        while found["status"] == "queued" and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
            found = staff.reconciliation(found["reconciliation_id"])
    desk.show(found, lambda: _print_facts(desk, found))


def _print_facts(desk: Desk, document: Json) -> None:
    """Every plain fact and every amount, a line each."""
    desk.table(("Fact", "Value"), _facts(document))


def _facts(document: Json) -> list[tuple[str, str]]:
    rows = []
    for name, value in document.items():
        if isinstance(value, dict) and "amount_minor" in value:
            rows.append((name, money_text(value)))
        elif isinstance(value, list):
            rows.append((name, f"{len(value)} lines"))
        elif not isinstance(value, dict):
            rows.append((name, str(value)))
    return rows
