"""A requester's statement: every movement of the free funds, with the balance after each."""

from collections.abc import Iterator, Sequence
from typing import Any

from crowdloom.chassis.http.auth import require
from crowdloom.kernel import Money
from crowdloom.kernel.ids import BatchId
from flask import Blueprint, Response, render_template, request

from payment_service.application.journal import StatementLine
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.entrypoints.pages import files, shell, words

STATEMENT_PAGE = "/pay/statement"
PAGE_ITEMS = 50
_FILE_ITEMS, _FILE_CHUNKS_MAX = 500, 200
_COLUMNS = ("booked_at", "what", "batch", "title", "in", "out", "balance", "currency")
_NUMBERS = frozenset({"in", "out", "balance"})


def statement_pages(application: Application) -> Blueprint:
    blueprint = Blueprint("statement_pages", __name__)

    @blueprint.get(STATEMENT_PAGE)
    @require("requester")
    def statement() -> str:
        before = request.args.get("cursor")
        found = application.journal.statement(
            _path(application), count_max=PAGE_ITEMS + 1, before=before
        )
        lines = found[:PAGE_ITEMS]
        return render_template(
            "pay/statement.html",
            lines=lines,
            next_cursor=lines[-1].entry.entry_id if len(found) > PAGE_ITEMS else None,
            titles=_titles(application, lines),
            flows=words.wallet_flows(),
            money=Money,
        )

    @blueprint.get(f"{STATEMENT_PAGE}.csv")
    @require("requester")
    def as_csv() -> Response:
        rows = _rows(application, _path(application), words.wallet_flows())
        return files.csv_file("statement.csv", _COLUMNS, rows)

    @blueprint.get(f"{STATEMENT_PAGE}.xlsx")
    @require("requester")
    def as_workbook() -> Response:
        rows = _rows(application, _path(application), words.wallet_flows())
        return files.xlsx_file("statement.xlsx", _COLUMNS, rows, numbers=_NUMBERS)

    return blueprint


def _path(application: Application) -> str:
    return chart.wallet(shell.requester(), application.currency)


def _titles(application: Application, lines: Sequence[StatementLine]) -> dict[str, str]:
    """Batch -> what its requester called it, where that was told."""
    named = {BatchId(line.entry.refs["batch"]) for line in lines if "batch" in line.entry.refs}
    books = application.readers.batches.many(named)
    return {batch_id: book.title for batch_id, book in books.items() if book.title}


def _rows(
    application: Application, path: str, flows: dict[str, str]
) -> Iterator[list[tuple[str, ...]]]:
    """Newest first, a page at a time; read while the browser receives, when no request is there."""
    before: str | None = None
    for _ in range(_FILE_CHUNKS_MAX):
        lines = application.journal.statement(path, count_max=_FILE_ITEMS, before=before)
        titles = _titles(application, lines)
        yield [_cells(line, flows, titles) for line in lines]
        if len(lines) < _FILE_ITEMS:
            return
        before = lines[-1].entry.entry_id


def _cells(line: StatementLine, flows: dict[str, str], titles: dict[str, Any]) -> tuple[str, ...]:
    entry, currency = line.entry, line.entry.currency
    batch = entry.refs.get("batch", "")
    return (
        files.when(entry.booked_at),
        flows.get(entry.code, entry.code),
        batch,
        titles.get(batch, ""),
        files.plain(Money(line.credit, currency)) if line.credit else "",
        files.plain(Money(line.debit, currency)) if line.debit else "",
        files.plain(Money(line.balance, currency)),
        currency.code,
    )
