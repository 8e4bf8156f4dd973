"""The statement of an account in MongoDB: what moved it, with the balance after each, read with a
cursor however long it is.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from pymongo import DESCENDING

from payment_service.adapters.mongo_journal import MongoJournal, moving
from payment_service.adapters.mongo_ledger import JOURNAL
from payment_service.application.journal import StatementLine
from payment_service.application.rows import PIECE_ROWS, SUMMED_MAX, Order, Totals, in_pieces

_NEWEST = Order("booked_at", is_descending=True)


class MongoStatementRows:
    """Newest first: any other order needs all lines. `days` are the first and the last on which it
    was booked, `names` the columns of its debits and credits.
    """

    def __init__(
        self,
        database: MongoDatabase,
        path: str,
        *,
        days: tuple[date | None, date | None],
        names: tuple[str, str],
        summed_max: int = SUMMED_MAX,
    ) -> None:
        self._books = MongoJournal(database)
        self._journal = database[JOURNAL]
        self._path = path
        self._days = days
        self._names = names
        self._summed_max = summed_max

    def has(self, order: Order) -> bool:
        return order == _NEWEST

    def page(
        self, _order: Order, count_max: int, *, after: str | None = None
    ) -> Sequence[StatementLine]:
        since, until = self._days
        return self._books.statement(
            self._path, count_max=count_max, before=after, since=since, until=until
        )

    def pieces(self, _order: Order) -> Iterator[Sequence[StatementLine]]:
        found = self._journal.find(self._query, batch_size=PIECE_ROWS).sort("_id", DESCENDING)
        return in_pieces(self._books.lines(self._path, found))

    def totals(self, *, whole: bool = False) -> Totals:
        limit: dict[str, Any] = {} if whole else {"limit": self._summed_max + 1}
        count = self._journal.count_documents(self._query, **limit)
        if count > self._summed_max and not whole:
            return Totals(self._summed_max, is_whole=False)
        rows = self._journal.aggregate(
            [
                {"$match": self._query},
                {"$unwind": "$lines"},
                {"$match": {"lines.a": self._path}},
                {"$group": {"_id": None, "dr": {"$sum": "$lines.dr"}, "cr": {"$sum": "$lines.cr"}}},
            ]
        )
        sums = next(rows, {"dr": 0, "cr": 0})
        currency = Currency.of(self._path.rpartition(":")[2])
        amounts = (Money(int(sums[side]), currency) for side in ("dr", "cr"))
        return Totals(
            count, {name: [amount] for name, amount in zip(self._names, amounts, strict=True)}
        )

    def id_of(self, row: StatementLine) -> str:
        return row.entry.entry_id

    @property
    def _query(self) -> Document:
        return moving(self._path, *self._days)
