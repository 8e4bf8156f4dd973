"""Rows as an Excel workbook whose cells are texts: nothing in it can run."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CELL_CHARACTERS_MAX = 32_767
_CHUNK_BYTES = 65_536
_IN_MEMORY_BYTES = 8_000_000
_NO_CHARACTER = "\ufffd"


def workbook(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The file, written to disk first. What a sheet cannot hold is cut (32,767 characters a cell)
    or replaced (control characters by U+FFFD).
    """
    # Here and not above: it brings numpy, and every process of the service would wait for both.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("results")
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row])
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    shown = ILLEGAL_CHARACTERS_RE.sub(_NO_CHARACTER, text)[:CELL_CHARACTERS_MAX]
    cell = WriteOnlyCell(sheet, shown)
    # openpyxl takes `=..` for a formula and `#N/A` for an error: here everything is a text.
    cell.data_type = "s"
    return cell
