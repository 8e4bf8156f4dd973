"""The web application: API, health and pages. gunicorn calls `create_wsgi_app` in each worker."""

from collections.abc import Mapping
from pathlib import Path

from crowdloom import ui
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.operations import Operations
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from worker_service.bootstrap import PASS_LIFETIME, Application, build
from worker_service.config import SERVICE, read_settings
from worker_service.entrypoints.http.accounts import accounts_blueprint
from worker_service.entrypoints.http.appeals import appeals_blueprint
from worker_service.entrypoints.http.qualifications import qualifications_blueprint
from worker_service.entrypoints.http.work import work_blueprint
from worker_service.entrypoints.pages.account_pages import account_pages
from worker_service.entrypoints.pages.alert_pages import alert_pages
from worker_service.entrypoints.pages.appeal_pages import appeal_pages
from worker_service.entrypoints.pages.device_pages import device_pages
from worker_service.entrypoints.pages.practice_pages import practice_pages
from worker_service.entrypoints.pages.preview_pages import preview_pages
from worker_service.entrypoints.pages.qualification_pages import qualification_pages
from worker_service.entrypoints.pages.queue_pages import queue_pages
from worker_service.entrypoints.pages.shell import bar
from worker_service.entrypoints.pages.talk_pages import talk_pages
from worker_service.entrypoints.pages.watch_pages import watch_pages
from worker_service.entrypoints.pages.work_pages import work_pages
from worker_service.entrypoints.pages.workspace_pages import workspace_pages

AREA = "workers"


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment; call it in each server process, after the fork."""
    settings = read_settings(environment)
    configure_logging(service=SERVICE, process="api", level=settings.common.log_level)
    return create_web(build(settings))


def create_web(application: Application) -> Flask:
    settings = application.settings
    app, api = create_app(
        "worker_service",
        area=AREA,
        title="Crowdloom workers",
        sessions=application.sessions,
        records=application.session_records,
        pass_lifetime=PASS_LIFETIME,
        idempotency=application.idempotency,
        checks=application.checks,
        operations=Operations(
            application.database,
            application.clock,
            figures=application.review_appeals.figures(),
        ),
        secure_cookies=settings.common.secure_cookies,
    )
    if settings.trusted_proxy_count:
        count = settings.trusted_proxy_count
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    api.register_blueprint(accounts_blueprint(application))
    api.register_blueprint(work_blueprint(application))
    api.register_blueprint(appeals_blueprint(application))
    api.register_blueprint(qualifications_blueprint(application))
    ui.register(
        app,
        service=SERVICE,
        prefix="/work",
        pages=Path(__file__).parent / "pages",
        bar=bar,
        clock=application.clock,
    )
    for pages in (
        account_pages,
        alert_pages,
        appeal_pages,
        device_pages,
        practice_pages,
        preview_pages,
        qualification_pages,
        queue_pages,
        talk_pages,
        watch_pages,
        work_pages,
        workspace_pages,
    ):
        app.register_blueprint(pages(application))
    return app
