"""Tables that sort, total themselves and can be downloaded: described once, shown and sent alike.

The order is in the address as `sort=amount`, or `sort=-amount` for the largest first, and only what
a table names can be asked for. Templates draw the rows; heading, totals and links come from
`finance/_table.html`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Generic, TypeVar, cast

from crowdloom.chassis.workbooks import MEDIA_TYPE, Cell, workbook
from crowdloom.kernel import Money
from crowdloom.kernel.clock import format_instant
from crowdloom.ui.registration import with_query
from flask import Response, request, stream_with_context
from markupsafe import Markup, escape

from payment_service.application.rows import JoinedRows, ListedRows, Order, Rows, Value
from payment_service.entrypoints.pages.files import csv_file

PAGE_ITEMS = 50
_WHOLE = "all"
_CELL = re.compile(r"<td(?=[\s>])")

RowT = TypeVar("RowT")
SourceT = TypeVar("SourceT")


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """`name` heads it in files and in the address, `word` on the page: without one it is in files
    alone. `value` is what a file holds.
    """

    name: str
    value: Callable[[RowT], Value]
    word: str = ""
    is_figure: bool = False
    sorts: bool = True
    is_summed: bool = False


@dataclass(frozen=True)
class Head:
    """A column's heading on the page; `sorted` is as ARIA words it."""

    name: str
    word: str
    is_figure: bool
    sorted: str | None
    href: str | None


@dataclass(frozen=True)
class Shown(Generic[RowT]):
    """One page of a table. `sums` are over all its rows; where there are too many to be summed at
    once, `whole_href` leads to the same page with all of them summed. `sort` and `cursor` name its
    parameters in the address, `order` is what `sort` says there.
    """

    rows: Sequence[RowT]
    heads: Sequence[Head]
    next_cursor: str | None
    count: int
    sums: Mapping[str, Sequence[Money]]
    whole_href: str | None
    sort: str
    cursor: str
    order: str

    def worded(self, rows: str, before: int = 0) -> Markup:
        """Rows with the heading of its column in each cell but the title: on a phone a row is a
        card, and its cells stand below each other. `before`: how many cells have no heading.
        """
        words = [*[None] * before, *(head.word for head in self.heads)]
        words[0] = None
        return Markup("<tr").join(_with_words(row, words) for row in rows.split("<tr"))


class Table(Generic[RowT]):
    """`first` is the order that nobody asked for, as the address would say it; `name` tells apart
    tables of one page.
    """

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        rows: Rows[RowT],
        *,
        first: str,
        name: str = "",
    ) -> None:
        self._columns = columns
        self._rows = rows
        self._first = first
        self._prefix = f"{name}-" if name else ""

    @classmethod
    def listed(
        cls,
        columns: Sequence[Column[RowT]],
        rows: Sequence[RowT],
        *,
        ids: Callable[[RowT], str],
        first: str,
        name: str = "",
    ) -> "Table[RowT]":
        """Of rows that were read already."""
        values, summed = _read_from(columns)
        listed = ListedRows(rows, ids=ids, values=values, summed=summed)
        return cls(columns, listed, first=first, name=name)

    @classmethod
    def kept(
        cls, columns: Sequence[Column[RowT]], source: Rows[RowT], *, first: str, name: str = ""
    ) -> "Table[RowT]":
        """Of rows that a database keeps, in any order: those it does not keep are made here."""
        return cls.joined(columns, source, list, ids=source.id_of, first=first, name=name)

    @classmethod
    def joined(
        cls,
        columns: Sequence[Column[RowT]],
        source: Rows[SourceT],
        joined: Callable[[Sequence[SourceT]], Sequence[RowT]],
        *,
        ids: Callable[[RowT], str],
        first: str,
        name: str = "",
    ) -> "Table[RowT]":
        """Of rows that `joined` makes of some of the source's at a time."""
        values, summed = _read_from(columns)
        rows = JoinedRows(
            source, joined, ids=ids, values=values, summed=summed, usual=_order_of(first)
        )
        return cls(columns, rows, first=first, name=name)

    def shown(self, count_max: int = PAGE_ITEMS) -> Shown[RowT]:
        cursor, whole, order = f"{self._prefix}cursor", f"{self._prefix}totals", self._order()
        found = self._rows.page(order, count_max + 1, after=request.args.get(cursor) or None)
        rows = found[:count_max]
        totals = self._rows.totals(whole=request.args.get(whole) == _WHOLE)
        return Shown(
            rows=rows,
            heads=[self._head(column, order) for column in self._columns if column.word],
            next_cursor=self._rows.id_of(rows[-1]) if len(found) > count_max else None,
            count=totals.count,
            sums=totals.sums,
            whole_href=None if totals.is_whole else with_query(**{whole: _WHOLE}),
            sort=f"{self._prefix}sort",
            cursor=cursor,
            order=_worded(order),
        )

    def file(self, kind: str, name: str) -> Response:
        """All rows, sent piece by piece; `kind` is csv or xlsx."""
        columns = [column.name for column in self._columns]
        # They are read while the browser receives, and some are worded in the reader's language.
        pages: Iterator[Any] = stream_with_context(cast("Any", self._pages(self._order())))
        if kind == "csv":
            return csv_file(
                f"{name}.csv", columns, ([_texts(row) for row in rows] for rows in pages)
            )
        body = workbook(columns, (row for rows in pages for row in rows))
        response = Response(body, mimetype=MEDIA_TYPE)
        response.headers["Content-Disposition"] = f"attachment; filename={name}.xlsx"
        return response

    def _order(self) -> Order:
        asked = request.args.get(f"{self._prefix}sort", "")
        order = _order_of(asked)
        known = {column.name for column in self._columns if column.sorts and column.word}
        return order if order.key in known else _order_of(self._first)

    def _head(self, column: Column[RowT], order: Order) -> Head:
        chosen = column.name == order.key
        # What is pressed again turns round; figures begin with the largest.
        turned = not order.is_descending if chosen else column.is_figure
        changes: dict[str, Any] = {
            f"{self._prefix}sort": _worded(Order(column.name, turned)),
            f"{self._prefix}cursor": None,
        }
        ways = {True: "descending", False: "ascending"}
        return Head(
            column.name,
            column.word,
            column.is_figure,
            ways[order.is_descending] if chosen else None,
            with_query(**changes) if column.sorts else None,
        )

    def _pages(self, order: Order) -> Iterator[list[list[Cell]]]:
        for rows in self._rows.pieces(order):
            yield [[_cell(column.value(row)) for column in self._columns] for row in rows]


def _read_from(
    columns: Sequence[Column[RowT]],
) -> tuple[Mapping[str, Callable[[RowT], Value]], Sequence[str]]:
    """What each column holds, and which have a total."""
    values = {column.name: column.value for column in columns}
    return values, [column.name for column in columns if column.is_summed]


def _with_words(row: str, words: Sequence[str | None]) -> Markup:
    place = count()

    def worded(cell: re.Match[str]) -> str:
        number = next(place)
        word = words[number] if number < len(words) else None
        return cell[0] if word is None else f'{cell[0]} data-word="{escape(word)}"'

    # Made by our own templates, where what people typed is escaped already.
    return Markup(_CELL.sub(worded, row))  # noqa: S704


def days_asked() -> tuple[date | None, date | None]:
    """The first and the last day in the address; what is no day is not asked for."""
    return asked_day("since"), asked_day("until")


def asked_day(name: str) -> date | None:
    """A day in the address; the first and the last of the calendar are limits of nothing."""
    try:
        day = date.fromisoformat(request.args.get(name, "").strip())
    except ValueError:
        return None
    return day if date.min < day < date.max else None


def _order_of(text: str) -> Order:
    return Order(text.removeprefix("-"), is_descending=text.startswith("-"))


def _worded(order: Order) -> str:
    return f"-{order.key}" if order.is_descending else order.key


def _cell(value: Value) -> Cell:
    """Amounts as exact numbers, their currency has a column of its own; moments in UTC."""
    if isinstance(value, Money):
        return Decimal(str(value).split()[0])
    if isinstance(value, datetime):
        return format_instant(value)
    return value.isoformat() if isinstance(value, date) else value


def _texts(row: Sequence[Cell]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]
