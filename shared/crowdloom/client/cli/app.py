"""The root of the commands, and what becomes of a refusal."""

from typing import Any

import click
import requests

from crowdloom.client.api import Problem
from crowdloom.client.cli import (
    audit,
    batches,
    funds,
    login,
    payouts,
    projects,
    refusals,
    review,
    sandbox,
)
from crowdloom.client.cli.desk import Desk


class Market(click.Group):
    """Turns refusals into sentences and exit codes: 1 refused, 2 wrong usage, 3 out of reach."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            refusals.leave(refusals.refuse(problem, as_json=_as_json(ctx)))
        except requests.RequestException as error:
            url = ctx.obj.url if isinstance(ctx.obj, Desk) else ""
            refusals.leave(refusals.out_of_reach(error, url, as_json=_as_json(ctx)))
        return None


@click.group(cls=Market, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="CROWDLOOM_URL", help="The market's address.")
@click.option("--api-key", envvar="CROWDLOOM_API_KEY", help="Used instead of a session.")
@click.pass_context
def main(context: click.Context, url: str | None, api_key: str | None) -> None:
    """Publish work, review it and pay for it, from a terminal.

    Every command prints a table for people, and JSON with --json.
    """
    context.obj = Desk(url=url, api_key=api_key)


def _as_json(context: click.Context) -> bool:
    return isinstance(context.obj, Desk) and context.obj.as_json


login.add_to(main)
main.add_command(projects.project)
main.add_command(batches.batch)
review.add_to(main)
main.add_command(funds.funds)
main.add_command(payouts.payout)
audit.add_to(main)
main.add_command(sandbox.sandbox)
