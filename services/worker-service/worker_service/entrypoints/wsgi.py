"""The web application: API, health and pages. gunicorn calls `create_wsgi_app` in each worker."""

from collections.abc import Mapping

from crowdloom.chassis.http.app import create_app
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from worker_service.bootstrap import Application, build
from worker_service.config import read_settings
from worker_service.entrypoints.http.accounts import accounts_blueprint
from worker_service.entrypoints.http.work import work_blueprint

AREA = "workers"


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment, or from a mapping in its place."""
    return create_web(build(read_settings(environment)))


def create_web(application: Application) -> Flask:
    settings = application.settings
    app, api = create_app(
        "worker_service",
        area=AREA,
        title="Crowdloom workers",
        sessions=application.sessions,
        idempotency=application.idempotency,
        checks=application.checks,
        secure_cookies=settings.common.secure_cookies,
    )
    if settings.trusted_proxy_count:
        count = settings.trusted_proxy_count
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    api.register_blueprint(accounts_blueprint(application))
    api.register_blueprint(work_blueprint(application))
    return app
