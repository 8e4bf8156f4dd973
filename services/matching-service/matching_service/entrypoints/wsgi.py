"""The WSGI application: API, forms and pages of matching-service."""

from collections.abc import Mapping
from pathlib import Path

from crowdloom import ui
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.operations import Operations
from flask import Flask

from matching_service.bootstrap import Application, build
from matching_service.config import SERVICE, read_settings
from matching_service.entrypoints.http.api import make_api
from matching_service.entrypoints.pages.export_pages import make_export_pages
from matching_service.entrypoints.pages.forms import make_forms
from matching_service.entrypoints.pages.held_pages import make_held_pages
from matching_service.entrypoints.pages.matching_pages import make_matching_pages
from matching_service.entrypoints.pages.operator import make_operator_pages
from matching_service.entrypoints.pages.reach_pages import make_reach_pages
from matching_service.entrypoints.pages.shell import bar


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment; call it in each server process, after the fork."""
    settings = read_settings(environment)
    configure_logging(service=SERVICE, process="api", level=settings.common.log_level)
    return make_app(build(settings))


def make_app(application: Application) -> Flask:
    app, api = create_app(
        __name__,
        area="matching",
        title="Crowdloom matching",
        sessions=application.sessions,
        idempotency=application.idempotency,
        checks=application.checks,
        operations=Operations(application.database, application.clock),
        secure_cookies=application.settings.common.secure_cookies,
    )
    api.register_blueprint(make_api(application))
    app.register_blueprint(make_forms(application))
    app.register_blueprint(make_export_pages(application))
    app.register_blueprint(make_held_pages(application))
    app.register_blueprint(make_operator_pages(application))
    app.register_blueprint(make_matching_pages(application))
    app.register_blueprint(make_reach_pages(application))
    ui.register(
        app,
        service=SERVICE,
        prefix="/operator",
        pages=Path(__file__).parent / "pages",
        bar=bar,
        clock=application.clock,
    )
    return app
