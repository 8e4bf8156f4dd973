"""Tables as requesters bring them: every faulty row is found, with its line and the reason."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crowdloom.kernel.limits import (
    CELL_CHARACTERS_MAX,
    ROW_CHARACTERS_MAX,
    TABLE_BYTES_MAX,
    TABLE_CELLS_MAX,
    TABLE_COLUMNS_MAX,
    TABLE_LINES_MAX,
    TABLE_ROWS_MAX,
)

from task_service.domain.errors import FaultyRows

FAULTS_MAX = 1_000
_QUOTE = '"'


@dataclass(frozen=True)
class RowFault:
    """`line` counts from 1, the header's line being the first; `column` is None for a whole row."""

    line: int
    column: str | None
    reason: str

    def to_wire(self) -> dict[str, object]:
        return {"line": self.line, "column": self.column, "reason": self.reason}


@dataclass
class Faults:
    """All are counted, the first FAULTS_MAX kept: a file can have more of them than bytes."""

    kept: list[RowFault] = field(default_factory=list)
    count: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.kept) >= FAULTS_MAX

    def add(self, *faults: RowFault) -> None:
        self.count += len(faults)
        self.kept += faults[: FAULTS_MAX - len(self.kept)]

    def refuse(self) -> None:
        """Raises FaultyRows where there are any."""
        if self.count:
            raise refused(self.kept, self.count)


@dataclass(frozen=True)
class Table:
    """Column names, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def records(self) -> Iterable[dict[str, str]]:
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


def read_table(content: bytes, *, needed: Sequence[str] = ()) -> Table:
    """Read CSV in UTF-8, with or without a byte order mark, any line ends, quoted cells of many
    lines. `needed` are columns that must be there.

    Raises FaultyRows with every fault found; a table is either read whole or not at all.
    """
    text = decoded(content)
    refuse_too_many_lines(text)
    _refuse_what_is_no_text(text)
    refuse_unclosed_quote(text)
    try:
        numbered = list(_numbered_rows(text))
    except csv.Error as error:
        raise refused([RowFault(1, None, f"not a table: {error}")]) from error
    if not numbered:
        raise refused([RowFault(1, None, "the file is empty: its first line names the columns")])
    _, header = numbered[0]
    columns = tuple(name.strip() for name in header)
    rows = [(line, row) for line, row in numbered[1:] if any(cell.strip() for cell in row)]
    return checked_table(columns, rows, needed=needed)


def checked_table(
    columns: tuple[str, ...],
    rows: Sequence[tuple[int, Sequence[str]]],
    *,
    needed: Sequence[str] = (),
) -> Table:
    """A table of rows with their lines. Raises FaultyRows."""
    if len(rows) > TABLE_ROWS_MAX:
        raise refused([too_many_rows()])
    faults = Faults()
    faults.add(*header_faults(columns, needed))
    for line, row in rows:
        if found := row_faults(line, row, columns):
            faults.add(*found)
    if not rows and not faults.count:
        faults.add(RowFault(1, None, "there is a header and no row below it"))
    faults.refuse()
    return Table(columns, tuple(tuple(row) for _, row in rows))


def in_columns(table: Table, columns: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """The table's rows with their cells in this order. Raises FaultyRows where its columns are not
    these.
    """
    faults = [
        RowFault(1, name, "the batch's rows have this column, and these have not")
        for name in columns
        if name not in table.columns
    ]
    faults += [
        RowFault(1, name, "the batch's rows have no such column")
        for name in table.columns
        if name not in columns
    ]
    if faults:
        raise refused(faults)
    if table.columns == tuple(columns):
        return table.rows
    places = [table.columns.index(name) for name in columns]
    return (tuple(row[place] for place in places) for row in table.rows)


def is_plain(whole: str) -> bool:
    """Of a row's cells together: without a fault, however they are cut."""
    return len(whole) <= CELL_CHARACTERS_MAX and "\0" not in whole and not _is_broken(whole)


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8. Raises FaultyRows."""
    if len(content) > TABLE_BYTES_MAX:
        limit = f"{TABLE_BYTES_MAX // 1_000_000} MB"
        raise refused([RowFault(1, None, f"the file is larger than {limit}")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"0x{content[error.start]:02x}"
        reason = f"not UTF-8 (byte {byte}): save the file as “CSV UTF-8” and try again"
        raise refused([RowFault(line, None, reason)]) from error


def _numbered_rows(text: str) -> Iterable[tuple[int, list[str]]]:
    csv.field_size_limit(TABLE_BYTES_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line, count, cells = 1, 0, 0
    for row in reader:
        if row and not (line == 1 and names_delimiter(row)):
            count += 1
            cells += len(row)
            refuse_too_many_cells(cells, line)
            if count > TABLE_ROWS_MAX + 1:
                raise refused([too_many_rows(line)])
            yield line, row
        line = reader.line_num + 1


def names_delimiter(first_row: Sequence[str]) -> bool:
    """Whether it is no header but the line `sep=;`, which tells Excel what to cut cells by."""
    first, *others = first_row or [""]
    return len(first) <= len("sep=;") and first.lower().startswith("sep=") and not any(others)


def refuse_too_many_lines(text: str) -> None:
    """Before anything is made of them: a line can be a single byte."""
    if max(text.count("\n"), text.count("\r")) > TABLE_LINES_MAX:
        reason = f"more than {TABLE_LINES_MAX:,} lines: make several files of it"
        raise refused([RowFault(TABLE_LINES_MAX + 1, None, reason)])


def refuse_too_many_cells(count: int, line: int) -> None:
    """While they are read: all of them are in memory together."""
    if count > TABLE_CELLS_MAX:
        reason = f"more than {TABLE_CELLS_MAX:,} cells: make several files of it"
        raise refused([RowFault(line, None, reason)])


def _refuse_what_is_no_text(text: str) -> None:
    """A few NUL bytes are faults of their cells; many are those of a file of another kind."""
    if text.count("\0") > FAULTS_MAX:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise refused([RowFault(line, None, "contains many NUL bytes: this is not a text file")])


def refuse_unclosed_quote(text: str) -> None:
    """An odd number of quotes means one was never closed: say where the last one opened."""
    if text.count(_QUOTE) % 2:
        line = text.count("\n", 0, text.rfind(_QUOTE)) + 1
        raise refused([RowFault(line, None, "a quote is opened and never closed")])


def header_faults(columns: Sequence[str], needed: Sequence[str]) -> list[RowFault]:
    """What is wrong with the names of the columns; of too many no more is said."""
    if len(columns) > TABLE_COLUMNS_MAX:
        return [RowFault(1, None, f"more than {TABLE_COLUMNS_MAX} columns")]
    faults = [
        RowFault(1, name, "this column is there twice")
        for name, count in Counter(columns).items()
        if count > 1
    ]
    faults += [
        RowFault(1, None, f"column {number} has no name")
        for number, name in enumerate(columns, start=1)
        if not name
    ]
    faults += [
        RowFault(1, name, "the template needs this column, and the file has none of that name")
        for name in needed
        if name not in columns
    ]
    return faults


def row_faults(line: int, row: Sequence[str], columns: Sequence[str]) -> list[RowFault]:
    """What is wrong with one row, cell by cell."""
    if len(row) != len(columns):
        return [RowFault(line, None, f"{len(row)} cells where the header has {len(columns)}")]
    whole = "".join(row)
    if is_plain(whole):
        return []  # nearly every row: looked at once, and not cell by cell
    faults = []
    if len(whole) > ROW_CHARACTERS_MAX:  # what an engine takes as one document is bounded as well
        faults.append(RowFault(line, None, f"longer than {ROW_CHARACTERS_MAX:,} characters"))
    for name, cell in zip(columns, row, strict=True):
        if "\0" in cell:
            faults.append(RowFault(line, name, "contains a NUL byte"))
        if _is_broken(cell):
            faults.append(RowFault(line, name, "contains half of a character"))
        if len(cell) > CELL_CHARACTERS_MAX:
            faults.append(RowFault(line, name, f"longer than {CELL_CHARACTERS_MAX:,} characters"))
    return faults


def too_many_rows(line: int = TABLE_ROWS_MAX + 1) -> RowFault:
    reason = f"more than {TABLE_ROWS_MAX:,} rows: make several files of it"
    return RowFault(line, None, reason)


def _is_broken(text: str) -> bool:
    """Whether JSON spelled half of a surrogate pair, which no engine can store."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def refused(faults: Sequence[RowFault], fault_count: int | None = None) -> FaultyRows:
    """The refusal that names all of these faults; the first FAULTS_MAX are listed, `fault_count`
    tells of more.
    """
    count = fault_count or len(faults)
    return FaultyRows(
        "Faulty rows: %(fault_count)s; nothing was created",
        faults=[fault.to_wire() for fault in faults[:FAULTS_MAX]],
        fault_count=count,
    )
