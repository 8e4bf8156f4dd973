"""A table with faulty rows, as it was read: shown row by row, mended in place, written anew."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crowdloom.kernel.limits import CELL_CHARACTERS_MAX

from task_service.domain.tables import RowFault, header_faults, row_faults

REASON_COLUMN = "reason"


@dataclass(frozen=True)
class RawRow:
    """`line` counts from 1; there may be more or fewer cells than columns."""

    line: int
    cells: tuple[str, ...]

    @property
    def too_long(self) -> bool:
        """Whether a cell is too long to be mended in a form: such a row can only be left out."""
        return any(len(cell) > CELL_CHARACTERS_MAX for cell in self.cells)


@dataclass(frozen=True)
class RawTable:
    """Every row of a file, right or wrong, and how the file was read."""

    header: RawRow
    rows: Sequence[RawRow]
    encoding: str
    delimiter: str

    def faults(self, needed: Sequence[str]) -> dict[int, list[RowFault]]:
        """By line; lines without a fault are not among them."""
        found = {row.line: row_faults(row.line, row.cells, self.header.cells) for row in self.rows}
        found[self.header.line] = header_faults(self.header.cells, needed)
        return {line: faults for line, faults in found.items() if faults}


@dataclass(frozen=True)
class Mends:
    """By line: cells as they are to be, lines whose missing cells are to be empty, lines to leave
    out.
    """

    cells: Mapping[int, Sequence[str]]
    filled: Collection[int] = ()
    skipped: Collection[int] = ()


def mended(table: RawTable, mends: Mends) -> str:
    """The table as CSV with commas. A row that was not touched keeps its cells, and its fault."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(mends.cells.get(table.header.line, table.header.cells))
    width = len(table.header.cells)
    for row in table.rows:
        if row.line not in mends.skipped:
            writer.writerow(_mended(row, mends, width))
    return text.getvalue()


def _mended(row: RawRow, mends: Mends, width: int) -> Sequence[str]:
    before = list(row.cells)
    cells = list(mends.cells.get(row.line, before))
    padded = [*before, *[""] * (width - len(before))]
    if cells == padded and row.line not in mends.filled:
        # The form shows a field for every column: one that was left empty is still missing.
        return before
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return [*cells, *[""] * (width - len(cells))]


def faulty_csv(table: RawTable, faults: Mapping[int, Sequence[str]]) -> Iterator[str]:
    """Only the faulty rows, each with its reasons in a column of its own at the end. `faults`:
    reasons by line.
    """
    rows = [row for row in table.rows if row.line in faults]
    width = max([len(table.header.cells), *(len(row.cells) for row in rows)])
    yield _line([*_wide(table.header.cells, width), REASON_COLUMN])
    for row in rows:
        yield _line([*_wide(row.cells, width), "; ".join(faults[row.line])])


def _wide(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
