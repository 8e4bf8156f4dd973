"""The web application: API, webhook, health and pages. gunicorn calls `create_wsgi_app`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from crowdloom import ui
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.http.team_roles import may_open, may_send
from crowdloom.chassis.logs import configure_logging
from crowdloom.chassis.operations import Operations
from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from payment_service.bootstrap import PASS_LIFETIME, Application, build
from payment_service.config import SERVICE, read_settings
from payment_service.entrypoints.http.approvals import approvals_blueprint, holds_blueprint
from payment_service.entrypoints.http.audit import audit_blueprint
from payment_service.entrypoints.http.bank_statements import bank_statements_blueprint
from payment_service.entrypoints.http.documented import add_security_schemes
from payment_service.entrypoints.http.earnings import earnings_blueprint
from payment_service.entrypoints.http.evidence import evidence_blueprint
from payment_service.entrypoints.http.exceptions import exceptions_blueprint
from payment_service.entrypoints.http.exports import exports_blueprint
from payment_service.entrypoints.http.invoices import invoices_blueprint
from payment_service.entrypoints.http.ledger import ledger_blueprint
from payment_service.entrypoints.http.payout_runs import payout_runs_blueprint
from payment_service.entrypoints.http.periods import periods_blueprint
from payment_service.entrypoints.http.rails import rails_blueprint
from payment_service.entrypoints.http.reconciliations import reconciliations_blueprint
from payment_service.entrypoints.http.refunds import refunds_blueprint
from payment_service.entrypoints.http.staff import staff_blueprint
from payment_service.entrypoints.http.suspensions import suspensions_blueprint
from payment_service.entrypoints.http.trails import trails_blueprint
from payment_service.entrypoints.http.wallets import wallets_blueprint
from payment_service.entrypoints.http.webhook import webhook_blueprint
from payment_service.entrypoints.pages.approval_pages import approval_pages
from payment_service.entrypoints.pages.audit_pages import audit_pages
from payment_service.entrypoints.pages.bank_pages import bank_pages
from payment_service.entrypoints.pages.earnings_pages import earnings_pages
from payment_service.entrypoints.pages.evidence_pages import evidence_pages
from payment_service.entrypoints.pages.exception_pages import exception_pages
from payment_service.entrypoints.pages.export_pages import export_pages
from payment_service.entrypoints.pages.funds_pages import funds_pages
from payment_service.entrypoints.pages.invoice_pages import invoice_pages
from payment_service.entrypoints.pages.ledger_pages import ledger_pages
from payment_service.entrypoints.pages.payee_pages import payee_pages
from payment_service.entrypoints.pages.period_pages import period_pages
from payment_service.entrypoints.pages.rail_pages import rail_pages
from payment_service.entrypoints.pages.refund_pages import refund_pages
from payment_service.entrypoints.pages.run_pages import run_pages
from payment_service.entrypoints.pages.shell import bar
from payment_service.entrypoints.pages.staff_account_pages import staff_account_pages
from payment_service.entrypoints.pages.staff_pages import staff_pages
from payment_service.entrypoints.pages.staff_role_pages import staff_role_pages
from payment_service.entrypoints.pages.statement_pages import statement_pages
from payment_service.entrypoints.pages.suspension_pages import suspension_pages
from payment_service.entrypoints.pages.tax_pages import tax_pages
from payment_service.entrypoints.pages.today_pages import today_pages
from payment_service.entrypoints.pages.tolerance_pages import tolerance_pages
from payment_service.entrypoints.pages.trail_pages import trail_pages
from payment_service.entrypoints.pages.wallet_pages import wallet_pages

AREA = "payments"
_API = (
    wallets_blueprint,
    earnings_blueprint,
    staff_blueprint,
    ledger_blueprint,
    exceptions_blueprint,
    evidence_blueprint,
    suspensions_blueprint,
    periods_blueprint,
    payout_runs_blueprint,
    rails_blueprint,
    reconciliations_blueprint,
    approvals_blueprint,
    exports_blueprint,
    holds_blueprint,
    audit_blueprint,
    bank_statements_blueprint,
    trails_blueprint,
    refunds_blueprint,
    invoices_blueprint,
)
# The finance and /pay pages, each made by a function of the application.
PAGES: tuple[Callable[[Application], Blueprint], ...] = (
    staff_pages,
    staff_account_pages,
    staff_role_pages,
    today_pages,
    run_pages,
    rail_pages,
    ledger_pages,
    approval_pages,
    exception_pages,
    evidence_pages,
    period_pages,
    export_pages,
    tax_pages,
    payee_pages,
    suspension_pages,
    audit_pages,
    earnings_pages,
    wallet_pages,
    bank_pages,
    tolerance_pages,
    trail_pages,
    refund_pages,
    funds_pages,
    statement_pages,
    invoice_pages,
)


def create_wsgi_app(environment: Mapping[str, str] | None = None) -> Flask:
    """Build the service from the environment; call it in each server process, after the fork."""
    settings = read_settings(environment)
    configure_logging(service=SERVICE, process="api", level=settings.common.log_level)
    return create_web(build(settings))


def create_web(application: Application) -> Flask:
    settings = application.settings
    app, api = create_app(
        "payment_service",
        area=AREA,
        title="Crowdloom payments",
        sessions=application.sessions,
        records=application.session_records,
        pass_lifetime=PASS_LIFETIME,
        idempotency=application.idempotency,
        checks=application.checks,
        operations=Operations(
            application.database,
            application.clock,
            figures={**application.watch_books.figures(), **application.watch_invariants.figures()},
        ),
        secure_cookies=settings.common.secure_cookies,
    )
    if settings.trusted_proxy_count:
        count = settings.trusted_proxy_count
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]
    add_security_schemes(api.spec)
    for blueprint in _API:
        api.register_blueprint(blueprint(application))
    app.register_blueprint(webhook_blueprint(application))
    ui.register(
        app,
        service=SERVICE,
        prefix="/finance",
        pages=Path(__file__).parent / "pages",
        bar=bar,
        clock=application.clock,
        may_send=may_send,
        may_open=may_open,
    )
    for pages in PAGES:
        app.register_blueprint(pages(application))
    return app
