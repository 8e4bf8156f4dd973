"""`crowdloom funds`: the requester's wallet."""

import click

from crowdloom.client.api import Json
from crowdloom.client.cli.desk import Amount, Desk, command, money_text


@click.group()
def funds() -> None:
    """The wallet that batches are paid from."""


@command(funds, "show")
def show(desk: Desk) -> None:
    """What is free, and what is reserved for batches."""
    wallet = desk.requester().wallet()
    amounts = ((name, value) for name, value in wallet.items() if _is_money(value))
    rows = ([name.replace("_", " "), money_text(value)] for name, value in amounts)
    desk.show(wallet, lambda: desk.table(("Wallet", "#Amount"), rows))


@command(funds, "top-up")
@click.argument("amount", type=Amount())
def top_up(desk: Desk, amount: Json) -> None:
    """Ask for a page to pay AMOUNT on, as 20 or '20 EUR'."""
    made = desk.requester().top_up(amount)

    def people() -> None:
        desk.say(f"Pay {money_text(amount)} here, then see `crowdloom funds show`:")
        desk.say(str(made["checkout_url"]))

    desk.show(made, people)


def _is_money(value: object) -> bool:
    return isinstance(value, dict) and "amount_minor" in value
