"""Files for a spreadsheet: UTF-8 with its mark, and no cell that would run as a formula."""

import io
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from crowdloom.kernel import Money
from crowdloom.kernel.clock import format_instant
from defusedcsv import csv
from flask import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK_BYTES = 65_536
_IN_MEMORY_BYTES = 8_000_000


def csv_file(
    name: str, columns: Sequence[str], pages: Iterable[Iterable[Sequence[str]]]
) -> Response:
    """Sent piece by piece: `pages` are read while the browser receives."""
    response = Response(_pieces(columns, pages), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def xlsx_file(
    name: str,
    columns: Sequence[str],
    pages: Iterable[Iterable[Sequence[str]]],
    *,
    numbers: Collection[str] = (),
) -> Response:
    """The same as a workbook: the columns `numbers` hold numbers, all others texts that no
    spreadsheet runs.
    """
    response = Response(_workbook(columns, pages, frozenset(numbers)), mimetype=XLSX)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def plain(amount: Money | None) -> str:
    """Digits alone; the currency has a column of its own."""
    return "" if amount is None else str(amount).split()[0]


def when(instant: datetime | None) -> str:
    return format_instant(instant) if instant else ""


def _pieces(columns: Sequence[str], pages: Iterable[Iterable[Sequence[str]]]) -> Iterator[str]:
    yield "\ufeff" + _lines([columns])
    for rows in pages:
        yield _lines(rows)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()


def _workbook(
    columns: Sequence[str], pages: Iterable[Iterable[Sequence[str]]], numbers: frozenset[str]
) -> Iterator[bytes]:
    # Here and not above: it brings numpy, and every process of the service would wait for both.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("list")
    sheet.freeze_panes = "A2"
    sheet.append(list(columns))
    for rows in pages:
        for row in rows:
            named = zip(columns, row, strict=True)
            sheet.append([_cell(sheet, text, number=name in numbers) for name, text in named])
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _cell(sheet: Any, text: str, *, number: bool) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if number:
        return Decimal(text) if text else None
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
    # openpyxl takes `=..` for a formula: here everything else is a text.
    cell.data_type = "s"
    return cell
