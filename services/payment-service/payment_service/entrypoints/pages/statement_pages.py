"""A requester's statement: every movement of the free funds, with the balance after each."""

from collections.abc import Sequence
from functools import partial

from crowdloom.chassis.http.auth import require
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, Response, render_template
from flask_babel import gettext as _

from payment_service.application.journal import StatementLine
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.entrypoints.pages import shell, words
from payment_service.entrypoints.pages.tables import Column, Table, days_asked

STATEMENT_PAGE = "/pay/statement"
# A movement with what its requester called the batch, where that was told.
Row = tuple[StatementLine, str]


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
            flows=words.wallet_flows(),
        )

    @blueprint.get(f"{STATEMENT_PAGE}.<any(csv, xlsx):kind>")
    @require("requester")
    def statement_file(kind: str) -> Response:
        return _table(application).file(kind, "statement")

    return blueprint


def _table(application: Application) -> Table[Row]:
    flows = words.wallet_flows()
    columns: list[Column[Row]] = [
        Column("booked_at", lambda row: row[0].entry.booked_at, _("When")),
        Column("what", lambda row: flows.get(row[0].entry.code, row[0].entry.code), _("What")),
        Column("batch", lambda row: _batch_of(row[0])),
        Column("title", lambda row: row[1]),
        Column("in", lambda row: row[0].credit_amount, _("In"), is_figure=True, is_summed=True),
        Column("out", lambda row: row[0].debit_amount, _("Out"), is_figure=True, is_summed=True),
        Column("balance", lambda row: row[0].balance_amount, _("Balance"), is_figure=True),
        Column("currency", lambda row: row[0].entry.currency.code),
    ]
    since, until = days_asked()
    path = chart.wallet(shell.requester(), application.currency)
    found = application.tables.statement(path, since=since, until=until, debit="out", credit="in")
    return Table.joined(
        columns,
        found,
        partial(_titled, application),
        ids=lambda row: row[0].entry.entry_id,
        first="-booked_at",
    )


def _titled(application: Application, lines: Sequence[StatementLine]) -> list[Row]:
    named = {_batch_of(line) for line in lines}
    books = application.readers.batches.many({BatchId(each) for each in named if each})
    titles = {batch_id: book.title or "" for batch_id, book in books.items()}
    return [(line, titles.get(BatchId(_batch_of(line)), "")) for line in lines]


def _batch_of(line: StatementLine) -> str:
    return line.entry.refs.get("batch", "")
