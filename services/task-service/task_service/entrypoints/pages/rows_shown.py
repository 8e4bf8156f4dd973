"""Rows of an upload as its page shows them, page by page; on the first, all that are faulty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from task_service.application.look_at_upload import PIECES_SHOWN
from task_service.application.split_source import FILE_CELL
from task_service.domain.mending import RawRow, RawTable
from task_service.domain.tables import RowFault, Table
from task_service.entrypoints.pages.faults import worded

ROWS_SHOWN = 200
FAULTY_SHOWN_MAX = 1_000
FAULTY_MENDABLE_MAX = 200
_CELLS_MENDABLE_MAX = 20_000


@dataclass(frozen=True)
class ShownCell:
    """`reasons` say what is wrong with this cell; `missing` where the row has no such cell."""

    text: str
    reasons: tuple[str, ...] = ()
    missing: bool = False


@dataclass(frozen=True)
class ShownRow:
    """`reasons` are those of the whole row; those of a cell stand with it."""

    line: int
    cells: tuple[ShownCell, ...]
    faulty: bool
    mendable: bool
    reasons: tuple[str, ...]

    @property
    def short(self) -> bool:
        return any(cell.missing for cell in self.cells)


@dataclass(frozen=True)
class ShownRows:
    """`extra`: how many cells the widest of the shown rows has beyond the header's. `page` counts
    from 1.
    """

    header: ShownRow
    rows: tuple[ShownRow, ...]
    extra: int
    row_count: int
    faulty_count: int
    page: int

    @property
    def page_count(self) -> int:
        return max(1, -(-self.row_count // ROWS_SHOWN))

    @property
    def first(self) -> int:
        """The number of the page's first row, from 1."""
        return (self.page - 1) * ROWS_SHOWN + 1

    @property
    def last(self) -> int:
        return min(self.page * ROWS_SHOWN, self.row_count)

    @property
    def mendable(self) -> bool:
        return self.header.mendable or self.faulty_count > 0


def rows_shown(
    table: RawTable, faults: Mapping[int, Sequence[RowFault]], page: int = 1
) -> ShownRows:
    page = max(1, min(page, -(-len(table.rows) // ROWS_SHOWN)))
    faulty = [row for row in table.rows if row.line in faults]
    some = table.rows[(page - 1) * ROWS_SHOWN : page * ROWS_SHOWN]
    picked = {row.line: row for row in (*some, *(faulty[:FAULTY_SHOWN_MAX] if page == 1 else ()))}
    columns = table.header.cells
    fields = max(1, min(FAULTY_MENDABLE_MAX, _CELLS_MENDABLE_MAX // max(len(columns), 1)))
    rows = [picked[line] for line in sorted(picked)]
    mendable = {row.line for row in [row for row in rows if row.line in faults][:fields]}
    return ShownRows(
        header=_shown(table.header, columns, faults, mendable=table.header.line in faults),
        rows=tuple(_shown(row, columns, faults, mendable=row.line in mendable) for row in rows),
        extra=max([0, *(len(row.cells) - len(columns) for row in rows)]),
        row_count=len(table.rows),
        faulty_count=len(faulty),
        page=page,
    )


def _shown(
    row: RawRow,
    columns: Sequence[str],
    faults: Mapping[int, Sequence[RowFault]],
    *,
    mendable: bool,
) -> ShownRow:
    found = faults.get(row.line, ())
    cells = tuple(
        ShownCell(
            row.cells[place] if place < len(row.cells) else "",
            _reasons_at(columns, place, found),
            missing=place >= len(row.cells),
        )
        for place in range(max(len(columns), len(row.cells)))
    )
    whole = [one for one in found if one.column is None or one.column not in columns]
    return ShownRow(
        line=row.line,
        cells=cells,
        faulty=bool(found),
        mendable=mendable and not row.too_long,
        reasons=tuple(_whole(one) for one in whole),
    )


def _reasons_at(columns: Sequence[str], place: int, faults: Sequence[RowFault]) -> tuple[str, ...]:
    name = columns[place] if place < len(columns) else None
    return tuple(worded(one.reason) for one in faults if name is not None and one.column == name)


def _whole(fault: RowFault) -> str:
    return f"{fault.column}: {worded(fault.reason)}" if fault.column else worded(fault.reason)


@dataclass(frozen=True)
class ShownPiece:
    """`digest` and `family` (image, audio, other) where the cell stands for a kept file."""

    column: str
    text: str
    digest: str | None = None
    family: str = ""


def pieces_shown(table: Table, media_type_of: Callable[[str], str]) -> list[list[ShownPiece]]:
    """The first pieces, cell by cell."""
    return [
        [_piece(name, cell, media_type_of) for name, cell in zip(table.columns, row, strict=True)]
        for row in table.rows[:PIECES_SHOWN]
    ]


def _piece(column: str, cell: str, media_type_of: Callable[[str], str]) -> ShownPiece:
    digest = cell.removeprefix(FILE_CELL)
    if digest == cell or not digest:
        return ShownPiece(column, cell)
    family = media_type_of(digest).partition("/")[0]
    known = family if family in ("image", "audio") else "other"
    return ShownPiece(column, "", digest, known)
