"""gunicorn on one machine. Production overrides by the same names on the command line."""

import os
from typing import Any

from prometheus_client import multiprocess

from crowdloom_local.composition import import_services

worker_class = "crowdloom.chassis.http.web_worker.StayingThreadWorker"
workers = int(os.environ.get("CROWDLOOM_WEB_WORKERS", "2"))
threads = 8
# pymongo and Kafka clients do not survive a fork: every worker builds its own.
preload_app = False
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file, where no disk can stall it
control_socket_disable = True
max_requests = 50_000
max_requests_jitter = 5_000
timeout = 60
graceful_timeout = 5
keepalive = 15
accesslog = None
loglevel = "warning"


def on_starting(_server: Any) -> None:
    """Load the code once, before the fork: workers then build nothing but their applications."""
    import_services()


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the metrics files of a worker that is gone."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
