"""Rows of a table: in a chosen order, a page at a time, with totals over all that was asked for.

No list ends by itself: whatever does not fit into memory is read a piece at a time.
"""

import heapq
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Generic, Protocol, TypeVar

from crowdloom.kernel import Currency, Money

# What is counted and summed while a reader waits; of more, the whole is summed when asked for.
SUMMED_MAX = 20_000
# Fewer where no database can sum, and every row is read for it.
READ_MAX = 2_000
PIECE_ROWS = 500
# How many rows are held while an order is made that no database keeps.
_HELD_ROWS = 5_000

RowT = TypeVar("RowT")
SourceT = TypeVar("SourceT")
Value = str | int | Money | date | datetime | None
Values = Mapping[str, Callable[[RowT], Value]]


@dataclass(frozen=True)
class Order:
    """`key` names a column; equals are ordered by their ids."""

    key: str
    is_descending: bool = False


@dataclass(frozen=True)
class Totals:
    """Over all rows, not only a page of them: how many, and by column the sum in each currency.
    Not `is_whole` where there are more than are summed at once; `count` is the limit then.
    """

    count: int
    sums: Mapping[str, Sequence[Money]] = field(default_factory=dict)
    is_whole: bool = True


class Rows(Protocol[RowT]):
    """The rows that fit what was asked for. Blocks; reads what is committed."""

    def has(self, order: Order) -> bool:
        """Whether they come in this order without all of them being read."""
        ...

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        """The first ones, or those after the row with that id; from the start where it is gone."""
        ...

    def pieces(self, order: Order) -> Iterator[Sequence[RowT]]:
        """All of them, read while they are iterated."""
        ...

    def totals(self, *, whole: bool = False) -> Totals:
        """`whole` counts and sums however many there are, which may take long."""
        ...

    def id_of(self, row: RowT) -> str: ...


class ListedRows(Generic[RowT]):
    """Rows that were read already. `values` says what each column holds, `summed` names the
    columns of amounts that have a total.
    """

    def __init__(
        self,
        rows: Sequence[RowT],
        *,
        ids: Callable[[RowT], str],
        values: Values[RowT],
        summed: Collection[str] = (),
    ) -> None:
        self._rows = rows
        self._ids = ids
        self._values = values
        self._summed = summed

    def has(self, order: Order) -> bool:
        return order.key in self._values

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        rows = self._sorted(order)
        places = (place for place, row in enumerate(rows, 1) if self._ids(row) == after)
        start = next(places, 0)
        return rows[start : start + count_max]

    def pieces(self, order: Order) -> Iterator[Sequence[RowT]]:
        yield from in_pieces(self._sorted(order))

    def totals(self, *, whole: bool = False) -> Totals:
        del whole  # it always is
        return _totals(self._rows, self._values, self._summed)

    def id_of(self, row: RowT) -> str:
        return self._ids(row)

    def _sorted(self, order: Order) -> Sequence[RowT]:
        key = _key(self._values[order.key], self._ids)
        return sorted(self._rows, key=key, reverse=order.is_descending)


class JoinedRows(Generic[SourceT, RowT]):
    """Rows that are made of what `source` has, some at a time: `joined` gives one for each, in
    their order. Orders and sums that the source lacks are made by reading all rows, of which no
    more than a page is held.
    """

    def __init__(
        self,
        source: Rows[SourceT],
        joined: Callable[[Sequence[SourceT]], Sequence[RowT]],
        *,
        ids: Callable[[RowT], str],
        values: Values[RowT],
        summed: Collection[str] = (),
        usual: Order,
    ) -> None:
        self._source = source
        self._joined = joined
        self._ids = ids
        self._values = values
        self._summed = summed
        self._usual = usual

    def has(self, order: Order) -> bool:
        return self._source.has(order)

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        if self.has(order):
            return self._joined(self._source.page(order, count_max, after=after))
        return self._picked(order, count_max, after=after)

    def pieces(self, order: Order) -> Iterator[Sequence[RowT]]:
        if self.has(order):
            yield from map(self._joined, self._source.pieces(order))
            return
        after: str | None = None
        while rows := self._picked(order, _HELD_ROWS, after=after):
            after = self._ids(rows[-1])
            yield rows

    def totals(self, *, whole: bool = False) -> Totals:
        found = self._source.totals(whole=whole)
        if not found.is_whole or set(self._summed) <= set(found.sums):
            return found
        if found.count > READ_MAX and not whole:
            return Totals(READ_MAX, is_whole=False)
        return _totals(self._all(), self._values, self._summed)

    def id_of(self, row: RowT) -> str:
        return self._ids(row)

    def _all(self) -> Iterator[RowT]:
        return chain.from_iterable(map(self._joined, self._source.pieces(self._usual)))

    def _picked(self, order: Order, count_max: int, *, after: str | None) -> Sequence[RowT]:
        key = _key(self._values[order.key], self._ids)
        rows: Iterable[RowT] = self._all()
        seen = (
            next((row for row in self._all() if self._ids(row) == after), None) if after else None
        )
        if seen is not None:
            place, beyond = key(seen), operator.lt if order.is_descending else operator.gt
            rows = (row for row in rows if beyond(key(row), place))
        pick = heapq.nlargest if order.is_descending else heapq.nsmallest
        return pick(count_max, rows, key=key)


def in_pieces(rows: Iterable[RowT]) -> Iterator[Sequence[RowT]]:
    """All of them, `PIECE_ROWS` at a time."""
    coming = iter(rows)
    while piece := list(islice(coming, PIECE_ROWS)):
        yield piece


class _Tally:
    """One sum a currency; what is no amount is left out."""

    def __init__(self) -> None:
        self._units: dict[Currency, int] = {}

    def add(self, amount: Value) -> None:
        if isinstance(amount, Money):
            self._units[amount.currency] = self._units.get(amount.currency, 0) + amount.units

    def sums(self) -> Sequence[Money]:
        known = sorted(self._units.items(), key=lambda each: each[0].code)
        return [Money(units, currency) for currency, units in known]


def _totals(rows: Iterable[RowT], values: Values[RowT], summed: Collection[str]) -> Totals:
    count, tallies = 0, {name: _Tally() for name in summed}
    for row in rows:
        count += 1
        for name, tally in tallies.items():
            tally.add(values[name](row))
    return Totals(count, {name: tally.sums() for name, tally in tallies.items()})


def _key(value: Callable[[RowT], Value], ids: Callable[[RowT], str]) -> Callable[[RowT], Any]:
    return lambda row: (_rank(value(row)), ids(row))


def _rank(value: Value) -> tuple[Any, ...]:
    """Nothing comes before anything; amounts compare by what is printed, nothing is converted."""
    if value is None:
        return (0,)
    if isinstance(value, Money):
        return (1, Decimal(value.units).scaleb(-value.currency.scale))
    return (1, value.casefold() if isinstance(value, str) else value)
