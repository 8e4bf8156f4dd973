"""The journal as tables, a row for each line of an entry, and as JSON, a line for each entry."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from crowdloom.chassis.workbooks import workbook
from crowdloom.kernel.clock import format_instant

from payment_service.adapters.journal_files.pieces import csv_pieces, plain
from payment_service.application.export_journal import Books, Period
from payment_service.application.journal import JournalEntry

COLUMNS = (
    "entry",
    "booked_at",
    "effective_on",
    "code",
    "key",
    "account",
    "debit",
    "credit",
    "currency",
    "cause_kind",
    "cause_id",
    "refs",
)
_AMOUNTS = (COLUMNS.index("debit"), COLUMNS.index("credit"))


def write_csv(books: Books, period: Period) -> Iterator[bytes]:
    return csv_pieces(COLUMNS, _rows(books, period))


def write_jsonl(books: Books, period: Period) -> Iterator[bytes]:
    for entry in books.between(period.since, period.until):
        yield f"{json.dumps(_document(entry), ensure_ascii=False)}\n".encode()


def write_xlsx(books: Books, period: Period) -> Iterator[bytes]:
    """Amounts are numbers."""
    rows = (
        [Decimal(text) if place in _AMOUNTS else text for place, text in enumerate(row)]
        for row in _rows(books, period)
    )
    return workbook(COLUMNS, rows, sheet="journal")


def _rows(books: Books, period: Period) -> Iterator[tuple[str, ...]]:
    for entry in books.between(period.since, period.until):
        for line in entry.lines:
            yield (
                entry.entry_id,
                format_instant(entry.booked_at),
                entry.effective_on,
                entry.code,
                entry.key,
                line.account,
                plain(line.debit, entry.currency),
                plain(line.credit, entry.currency),
                entry.currency.code,
                entry.cause.get("kind") or "",
                entry.cause.get("id") or "",
                " ".join(f"{name}={value}" for name, value in sorted(entry.refs.items())),
            )


def _document(entry: JournalEntry) -> Mapping[str, Any]:
    currency = entry.currency
    return {
        "entry_id": entry.entry_id,
        "key": entry.key,
        "code": entry.code,
        "currency": currency.code,
        "scale": currency.scale,
        "lines": [
            {"account": line.account, "debit_units": line.debit, "credit_units": line.credit}
            for line in entry.lines
        ],
        "effective_on": entry.effective_on,
        "booked_at": format_instant(entry.booked_at),
        "cause": dict(entry.cause),
        "refs": dict(entry.refs),
        "fingerprint": entry.fingerprint,
    }
