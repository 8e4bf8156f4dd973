"""python -m stripe_simulator --port P --data DIR"""

import os
import signal
import sys
import threading

from stripe_simulator.app import Simulator, build
from stripe_simulator.server import Server
from stripe_simulator.settings import RefusedToStart, parse
from stripe_simulator.store import AlreadyRunning


def main() -> int:
    try:
        simulator = build(parse(sys.argv[1:], os.environ))
    except (RefusedToStart, AlreadyRunning) as error:
        print(f"stripe_simulator: {error}", file=sys.stderr)
        return 2
    try:
        serve(simulator)
    finally:
        simulator.close()
    return 0


def serve(simulator: Simulator) -> None:
    """Until SIGTERM or SIGINT."""
    settings = simulator.place.settings
    server = Server(
        settings.host, settings.port, simulator.app, threads_max=settings.connections_max
    )
    simulator.place.port = server.port
    simulator.sender.start()

    def stop(_number: int, _frame: object) -> None:
        # shutdown() waits for serve_forever, which runs in this very thread.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"Stripe SIMULATOR on {simulator.place.origin()}, data in {settings.data}", flush=True)
    server.serve_forever(poll_interval=0.5)


if __name__ == "__main__":
    sys.exit(main())
