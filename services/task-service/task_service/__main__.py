"""`python -m task_service {events|migrate}`."""

import sys

from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.wiring import run_main

from task_service import bootstrap
from task_service.config import SERVICE, read_settings
from task_service.entrypoints.events import make_events_process

if __name__ == "__main__":
    settings = read_settings()
    configure_logging(service=SERVICE, process=sys.argv[-1], level=settings.common.log_level)
    sys.exit(
        run_main(
            sys.argv[1:],
            service=SERVICE,
            events=lambda: make_events_process(bootstrap.build(settings)),
            migrate=bootstrap.migrate,
        )
    )
