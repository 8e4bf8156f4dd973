"""`python -m crowdloom_local {run|replay|roundtrip|secrets|docs}`: the market on this machine."""

import json
import sys
from pathlib import Path

import click

from crowdloom_local import docs as generated
from crowdloom_local.secrets import as_env_file, new_secrets


@click.group()
def main() -> None:
    """The whole market on one machine."""


@main.command()
@click.option("--port", default=8000, show_default=True, help="Where the market listens.")
@click.option("--data", type=click.Path(path_type=Path), default=Path(".data"), show_default=True)
@click.option("--demo", type=bool, default=True, show_default=True, help="Start with the demo.")
def run(port: int, data: Path, demo: bool) -> None:
    """Start the market and keep it up until Ctrl-C."""
    from crowdloom_local.launcher import launch

    sys.exit(launch(port=port, data=data.resolve(), demo=demo))


@main.command()
@click.option("--dataset", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--tasks", default=100, show_default=True)
@click.option("--redundancy", default=5, show_default=True)
@click.option("--workers", default=25, show_default=True)
@click.option("--chaos", is_flag=True, help="With faults while the batch runs.")
@click.option("--kafka-nodes", default=0, help="Use that many nodes of real Kafka.")
@click.option("--kill-a-node", is_flag=True, help="Kill -9 one of Kafka's nodes half way.")
def replay(
    *,
    dataset: Path,
    tasks: int,
    redundancy: int,
    workers: int,
    chaos: bool,
    kafka_nodes: int,
    kill_a_node: bool,
) -> None:
    """Replay recorded answers through a fresh market; the last line is one JSON object."""
    from crowdloom_local.market import RefusedToStart
    from crowdloom_local.processes import DidNotStart
    from crowdloom_local.replay.plan import Plan, ReplayFailed
    from crowdloom_local.replay.run import run_fresh

    if kill_a_node and not kafka_nodes:
        raise click.UsageError("--kill-a-node needs --kafka-nodes")
    plan = Plan(
        dataset,
        tasks=tasks,
        redundancy=redundancy,
        workers=workers,
        chaos=chaos,
        kill_a_node=kill_a_node,
    )
    try:
        figures, faults = run_fresh(plan, kafka_nodes=kafka_nodes)
    except (DidNotStart, RefusedToStart, ReplayFailed, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for fault in faults:
        click.echo(f"WRONG: {fault}", err=True)
    click.echo(json.dumps(figures))
    sys.exit(1 if faults else 0)


@main.command()
@click.option("--file", "path", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--by", required=True, help="sentence, paragraph, words:200, rows:7, page, tile ...")
def roundtrip(path: Path, by: str) -> None:
    """Split a file, have its pieces answered by themselves, merge; ends with `identical true`."""
    from crowdloom.client import Problem

    from crowdloom_local.market import RefusedToStart
    from crowdloom_local.processes import DidNotStart
    from crowdloom_local.roundtrip.run import RoundtripFailed, run_fresh

    try:
        identical = run_fresh(path, by)
    except KeyError as error:
        raise click.ClickException(f"nothing is split by {error}") from error
    except (DidNotStart, RefusedToStart, RoundtripFailed, Problem) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"identical {str(identical).lower()}")
    sys.exit(0 if identical else 1)


@main.command("secrets")
def secrets_command() -> None:
    """Print fresh secrets as the `.env` file that deploy/compose wants."""
    click.echo(as_env_file(new_secrets()), nl=False)


@main.command("docs")
@click.argument("action", type=click.Choice(["write", "check"]))
def docs_command(action: str) -> None:
    """Write the generated documents, or check that they are fresh."""
    sys.exit(generated.main(action))


if __name__ == "__main__":
    main()
