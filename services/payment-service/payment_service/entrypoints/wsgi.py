"""The web application: API, webhook, health and pages. gunicorn calls `create_wsgi_app`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from crowdloom import ui
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.operations import Operations
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from payment_service.bootstrap import Application, build
from payment_service.config import SERVICE, read_settings

AREA = "payments"
# The finance and /pay pages, each made by a function of the application.
PAGES: tuple[Callable[[Application], Blueprint], ...] = ()


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment; call it in each server process, after the fork."""
    settings = read_settings(environment)
    configure_logging(service=SERVICE, process="api", level=settings.common.log_level)
    return create_web(build(settings))


def create_web(application: Application) -> Flask:
    settings = application.settings
    app, _api = create_app(
        "payment_service",
        area=AREA,
        title="Crowdloom payments",
        sessions=application.sessions,
        idempotency=application.idempotency,
        checks=application.checks,
        operations=Operations(application.database, application.clock),
        secure_cookies=settings.common.secure_cookies,
    )
    if settings.trusted_proxy_count:
        count = settings.trusted_proxy_count
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    ui.register(
        app,
        service=SERVICE,
        prefix="/finance",
        pages=Path(__file__).parent / "pages",
        clock=application.clock,
    )
    for pages in PAGES:
        app.register_blueprint(pages(application))
    return app
