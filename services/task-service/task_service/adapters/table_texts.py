"""Tables as text of separated values, whatever they came as: CSV, TSV, JSON lines, XLSX."""

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time

from crowdloom.kernel.limits import TABLE_BYTES_MAX, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX

from task_service.adapters.encodings import Decoded, decode
from task_service.domain.records import read_json_file
from task_service.domain.splitting.pieces import not_splittable
from task_service.domain.uploads import Kind, is_list_of_objects, kind_of

WORKBOOK_BYTES_MAX = 150_000_000
_SAMPLE_CHARACTERS = 65_536
_TEXTS_PART = "sharedStrings.xml"
_DELIMITERS = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"]*"')


def table_text(content: bytes, encoding: str | None, *, days: bool = True) -> Decoded:
    """`days`: whether a day in a workbook is written without the midnight that it is kept with;
    what was split before days were is merged as it was read then. Raises FaultyRows with the line
    of what cannot be read.
    """
    if kind_of(content) is Kind.WORKBOOK:
        return Decoded([_written(_workbook_rows(content, days=days))], "utf-8")
    decoded = decode(content, encoding)
    if _is_json("".join(decoded.stretches[:1])):
        table = read_json_file(decoded.text)
        text = _written([table.columns, *table.rows])
        return Decoded([text], decoded.encoding, decoded.mark)
    return decoded


def delimiter_of(text: str) -> str:
    """The delimiter that cuts the first line into most cells; a comma where none does. What stands
    in quotes cuts nothing.
    """
    lines = text[:_SAMPLE_CHARACTERS].lstrip("\r\n").splitlines()
    first = _QUOTED.sub("", lines[0]) if lines else ""
    return max(_DELIMITERS, key=lambda one: (first.count(one), one == ","))


def _is_json(text: str) -> bool:
    """Whether it is a list of objects, or begins with a line that is one."""
    if is_list_of_objects(text.encode()):
        return True
    first = text.lstrip()[:_SAMPLE_CHARACTERS].partition("\n")[0]
    if not first.startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _workbook_rows(content: bytes, *, days: bool) -> Iterator[list[str]]:
    """The first sheet's rows. Formulas count as the values that were saved with them."""
    # Here and not above: every process of the service would wait for a library few ever need.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            size = sum(part.file_size for part in parts.infolist())
            texts = sum(p.file_size for p in parts.infolist() if p.filename.endswith(_TEXTS_PART))
        if size > WORKBOOK_BYTES_MAX or texts > TABLE_BYTES_MAX:
            limit = f"{WORKBOOK_BYTES_MAX // 1_000_000} MB"
            raise not_splittable(f"the workbook unpacks to more than {limit}: save it as CSV")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if line > TABLE_ROWS_MAX + 1:
                raise not_splittable(f"more than {TABLE_ROWS_MAX:,} rows", line=line)
            yield _cells(row[: TABLE_COLUMNS_MAX + 1], days=days)
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        IndexError,
        ValueError,
        OSError,
        SyntaxError,  # XML's word for what is no XML
        TypeError,  # openpyxl's for a part that lacks what it needs
        zlib.error,
    ) as error:
        raise not_splittable("not a workbook that can be read: save it as CSV UTF-8") from error


def _cells(row: Iterable[object], *, days: bool) -> list[str]:
    cells = [_cell(value, days=days) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell(value: object, *, days: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        is_day = days and value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _written(rows: Iterable[Iterable[str]]) -> str:
    """CSV; rows that a sheet leaves short get empty cells up to the header's width."""
    text = io.StringIO()
    writer, all_quoted = csv.writer(text), csv.writer(text, quoting=csv.QUOTE_ALL)
    width = 0
    for line, row in enumerate(rows, start=1):
        if text.tell() > TABLE_BYTES_MAX:
            # A workbook names a text once, and can put it into every cell.
            limit = f"{TABLE_BYTES_MAX // 1_000_000} MB"
            raise not_splittable(f"the table is longer than {limit}: make several of it", line=line)
        cells = list(row)
        width = width or len(cells)
        # A header that has other delimiters in it is not to be read by those.
        confusing = line == 1 and any(one in cell for one in _DELIMITERS[1:] for cell in cells)
        write = all_quoted.writerow if confusing else writer.writerow
        write([*cells, *[""] * (width - len(cells))])
    return text.getvalue()
