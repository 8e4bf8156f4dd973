"""Rows as an Excel workbook: numbers are exact, and everything else is a text that cannot run."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CELL_CHARACTERS_MAX = 32_767
# A sheet ends at 1,048,576 rows; the next one goes on.
SHEET_ROWS_MAX = 1_000_000
_CHUNK_BYTES = 65_536
_IN_MEMORY_BYTES = 8_000_000
_NO_CHARACTER = "\ufffd"

Cell = str | int | Decimal | None


def workbook(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str = "list"
) -> Iterator[bytes]:
    """The file, written to disk first. What a sheet cannot hold is cut (32,767 characters a cell)
    or replaced (control characters by U+FFFD).
    """
    # Here and not above: it brings numpy, and every process of a service would wait for both.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page, row_count = _new_sheet(book, sheet, columns), 0
    for row in rows:
        if row_count == SHEET_ROWS_MAX:
            page, row_count = _new_sheet(book, sheet, columns), 0
        page.append([_cell(page, value) for value in row])
        row_count += 1
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _new_sheet(book: Any, name: str, columns: Sequence[str]) -> Any:
    number = len(book.sheetnames) + 1
    page = book.create_sheet(name if number == 1 else f"{name} {number}")
    page.freeze_panes = "A2"
    page.append([_cell(page, column) for column in columns])
    return page


def _cell(page: Any, value: Cell) -> Any:
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    shown = ILLEGAL_CHARACTERS_RE.sub(_NO_CHARACTER, value)[:CELL_CHARACTERS_MAX]
    cell = WriteOnlyCell(page, shown)
    # openpyxl takes `=..` for a formula and `#N/A` for an error: here everything is a text.
    cell.data_type = "s"
    return cell
