"""`make run`: the market in the foreground, until Ctrl-C."""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from crowdloom_local.market import Market, RefusedToStart
from crowdloom_local.processes import DidNotStart

if TYPE_CHECKING:
    from crowdloom_local.demo.run import Demo

console = Console(highlight=False, soft_wrap=True)


def launch(*, port: int, data: Path, demo: bool) -> int:
    """Start everything, print where to go, wait for Ctrl-C, stop everything. Returns exit code."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    market = Market(data, port=port)
    try:
        with console.status("Starting the market ..."):
            market.start()
        console.print(f"[bold]Crowdloom[/bold] is up at [bold]{market.url}[/bold]")
        console.print(f"Engines: {market.engines.description}. Data: {data}. Logs: {data / 'logs'}")
        scene = _start_demo(market) if demo and market.on_simulator else None
        console.print("Ctrl-C stops everything.")
        stop.wait()
        console.print("Stopping ...")
        if scene:
            scene.stop()
    except (RefusedToStart, DidNotStart) as error:
        console.print(f"[bold]Not started:[/bold] {error}")
        return 1
    finally:
        market.stop()
    return 0


def _start_demo(market: Market) -> "Demo":
    # Here, so that the market begins to start before it.
    from crowdloom_local.demo.run import Demo

    demo = Demo(market)
    with console.status("Setting the demo's scene: a requester, three projects, a crowd ..."):
        demo.set_scene()
    demo.start()
    # Lines, not a table: a narrow terminal must not cut an address or a code short.
    for role, where, credentials in demo.sign_ins():
        console.print(f"[bold]{role}[/bold]  {where}")
        console.print(f"    {credentials}")
    return demo
