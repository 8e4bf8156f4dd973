"""Tables as JSON records: every faulty one is found, with its line and the reason."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from crowdloom.kernel.limits import CELL_CHARACTERS_MAX, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX

from task_service.domain.tables import (
    Faults,
    RowFault,
    Table,
    decoded,
    header_faults,
    is_plain,
    refuse_too_many_lines,
    refused,
    row_faults,
    too_many_rows,
)

_JSON = json.JSONDecoder()
_AS_WRITTEN = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_JSON_SPACE = " \t\r\n"
_CHARACTERS_TOGETHER = 65_536
_JSON_PARTS_MAX = 2_000_000
"""Objects and lists of a document: each takes memory that its two bytes do not tell of."""


def read_json_records(content: bytes, *, needed: Sequence[str] = ()) -> Table:
    """Read `{"records": [{column: text}]}`. Raises FaultyRows."""
    text = decoded(content)
    _refuse_too_many_parts(text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refused([RowFault(getattr(error, "lineno", 1), None, "not JSON")]) from error
    if not isinstance(document, dict) or not isinstance(document.get("records"), list):
        raise refused([RowFault(1, None, "not an object with a list of records")])
    return table_of_records(document["records"], needed=needed)


def read_ndjson(content: bytes, *, needed: Sequence[str] = ()) -> Table:
    """Read one record a line; empty lines are passed over. Raises FaultyRows."""
    records: list[object] = []
    lines: list[int] = []
    faults = Faults()
    whole = decoded(content)
    refuse_too_many_lines(whole)
    _refuse_too_many_parts(whole)
    if table := _plain_table(whole, needed):
        return table
    for line, text in enumerate(whole.split("\n"), start=1):
        if not text.strip():
            continue
        if len(records) > TABLE_ROWS_MAX:
            raise refused([too_many_rows(line)])
        try:
            records.append(_json_of(text))
            lines.append(line)
        except (ValueError, RecursionError):
            faults.add(RowFault(line, None, "not JSON"))
    faults.refuse()
    return table_of_records(records, needed=needed, lines=lines)


def read_json_file(text: str) -> Table:
    """Records as programs write them: a list of objects, or one object a line. Numbers count as
    they are written, what is null or missing as empty. Raises FaultyRows; the line of a fault in a
    list is the record's number.
    """
    refuse_too_many_lines(text)
    _refuse_too_many_parts(text)
    if text.lstrip().startswith("["):
        return table_of_records(_same_names(_listed(text)))
    if table := _plain_table(text, ()):
        return table
    records: list[object] = []
    lines: list[int] = []
    for line, part in enumerate(text.split("\n"), start=1):
        if part.strip():
            records.append(_as_written(part, line))
            lines.append(line)
    return table_of_records(_same_names(records), lines=lines)


def _listed(text: str) -> list[object]:
    """Raises FaultyRows."""
    found = _as_written(text, 1)
    return found if isinstance(found, list) else []


def _as_written(text: str, line: int) -> object:
    """Raises FaultyRows."""
    try:
        return _AS_WRITTEN.decode(text)
    except (ValueError, RecursionError) as error:
        at = line + getattr(error, "lineno", 1) - 1
        raise refused([RowFault(at, None, "not JSON")]) from error


def _same_names(records: Sequence[object]) -> list[object]:
    """Records with a text under each name that any of them has; what is no text stays a fault."""
    names = dict.fromkeys(_names_of(list(enumerate(records, start=1))), "")
    return [
        {**names, **{name: _text_of(value) for name, value in record.items()}}
        if isinstance(record, dict)
        else record
        for record in records
    ]


def _text_of(value: object) -> object:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool) else value


def table_of_records(
    records: Sequence[object], *, needed: Sequence[str] = (), lines: Sequence[int] | None = None
) -> Table:
    """A table from JSON objects with text values. Raises FaultyRows; a fault's `line` is that of
    `lines`, or the record's number, from 1.
    """
    if len(records) > TABLE_ROWS_MAX:
        raise refused([too_many_rows()])
    numbered = list(zip(lines or range(1, len(records) + 1), records, strict=True))
    names = _names_of(numbered)
    faults = Faults()
    faults.add(
        *(header_faults(names, needed) if records else [RowFault(1, None, "there is no row")])
    )
    rows: list[tuple[str, ...]] = []
    for line, record in numbered:
        row = _plain_row(record, names)
        if row is not None:
            rows.append(row)
            continue
        if faults.is_full:
            faults.count += _record_fault_count(record, names)
            continue
        found = _record_faults(line, record, names)
        if isinstance(record, dict) and not found:
            row = tuple(record[name] for name in names)
            found = row_faults(line, row, names)
            rows.append(row)
        faults.add(*found)
    faults.refuse()
    return Table(names, tuple(rows))


def _plain_table(whole: str, needed: Sequence[str]) -> Table | None:
    """Of records with the same names and no fault, one a line, as nearly every file has; None for
    any other. Many lines are read at once, and not kept: both take less than a line at a time.
    """
    names: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for lines in _neighbouring_lines(whole.strip(_JSON_SPACE)):
        try:
            records = _records_of(lines)
            names = names or tuple(records[0])
            found = list(map(_cells_of(names), records))
            cells = "".join(chain.from_iterable(found))  # refuses what is no text
        except (ValueError, RecursionError, TypeError, KeyError, IndexError):
            return None
        if {len(names)} != set(map(len, records)) or len(rows) + len(found) > TABLE_ROWS_MAX:
            return None
        # JSON has no other way to spell a NUL or half of a character; and no cell of short lines
        # is too long.
        looked_at = "\\u" in lines or len(cells) > CELL_CHARACTERS_MAX
        if looked_at and not all(is_plain("".join(row)) for row in found):
            return None
        rows += found
    return Table(names, tuple(rows)) if names and not header_faults(names, needed) else None


def _neighbouring_lines(text: str) -> Iterator[str]:
    """Some whole lines at a time, without the last one's end."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _CHARACTERS_TOGETHER)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _records_of(lines: str) -> list[Any]:
    """The values of lines that each are an object. Raises ValueError where one is not."""
    ends = lines.count("\n")
    records: list[Any] = json.loads("[" + lines.replace("\n", ",\n") + "]")
    # No text reaches over a line's end. So lines that begin with a brace, as many as there are
    # objects, begin one each; that none goes on in the next line tells the closing one.
    begun = lines.startswith("{") and lines.count("\n{") == ends
    closed = lines.count("}\n") + ("\r" in lines and lines.count("}\r\n")) == ends
    if not (begun and closed and len(records) == ends + 1):
        raise ValueError("not one object a line")
    return records


def _cells_of(names: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    """What takes a record's cells in this order. It raises KeyError, TypeError."""
    if len(names) == 1:
        [only] = names
        return lambda record: (record[only],)
    return itemgetter(*names)


def _json_of(line: str) -> object:
    """As json.loads, which takes twice as long for a short line. Raises ValueError."""
    text = line.strip(_JSON_SPACE)
    found, end = _JSON.raw_decode(text)
    if end != len(text):
        raise ValueError("more than one value")
    return found


def _names_of(numbered: Sequence[tuple[int, object]]) -> tuple[str, ...]:
    """All names of the records in the order of their first. Raises FaultyRows for too many."""
    names: dict[str, None] = {}
    for line, record in numbered:
        if isinstance(record, dict) and not record.keys() <= names.keys():
            names |= dict.fromkeys(record)
        if len(names) > TABLE_COLUMNS_MAX:
            raise refused([RowFault(line, None, f"more than {TABLE_COLUMNS_MAX} columns")])
    return tuple(names)


def _plain_row(record: Any, names: Sequence[str]) -> tuple[str, ...] | None:
    """The cells of a record without a fault, as nearly every one is: looked at once, and not cell
    by cell. None for any other.
    """
    try:
        row = tuple([record[name] for name in names])
        return row if is_plain("".join(row)) else None
    except (TypeError, KeyError, IndexError):
        return None


def _record_fault_count(record: object, names: Sequence[str]) -> int:
    if not isinstance(record, dict):
        return 1
    return len(names) - sum(isinstance(value, str) for value in record.values())


def _record_faults(line: int, record: object, names: Sequence[str]) -> list[RowFault]:
    if not isinstance(record, dict):
        return [RowFault(line, None, "not an object of column names and texts")]
    return [
        RowFault(line, name, "not a text" if name in record else "is missing")
        for name in names
        if not isinstance(record.get(name), str)
    ]


def _refuse_too_many_parts(text: str) -> None:
    if text.count("{") + text.count("[") > _JSON_PARTS_MAX:
        reason = f"more than {_JSON_PARTS_MAX:,} objects and lists: make several files of it"
        raise refused([RowFault(1, None, reason)])
