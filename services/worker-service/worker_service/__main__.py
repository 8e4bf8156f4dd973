"""`python -m worker_service {api|events|migrate}`."""

import os
import sys

from crowdloom.chassis.logs import configure_logging

from worker_service import bootstrap
from worker_service.config import SERVICE, read_settings

_USAGE = "usage: python -m worker_service {api|events|migrate}"


def main(arguments: list[str]) -> int:
    command = arguments[0] if len(arguments) == 1 else ""
    if command == "api":
        return _serve()
    if command not in {"events", "migrate"}:
        sys.stderr.write(f"{_USAGE}\n")
        return 2
    settings = read_settings()
    configure_logging(service=SERVICE, process=command, level=settings.common.log_level)
    if command == "migrate":
        bootstrap.migrate()
        return 0
    from worker_service.entrypoints.events import run_events

    return run_events(bootstrap.build(settings))


def _serve() -> int:
    """Become gunicorn; its settings come from GUNICORN_CMD_ARGS, as in every container."""
    app = "worker_service.entrypoints.wsgi:create_wsgi_app()"
    arguments = ["gunicorn", "--worker-class", "gthread", "--threads", "8", app]
    os.execvp(sys.executable, [sys.executable, "-m", *arguments])  # noqa: S606 - our own module


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
