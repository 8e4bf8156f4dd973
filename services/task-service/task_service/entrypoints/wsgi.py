"""The web application: API, task frame and pages. gunicorn calls `create_wsgi_app` per worker."""

from collections.abc import Mapping
from pathlib import Path

from crowdloom import ui
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.http.team_roles import may_open, may_send
from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.operations import Operations
from flask import Flask

from task_service.bootstrap import Application, build
from task_service.config import SERVICE, read_settings
from task_service.entrypoints.frame.routes import mount_frame
from task_service.entrypoints.http.accounts import accounts_blueprint
from task_service.entrypoints.http.api_keys import ApiKeyPrincipals, api_keys_blueprint
from task_service.entrypoints.http.assignments import assignments_blueprint
from task_service.entrypoints.http.batches import batches_blueprint
from task_service.entrypoints.http.bonuses import bonuses_blueprint
from task_service.entrypoints.http.documented import add_security_schemes
from task_service.entrypoints.http.growth import growth_blueprint
from task_service.entrypoints.http.known_answers import known_answers_blueprint
from task_service.entrypoints.http.projects import projects_blueprint
from task_service.entrypoints.http.qualifications import qualifications_blueprint
from task_service.entrypoints.http.results import results_blueprint
from task_service.entrypoints.http.review_files import review_files_blueprint
from task_service.entrypoints.http.sources import sources_blueprint
from task_service.entrypoints.http.submissions import submissions_blueprint
from task_service.entrypoints.http.talk import talk_blueprint
from task_service.entrypoints.http.tasks import tasks_blueprint
from task_service.entrypoints.http.teams import teams_blueprint
from task_service.entrypoints.http.uploads import uploads_blueprint
from task_service.entrypoints.http.webhooks import webhooks_blueprint
from task_service.entrypoints.http.workers import workers_blueprint
from task_service.entrypoints.pages.account_pages import account_pages
from task_service.entrypoints.pages.answer_pages import answer_pages
from task_service.entrypoints.pages.audience_pages import audience_pages
from task_service.entrypoints.pages.batch_form_pages import batch_form_pages
from task_service.entrypoints.pages.batch_pages import batch_pages
from task_service.entrypoints.pages.bonus_pages import bonus_pages
from task_service.entrypoints.pages.developer_pages import developer_pages
from task_service.entrypoints.pages.draft_pages import draft_pages
from task_service.entrypoints.pages.figures_pages import figures_pages
from task_service.entrypoints.pages.gallery_pages import gallery_pages
from task_service.entrypoints.pages.given_back_pages import given_back_pages
from task_service.entrypoints.pages.growth_pages import growth_pages
from task_service.entrypoints.pages.known_pages import known_pages
from task_service.entrypoints.pages.log_pages import log_pages
from task_service.entrypoints.pages.next_step_pages import next_step_pages
from task_service.entrypoints.pages.project_pages import project_pages
from task_service.entrypoints.pages.qualification_pages import qualification_pages
from task_service.entrypoints.pages.results_pages import results_pages
from task_service.entrypoints.pages.review_file_pages import review_file_pages
from task_service.entrypoints.pages.review_pages import review_pages
from task_service.entrypoints.pages.review_rule_pages import review_rule_pages
from task_service.entrypoints.pages.shell import bar
from task_service.entrypoints.pages.source_pages import source_pages
from task_service.entrypoints.pages.talk_pages import talk_pages
from task_service.entrypoints.pages.team_pages import team_pages
from task_service.entrypoints.pages.trial_pages import trial_pages
from task_service.entrypoints.pages.watch_pages import watch_pages
from task_service.entrypoints.pages.webhook_pages import webhook_pages
from task_service.entrypoints.pages.worker_pages import worker_pages
from task_service.entrypoints.team_log import keep_team_log
from task_service.entrypoints.team_sessions import guard_team_sessions

AREA = "tasks"
_API = (
    accounts_blueprint,
    api_keys_blueprint,
    teams_blueprint,
    projects_blueprint,
    batches_blueprint,
    growth_blueprint,
    tasks_blueprint,
    known_answers_blueprint,
    sources_blueprint,
    uploads_blueprint,
    submissions_blueprint,
    review_files_blueprint,
    bonuses_blueprint,
    qualifications_blueprint,
    workers_blueprint,
    results_blueprint,
    assignments_blueprint,
    talk_blueprint,
    webhooks_blueprint,
)
_PAGES = (
    account_pages,
    project_pages,
    gallery_pages,
    draft_pages,
    trial_pages,
    batch_form_pages,
    audience_pages,
    known_pages,
    source_pages,
    batch_pages,
    bonus_pages,
    growth_pages,
    review_pages,
    review_rule_pages,
    review_file_pages,
    results_pages,
    figures_pages,
    given_back_pages,
    next_step_pages,
    answer_pages,
    qualification_pages,
    worker_pages,
    talk_pages,
    watch_pages,
    developer_pages,
    team_pages,
    log_pages,
    webhook_pages,
)


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment; call it in each server process, after the fork."""
    settings = read_settings(environment)
    configure_logging(service=SERVICE, process="api", level=settings.common.log_level)
    return create_web(build(settings))


def create_web(application: Application) -> Flask:
    app, api = create_app(
        "task_service",
        area=AREA,
        title="Crowdloom tasks",
        sessions=application.sessions,
        idempotency=application.idempotency,
        checks=application.checks,
        operations=Operations(application.database, application.clock),
        secure_cookies=application.settings.common.secure_cookies,
        api_keys=ApiKeyPrincipals(application.api_keys),
    )
    add_security_schemes(api.spec)
    for blueprint in _API:
        api.register_blueprint(blueprint(application))
    ui.register(
        app,
        service=SERVICE,
        prefix="/requester",
        pages=Path(__file__).parent / "pages",
        bar=bar,
        clock=application.clock,
        may_send=may_send,
        may_open=may_open,
    )
    guard_team_sessions(app, application)
    keep_team_log(app, application)
    mount_frame(app, application)
    for pages in _PAGES:
        app.register_blueprint(pages(application))
    return app
