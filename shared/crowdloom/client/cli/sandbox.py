"""`crowdloom sandbox`: what a market that runs on the processor's simulator lets you play."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from crowdloom.client.api import HttpApi, Json
from crowdloom.client.cli.crowd import Crowd, read_answers
from crowdloom.client.cli.desk import Amount, Desk, command, money_text
from crowdloom.client.people import PAYMENTS, Requester

_PAUSE_SECONDS = 0.2
_BOOKED_SECONDS_MAX = 60
_PAID = "succeeded"


@click.group()
def sandbox() -> None:
    """Only against a market on the simulator: pay in, answer, let time pass. No real money."""


@command(sandbox, "top-up")
@click.argument("amount", type=Amount())
def top_up(desk: Desk, amount: Json) -> None:
    """Pay AMOUNT into your wallet on the simulator's own page, and wait until it is booked."""
    requester = desk.requester()
    made = requester.top_up(amount)
    simulator = _simulator(made["checkout_url"])
    session = urlsplit(made["checkout_url"]).path.rpartition("/")[2]
    simulator.post(f"/_simulator/checkout-sessions/{session}/pay")
    deadline = time.monotonic() + _BOOKED_SECONDS_MAX
    while (found := requester.top_up_status(made["top_up_id"]))["status"] == made["status"]:
        if time.monotonic() > deadline:
            raise click.ClickException("Paid, but not booked within a minute; look again later")
        time.sleep(_PAUSE_SECONDS)
    wallet = requester.wallet()
    desk.show(
        {"top_up": found, "wallet": wallet},
        lambda: desk.say(f"Paid in {money_text(amount)}; {money_text(wallet['free'])} are free."),
    )


@command(sandbox, "crowd")
@click.argument("batch_id")
@click.option(
    "--answers",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or JSON lines: the table's columns say which task, the others are its answer.",
)
@click.option("--workers", type=click.IntRange(1, 200), default=5, show_default=True)
def crowd(desk: Desk, batch_id: str, answers: Path, workers: int) -> None:
    """Have simulated workers answer a batch from a file, until there is nothing left to give."""
    requester = desk.requester()
    _simulator(_newest_checkout(requester))
    wanted = requester.batch(batch_id)
    people = Crowd(desk.url, count=workers, answers=read_answers(answers))
    with desk.notes.status("The crowd is at work ..."):
        told = people.work(batch_id, patient=wanted["status"] in ("funding", "open"))
    desk.show(
        told,
        lambda: desk.say(
            f"{told['submitted']} answers by {told['workers']} workers; "
            f"{told['without_answer']} tasks had no answer in the file."
        ),
    )


@command(sandbox, "clock")
@click.option("--advance", "seconds", type=click.IntRange(0), help="Seconds to let pass.")
def clock(desk: Desk, seconds: int | None) -> None:
    """The simulator's clock: what is pending there becomes available as it moves on."""
    simulator = _simulator(_newest_checkout(desk.requester()))
    path = "/_simulator/clock"
    moved = simulator.get(path) if seconds is None else _advance(simulator, path, seconds)
    desk.show(moved, lambda: desk.say(f"{moved['clock_offset_seconds']} seconds ahead of now"))


def _advance(simulator: HttpApi, path: str, seconds: int) -> Json:
    return simulator.post(path, {"advance_seconds": seconds})


def _newest_checkout(requester: Requester) -> str:
    """An address at the processor. Raises ClickException where there is none as yet."""
    for top_up_made in requester.api.items(f"{PAYMENTS}/top-ups"):
        if top_up_made["checkout_url"]:
            return str(top_up_made["checkout_url"])
    raise click.ClickException("Pay something in first: crowdloom sandbox top-up 20")


def _simulator(checkout_url: str) -> HttpApi:
    """The simulator behind a checkout. Raises ClickException where it is a real processor."""
    parts = urlsplit(checkout_url)
    api = HttpApi(f"{parts.scheme}://{parts.netloc}", patience_seconds=5)
    # Real processors are not even asked: the simulator listens on loopback alone.
    if parts.hostname not in ("127.0.0.1", "localhost", "::1") or not _says_so(api):
        raise click.ClickException("This market has a real payment processor: no sandbox here")
    return api


def _says_so(api: HttpApi) -> bool:
    return api.get("/_simulator/health").get("simulator") is True
