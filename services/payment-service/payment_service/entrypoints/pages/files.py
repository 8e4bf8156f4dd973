"""Files for a spreadsheet: UTF-8 with its mark, and no cell that would run as a formula."""

import io
from collections.abc import Iterable, Iterator, Sequence

from defusedcsv import csv
from flask import Response


def csv_file(
    name: str, columns: Sequence[str], pages: Iterable[Iterable[Sequence[str]]]
) -> Response:
    """Sent piece by piece: `pages` are read while the browser receives."""
    response = Response(_pieces(columns, pages), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _pieces(columns: Sequence[str], pages: Iterable[Iterable[Sequence[str]]]) -> Iterator[str]:
    yield "\ufeff" + _lines([columns])
    for rows in pages:
        yield _lines(rows)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
