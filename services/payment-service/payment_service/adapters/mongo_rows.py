"""Rows of one collection, in the orders that it keeps. Orders are allow-listed fields, a place is
the id of the row before it: nothing that a reader typed becomes part of a query but as a value.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from crowdloom.chassis.store import Document
from crowdloom.kernel import Currency, Money
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from payment_service.application.rows import PIECE_ROWS, SUMMED_MAX, Order, Totals, in_pieces

RowT = TypeVar("RowT")


class MongoRows(Generic[RowT]):
    """The rows that fit `query`. `keys`: order -> field; `sums`: column -> field of whole units,
    beside which `currency` says of what; `wire_sums`: column -> field of money as it is sent.
    `place` reads the id of a row where that is no text.
    """

    def __init__(
        self,
        collection: "Collection[Document]",
        query: Document,
        *,
        keys: Mapping[str, str],
        made: Callable[[Document], RowT],
        ids: Callable[[RowT], str],
        sums: Mapping[str, str] | None = None,
        wire_sums: Mapping[str, str] | None = None,
        place: Callable[[str], Any] = str,
        summed_max: int = SUMMED_MAX,
    ) -> None:
        self._collection = collection
        self._query = query
        self._keys = keys
        self._made = made
        self._ids = ids
        self._sums = sums or {}
        self._wire_sums = wire_sums or {}
        self._place = place
        self._summed_max = summed_max

    def has(self, order: Order) -> bool:
        return order.key in self._keys

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        field = self._keys[order.key]
        query = self._query
        seen = self._collection.find_one({"_id": self._place(after)}, {field: 1}) if after else None
        if seen is not None:
            query = {"$and": [query, _beyond(seen, field, is_descending=order.is_descending)]}
        found = self._collection.find(query).sort(self._by(order)).limit(count_max)
        return [self._made(row) for row in found]

    def pieces(self, order: Order) -> Iterator[Sequence[RowT]]:
        found = self._collection.find(self._query, batch_size=PIECE_ROWS).sort(self._by(order))
        return in_pieces(self._made(row) for row in found)

    def totals(self, *, whole: bool = False) -> Totals:
        limit: dict[str, Any] = {} if whole else {"limit": self._summed_max + 1}
        count = self._collection.count_documents(self._query, **limit)
        if count > self._summed_max and not whole:
            return Totals(self._summed_max, is_whole=False)
        return Totals(count, self._in_units() | self._as_sent())

    def id_of(self, row: RowT) -> str:
        return self._ids(row)

    def _by(self, order: Order) -> list[tuple[str, int]]:
        field = self._keys[order.key]
        direction = DESCENDING if order.is_descending else ASCENDING
        return [("_id", direction)] if field == "_id" else [(field, direction), ("_id", direction)]

    def _in_units(self) -> dict[str, Sequence[Money]]:
        if not self._sums:
            return {}
        group: Document = {name: {"$sum": f"${field}"} for name, field in self._sums.items()}
        rows = self._collection.aggregate(
            [{"$match": self._query}, {"$group": {"_id": "$currency", **group}}]
        )
        known = sorted((row for row in rows if row["_id"]), key=lambda row: str(row["_id"]))
        return {
            name: [Money(int(row[name]), Currency.of(row["_id"])) for row in known]
            for name in self._sums
        }

    def _as_sent(self) -> dict[str, Sequence[Money]]:
        return {name: self._sent(field) for name, field in self._wire_sums.items()}

    def _sent(self, field: str) -> Sequence[Money]:
        by = {"currency": f"${field}.currency", "scale": f"${field}.scale"}
        rows = self._collection.aggregate(
            [
                {"$match": self._query},
                {"$group": {"_id": by, "minor": {"$sum": f"${field}.amount_minor"}}},
            ]
        )
        sums: dict[str, Money] = {}
        for row in rows:
            code = row["_id"].get("currency")
            if code:
                sums[code] = sums.get(code, Money.zero(Currency.of(code))) + wire_sum(row, code)
        return [sums[code] for code in sorted(sums)]


def wire_sum(row: Document, code: str) -> Money:
    """Of a group: amounts are finer than the smallest coin where they name a scale."""
    minor = int(row["minor"])
    currency = Currency.of(code)
    return Money(minor, currency) if row["_id"].get("scale") else Money.of_minor(minor, currency)


def _beyond(seen: Document, field: str, *, is_descending: bool) -> Document:
    """What stands after a row. Nothing comes before anything, as the database itself has it."""
    further = "$lt" if is_descending else "$gt"
    if field == "_id":
        return {"_id": {further: seen["_id"]}}
    value = seen.get(field)
    equal: Document = {field: value, "_id": {further: seen["_id"]}}
    if value is None:
        return equal if is_descending else {"$or": [equal, {field: {"$ne": None}}]}
    rest: list[Document] = [equal, {field: {further: value}}]
    return {"$or": [*rest, {field: None}] if is_descending else rest}
