"""The web application: API, task frame and pages. gunicorn calls `create_wsgi_app` per worker."""

from collections.abc import Mapping
from pathlib import Path

from crowdloom import ui
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.logs import configure_logging
from flask import Flask

from task_service.bootstrap import Application, build
from task_service.config import SERVICE, read_settings
from task_service.entrypoints.frame.routes import mount_frame
from task_service.entrypoints.http.api_keys import ApiKeyPrincipals

AREA = "tasks"


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment; call it in each server process, after the fork."""
    settings = read_settings(environment)
    configure_logging(service=SERVICE, process="api", level=settings.common.log_level)
    return create_web(build(settings))


def create_web(application: Application) -> Flask:
    app, _api = create_app(
        "task_service",
        area=AREA,
        title="Crowdloom tasks",
        sessions=application.sessions,
        idempotency=application.idempotency,
        checks=application.checks,
        secure_cookies=application.settings.common.secure_cookies,
        api_keys=ApiKeyPrincipals(application.api_keys),
    )
    ui.register(
        app,
        service=SERVICE,
        prefix="/requester",
        pages=Path(__file__).parent / "pages",
        clock=application.clock,
    )
    mount_frame(app, application)
    # The requester's pages: app.register_blueprint(...)
    return app
