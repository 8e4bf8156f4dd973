"""A requester's statement: every movement of the free funds, with the balance after each."""

from crowdloom.chassis.http.auth import require
from flask import Blueprint, Response, render_template
from flask_babel import gettext as _

from payment_service.application.journal import StatementLine
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.entrypoints.pages import shell, words
from payment_service.entrypoints.pages.tables import Column, Table, days_asked

STATEMENT_PAGE = "/pay/statement"
_TITLES_MAX = 5_000


def statement_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("statement_pages", __name__)

    @blueprint.get(STATEMENT_PAGE)
    @require("requester")
    def statement() -> str:
        table, (since, until) = _table(application).shown(), days_asked()
        return render_template(
            "pay/statement.html",
            table=table,
            since=since,
            until=until,
            titles=_titles(application),
            flows=words.wallet_flows(),
        )

    @blueprint.get(f"{STATEMENT_PAGE}.<any(csv, xlsx):kind>")
    @require("requester")
    def statement_file(kind: str) -> Response:
        return _table(application).file(kind, "statement")

    return blueprint


def _table(application: Application) -> Table[StatementLine]:
    flows, titles = words.wallet_flows(), _titles(application)
    columns: list[Column[StatementLine]] = [
        Column("booked_at", lambda line: line.entry.booked_at, _("When")),
        Column("what", lambda line: flows.get(line.entry.code, line.entry.code), _("What")),
        Column("batch", lambda line: line.entry.refs.get("batch", "")),
        Column("title", lambda line: titles.get(line.entry.refs.get("batch", ""), "")),
        Column("in", lambda line: line.credit_amount, _("In"), is_figure=True, is_summed=True),
        Column("out", lambda line: line.debit_amount, _("Out"), is_figure=True, is_summed=True),
        Column("balance", lambda line: line.balance_amount, _("Balance"), is_figure=True),
        Column("currency", lambda line: line.entry.currency.code),
    ]
    since, until = days_asked()
    path = chart.wallet(shell.requester(), application.currency)
    found = application.tables.statement(path, since=since, until=until, debit="out", credit="in")
    return Table.kept(columns, found, first="-booked_at")


def _titles(application: Application) -> dict[str, str]:
    """Batch -> what its requester called it, where that was told."""
    books = application.readers.batches.of_requester(shell.requester(), _TITLES_MAX)
    return {book.batch_id: book.title for book in books if book.title}
