"""The operator's page of new accounts: evidence for a person, and no address in it."""

from crowdloom.chassis.http.auth import require
from flask import Blueprint, render_template

from worker_service.bootstrap import Application

ACCOUNTS_PAGE = "/operator/accounts"


def watch_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("watch_pages", __name__)

    @blueprint.get(ACCOUNTS_PAGE)
    @require("staff", "operator")
    def accounts() -> str:
        return render_template("operator/accounts.html", now=application.watch_accounts())

    return blueprint
