"""gunicorn in a container: one service's API and pages. Override by name on the command line."""

import os
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess

bind = "0.0.0.0:8000"
worker_class = "crowdloom.chassis.http.web_worker.StayingThreadWorker"
workers = int(os.environ.get("CROWDLOOM_WEB_WORKERS", "2"))
threads = 8
# pymongo and Kafka clients do not survive a fork: every worker builds its own.
preload_app = False
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn's heartbeat file, where no disk can stall it
max_requests = 50_000
max_requests_jitter = 5_000
timeout = 60
graceful_timeout = 25
keepalive = 75
accesslog = None
loglevel = "warning"

# Shared by this container's workers, and by nobody else: it starts empty with the container.
Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the metrics files of a worker that is gone."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
