"""Reading the journal: trial balance, statements, and entries."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from pymongo import ASCENDING, DESCENDING

from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL
from payment_service.application.journal import (
    AccountBalance,
    JournalEntry,
    JournalLine,
    StatementLine,
)
from payment_service.domain.chart import is_debit_side


class MongoJournal:
    def __init__(self, database: MongoDatabase) -> None:
        self._journal = database[JOURNAL]
        self._accounts = database[ACCOUNTS]

    def trial_balance(self) -> Sequence[AccountBalance]:
        return list(summed(self._journal))

    def statement(
        self,
        path: str,
        *,
        count_max: int,
        before: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Sequence[StatementLine]:
        query = moving(path, since, until)
        if before is not None:
            query["_id"] = {"$lt": before}
        found = self._journal.find(query).sort("_id", DESCENDING).limit(count_max)
        return list(self.lines(path, found))

    def lines(self, path: str, rows: Iterable[Document]) -> Iterator[StatementLine]:
        """Entries that follow on each other, newest first, with the account's balance after each;
        one look at all that was before.
        """
        balance: int | None = None
        for entry in map(journal_entry, rows):
            if balance is None:
                balance = self._balance_up_to(path, entry.entry_id)
            debit = sum(line.debit for line in entry.lines if line.account == path)
            credit = sum(line.credit for line in entry.lines if line.account == path)
            yield StatementLine(entry, debit, credit, balance)
            balance -= debit - credit if is_debit_side(path) else credit - debit

    def _balance_up_to(self, path: str, entry_id: str) -> int:
        rows = list(
            self._journal.aggregate(
                [
                    {"$match": {"lines.a": path, "_id": {"$lte": entry_id}}},
                    {"$unwind": "$lines"},
                    {"$match": {"lines.a": path}},
                    {
                        "$group": {
                            "_id": "$lines.a",
                            "dr": {"$sum": "$lines.dr"},
                            "cr": {"$sum": "$lines.cr"},
                        }
                    },
                ]
            )
        )
        change = int(rows[0]["dr"]) - int(rows[0]["cr"]) if rows else 0
        return change if is_debit_side(path) else -change

    def entries(
        self,
        *,
        count_max: int,
        before: str | None = None,
        code: str | None = None,
        ref: tuple[str, str] | None = None,
    ) -> Sequence[JournalEntry]:
        query: Document = {}
        if before is not None:
            query["_id"] = {"$lt": before}
        if code is not None:
            query["code"] = code
        if ref is not None:
            query[f"refs.{ref[0]}"] = ref[1]
        found = self._journal.find(query).sort("_id", DESCENDING).limit(count_max)
        return [journal_entry(row) for row in found]

    def between(self, since: date, until: date) -> Iterator[JournalEntry]:
        days = {"$gte": since.isoformat(), "$lte": until.isoformat()}
        found = self._journal.find({"effective_on": days})
        for row in found.sort([("effective_on", ASCENDING), ("_id", ASCENDING)]):
            yield journal_entry(row)

    def balances_before(self, day: date) -> Mapping[str, int]:
        rows = summed(self._journal, {"effective_on": {"$lt": day.isoformat()}})
        return {row.path: row.signed for row in rows}

    def entry(self, entry_id: str) -> JournalEntry | None:
        found = self._journal.find_one({"_id": entry_id})
        return None if found is None else journal_entry(found)

    def kept_balances(self) -> Mapping[str, Money]:
        return {
            row["_id"]: Money(int(row["posted"]), _currency_of(row["_id"]))
            for row in self._accounts.find({}, {"posted": 1})
        }

    def count(self) -> int:
        return self._journal.estimated_document_count()


def summed(journal: Any, query: Document | None = None) -> Iterator[AccountBalance]:
    """Debits and credits of each account over what a query finds, by path."""
    sums = {"dr": {"$sum": "$lines.dr"}, "cr": {"$sum": "$lines.cr"}}
    rows = journal.aggregate(
        [
            *([{"$match": query}] if query else []),
            {"$unwind": "$lines"},
            {"$group": {"_id": "$lines.a", **sums}},
            {"$sort": {"_id": 1}},
        ],
        allowDiskUse=True,
    )
    for row in rows:
        yield AccountBalance(row["_id"], _currency_of(row["_id"]), int(row["dr"]), int(row["cr"]))


def moving(path: str, since: date | None, until: date | None) -> Document:
    """What moved an account on these days (of booking, UTC)."""
    limits = {"$gte": since, "$lt": until and until + timedelta(days=1)}
    given = {
        limit: datetime.combine(day, time(), tzinfo=UTC) for limit, day in limits.items() if day
    }
    return {"lines.a": path, **({"booked_at": given} if given else {})}


def _currency_of(path: str) -> Currency:
    return Currency.of(path.rpartition(":")[2])


def journal_entry(row: dict[str, Any]) -> JournalEntry:
    return JournalEntry(
        entry_id=row["_id"],
        key=row["key"],
        code=row["code"],
        currency=Currency.of(row["currency"]),
        lines=tuple(
            JournalLine(line["a"], int(line["dr"]), int(line["cr"])) for line in row["lines"]
        ),
        total=int(row["total"]),
        effective_on=row["effective_on"],
        booked_at=row["booked_at"],
        cause=row["cause"],
        refs=row["refs"],
        fingerprint=row["fingerprint"],
        period=row["period"],
    )
