"""`python -m crowdloom_local.acceptance --cases DIR`: a line a case, the sum as the last line."""

import sys
from pathlib import Path

import click

from crowdloom_local.acceptance.run import CannotRun, Plan, run


@click.command()
@click.option("--cases", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--limit", default=0, show_default=True, help="How many cases; 0 means all.")
@click.option("--rows", default=1, show_default=True, help="How many answers of each case.")
@click.option("--skip", default=0, show_default=True, help="How many cases to leave out first.")
@click.option("--only", multiple=True, help="The beginning of a case's name; may be repeated.")
def main(*, cases: Path, limit: int, rows: int, skip: int, only: tuple[str, ...]) -> None:
    """Real Mechanical Turk projects, published, answered in Chromium, downloaded, compared."""
    plan = Plan(cases, limit=limit, rows=max(1, rows), skip=skip, only=only)
    exact = recorded = refused = count = 0
    try:
        for outcome in run(plan):
            click.echo(outcome.line())
            count += 1
            exact += outcome.exact
            recorded += outcome.as_recorded
            refused += outcome.refused
    except CannotRun as reason:
        raise click.ClickException(str(reason)) from reason
    if refused:
        click.echo(f"answers that the page itself refused, here as on the plain page: {refused}")
    click.echo(f"exact {exact}/{count}, as recorded {recorded}/{count}")
    sys.exit(0 if count and exact == count else 1)


if __name__ == "__main__":
    main()
