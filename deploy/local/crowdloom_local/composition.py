"""One origin on one machine: the four services' WSGI apps behind one server, by path.

In production nginx or an ingress does this with the same table. No app imports another, and none
sees more than its own environment variables would give it in a container of its own.
"""

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

SERVICE_OF_PREFIX = {
    "/requester": "task_service",
    "/api/tasks": "task_service",
    "/frame": "task_service",
    "/mturk": "task_service",
    "/work": "worker_service",
    "/api/workers": "worker_service",
    "/operator/appeals": "worker_service",
    "/operator/accounts": "worker_service",
    "/operator/items": "worker_service",
    "/operator/rewards": "payment_service",
    "/operator/talk": "task_service",
    "/operator/answers": "task_service",
    "/operator": "matching_service",
    "/match": "matching_service",
    "/api/matching": "matching_service",
    "/finance": "payment_service",
    "/pay": "payment_service",
    "/api/payments": "payment_service",
    "/webhooks": "payment_service",
}
# Landing page, shared assets and preferences are alike in every service; one has to answer.
SERVICE_OF_THE_REST = "task_service"


def create() -> WsgiApp:
    """Build the four apps from the environment. gunicorn calls this in each worker, after fork."""
    environment = dict(os.environ)
    apps: dict[str, WsgiApp] = {
        name: module.create_wsgi_app(environment) for name, module in import_services().items()
    }

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return apps[service_of(environ.get("PATH_INFO", "/"))](environ, start_response)

    return application


def import_services() -> dict[str, Any]:
    """The module of each service that makes its application; importing connects to nothing."""
    names = sorted({*SERVICE_OF_PREFIX.values(), SERVICE_OF_THE_REST})
    return {name: import_module(f"{name}.entrypoints.wsgi") for name in names}


def service_of(path: str) -> str:
    """The service that answers a path: the first one or two segments decide."""
    segments = path.split("/")
    for length in (3, 2):
        service = SERVICE_OF_PREFIX.get("/".join(segments[:length]))
        if service:
            return service
    return SERVICE_OF_THE_REST
