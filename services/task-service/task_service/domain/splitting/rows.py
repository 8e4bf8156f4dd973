"""Tables by row or by groups of rows.

A row keeps its original bytes as long as no answer changes a cell of it. An answer named like a
column replaces that cell; any other name becomes a new column. What an answer put there is defused
for spreadsheets; the file's own cells are not touched. In a group of n rows the columns and the
fields are numbered: `name_1` .. `name_n`.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from crowdloom.kernel.limits import TABLE_BYTES_MAX, TABLE_COLUMNS_MAX, TABLE_ROWS_MAX

from task_service.domain.known_answers import PREFIX
from task_service.domain.splitting.pieces import (
    PieceAnswer,
    PieceAnswers,
    Split,
    Wish,
    not_splittable,
)
from task_service.domain.spreadsheets import defused
from task_service.domain.tables import (
    checked_table,
    names_delimiter,
    refuse_too_many_cells,
    refuse_too_many_lines,
    refuse_unclosed_quote,
    refused,
    too_many_rows,
)

STATUS_COLUMN = "crowdloom.status"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_NUMBERED = re.compile(r"(.+)_(\d+)")


def split_rows(text: str, wish: Wish, *, delimiter: str) -> Split:
    """Raises FaultyRows."""
    refuse_unclosed_quote(text)
    read = list(spanned_rows(text, delimiter))
    if not read:
        raise not_splittable("the file is empty: its first line names the columns")
    columns = tuple(name.strip() for name in read[0][2])
    if wish.size > 1 and len(columns) * wish.size > TABLE_COLUMNS_MAX:
        raise not_splittable(
            f"{wish.size} rows of {len(columns)} columns are more than {TABLE_COLUMNS_MAX} "
            "columns: take fewer rows to a piece"
        )
    checked_table(columns, [(line, row) for line, _, row in read[1:]])
    spans = [span for _, span, _ in read[1:]]
    groups = [read[at : at + wish.size] for at in range(1, len(read), wish.size)]
    return Split(
        columns=_numbered(columns, wish.size),
        rows=[_cells(group, len(columns) * wish.size) for group in groups],
        lines=[group[0][0] for group in groups],
        recipe={
            "header": list(read[0][1]),
            "rows": [list(span) for span in spans],
            "size": wish.size,
            "columns": list(columns),
            "delimiter": delimiter,
        },
        # It may be given the template's name; a column of known answers is shown to no worker.
        main_column=next((name for name in columns if not name.startswith(PREFIX)), columns[0]),
    )


def merge_rows(text: str, recipe: Mapping[str, object], answers: PieceAnswers) -> Iterator[str]:
    """The table again. Where a piece has no answer, or a contested one, a column
    `crowdloom.status` says so on each of its rows.
    """
    table = _Recipe(recipe)
    added = table.new_columns(answers)
    marked = any(one is None or one.contested for one in answers)
    place, end = table.header
    extra = [*added, STATUS_COLUMN] if marked else added
    yield text[:end] + _appended(extra, table.delimiter)
    place = end
    for number, (start, end) in enumerate(table.rows):
        answer = answers[number // table.size]
        values = table.values_of(answer, number % table.size)
        yield text[place:start]
        yield table.row(text[start:end], values)
        cells = [values.get(name, "") for name in added]
        yield _appended([*cells, _status(answer)] if marked else cells, table.delimiter)
        place = end
    yield text[place:]


class _Recipe:
    """What `split_rows` noted, with its types."""

    def __init__(self, recipe: Mapping[str, object]) -> None:
        noted: Mapping[str, list[object]] = recipe  # type: ignore[assignment]
        self.header: tuple[int, int] = tuple(noted["header"])  # type: ignore[assignment]
        self.rows: list[tuple[int, int]] = noted["rows"]  # type: ignore[assignment]
        self.columns = [str(name) for name in noted["columns"]]
        self.size = int(str(recipe["size"]))
        self.delimiter = str(recipe["delimiter"])
        self._read: dict[str, tuple[str, int | None]] = {}

    def new_columns(self, answers: PieceAnswers) -> list[str]:
        fields = {name for one in answers if one is not None for name in one.values}
        names = {self._base(name, place) for name in fields for place in range(self.size)}
        return sorted(name for name in names if name and name not in self.columns)

    def values_of(self, answer: PieceAnswer | None, place: int) -> dict[str, str]:
        if answer is None:
            return {}
        named = ((self._base(name, place), value) for name, value in answer.values.items())
        return {name: value for name, value in named if name}

    def _base(self, name: str, place: int) -> str | None:
        """The column that the field is about, None where it is about another row of the group."""
        if self.size == 1:
            return name
        if name not in self._read:  # the same few on every piece
            found = _NUMBERED.fullmatch(name)
            self._read[name] = (found[1], int(found[2])) if found else (name, None)
        base, number = self._read[name]
        return base if number in (None, place + 1) else None

    def row(self, original: str, values: Mapping[str, str]) -> str:
        [cells] = csv.reader(io.StringIO(original, newline=""), delimiter=self.delimiter)
        answered = [
            cell if values.get(name, cell) == cell else defused(values[name])
            for name, cell in zip(self.columns, cells, strict=True)
        ]
        return original if answered == cells else _written(answered, self.delimiter)


class _Lines:
    """A text's lines with their ends, one at a time; `end` is where the last one stopped."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.end = 0

    def __iter__(self) -> Iterator[str]:
        for match in _LINE.finditer(self._text):
            if match[0]:
                self.end = match.end()
                yield match[0]


def spanned_rows(text: str, delimiter: str) -> Iterator[tuple[int, tuple[int, int], list[str]]]:
    """(line, span without the line end, cells) of every row that is not blank; the line counts
    from 1. Raises FaultyRows.
    """
    refuse_too_many_lines(text)
    lines = _Lines(text)
    # For the whole process, so it is the same wherever tables are read.
    csv.field_size_limit(TABLE_BYTES_MAX)
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    first, start, count, cells = 0, 0, 0, 0
    try:
        for row in reader:
            end = lines.end
            if any(cell.strip() for cell in row) and not (first == 0 and names_delimiter(row)):
                count += 1
                cells += len(row)
                refuse_too_many_cells(cells, first + 1)
                if count > TABLE_ROWS_MAX + 1:
                    raise refused([too_many_rows(first + 1)])
                yield first + 1, (start, start + len(text[start:end].rstrip("\r\n"))), row
            first, start = reader.line_num, end
    except csv.Error as error:
        raise not_splittable(f"not a table: {error}", line=first + 1) from error


def _numbered(columns: Sequence[str], size: int) -> tuple[str, ...]:
    if size == 1:
        return tuple(columns)
    return tuple(f"{name}_{number}" for number in range(1, size + 1) for name in columns)


def _cells(group: Sequence[tuple[int, tuple[int, int], list[str]]], width: int) -> tuple[str, ...]:
    """The cells of all rows of a group; a last group that is not full has empty ones."""
    cells = [cell for _, _, row in group for cell in row]
    return (*cells, *[""] * (width - len(cells)))


def _status(answer: PieceAnswer | None) -> str:
    if answer is None:
        return "missing"
    return "contested" if answer.contested else ""


def _appended(cells: Sequence[str], delimiter: str) -> str:
    if not cells:
        return ""
    return delimiter + _written([defused(cell) for cell in cells], delimiter)


def _written(cells: Sequence[str], delimiter: str) -> str:
    text = io.StringIO()
    # The line end is what has the writer quote cells that hold one; it is taken off again.
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")
