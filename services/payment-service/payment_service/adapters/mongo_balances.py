"""balances_daily in MongoDB: a row per account, day and period; derived, never the truth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from bson import Int64
from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency
from pymongo import ASCENDING, IndexModel, UpdateOne

from payment_service.adapters.mongo_journal import journal_entry
from payment_service.adapters.mongo_ledger import JOURNAL
from payment_service.adapters.mongo_seals import JOURNAL_SEAL
from payment_service.application.daily_balances import By, Cell, Moved, Progress
from payment_service.application.journal import AccountBalance, JournalEntry

BALANCES_DAILY = "balances_daily"
PROGRESS = "balances_progress"
BALANCE_INDEXES = [
    IndexModel([("account", ASCENDING), ("effective_on", ASCENDING)], name="by_account"),
    IndexModel([("effective_on", ASCENDING)], name="by_effect"),
    IndexModel([("booked_on", ASCENDING)], name="by_booking"),
    IndexModel([("period", ASCENDING)], name="by_period"),
]
_PLACE = "journal"
_FIELDS = {By.EFFECTIVE: "effective_on", By.BOOKED: "booked_on", By.PERIOD: "period"}


class MongoBalances:
    def __init__(self, database: MongoDatabase) -> None:
        self._balances = database[BALANCES_DAILY]
        self._progress = database[PROGRESS]
        self._journal = database[JOURNAL]
        self._seals = database[JOURNAL_SEAL]

    def progress(self) -> Progress:
        found = self._progress.find_one({"_id": _PLACE})
        return Progress(0, None) if found is None else Progress(found["number"], found["booked_at"])

    def numbered(self, after: int, count_max: int) -> Sequence[tuple[int, JournalEntry]]:
        wanted = {"$in": list(range(after + 1, after + count_max + 1))}
        seals = {row["entry_id"]: row["_id"] for row in self._seals.find({"_id": wanted})}
        rows = self._journal.find({"_id": {"$in": sorted(seals)}})
        found = sorted(((seals[row["_id"]], row) for row in rows), key=lambda each: each[0])
        return [(number, journal_entry(row)) for number, row in found]

    def add(self, cells: Mapping[Cell, Moved], *, was: Progress, now: Progress) -> bool:
        writes = [_growth(cell, moved) for cell, moved in cells.items()]
        place = {"number": now.number, "booked_at": now.booked_at}

        def work(session: Any) -> bool:
            self._progress.update_one(
                {"_id": _PLACE},
                {"$setOnInsert": {"number": 0, "booked_at": None}},
                upsert=True,
                session=session,
            )
            changed = self._progress.update_one(
                {"_id": _PLACE, "number": was.number}, {"$set": place}, session=session
            )
            if changed.matched_count == 1:
                self._balances.bulk_write(writes, ordered=False, session=session)
            return changed.matched_count == 1

        with self._balances.database.client.start_session() as session:
            return bool(session.with_transaction(work))

    def cells(self) -> Iterator[tuple[Cell, Moved]]:
        for row in self._balances.find().sort("_id", ASCENDING):
            cell = Cell(row["account"], row["effective_on"], row["booked_on"], row["period"])
            yield cell, Moved(int(row["dr"]), int(row["cr"]), int(row["n"]))

    def start_over(self) -> None:
        def work(session: Any) -> None:
            self._balances.delete_many({}, session=session)
            self._progress.update_one(
                {"_id": _PLACE}, {"$set": {"number": 0, "booked_at": None}}, session=session
            )

        with self._balances.database.client.start_session() as session:
            session.with_transaction(work)

    def trial(
        self, *, since: date | str | None, until: date | str, by: By
    ) -> Sequence[AccountBalance]:
        days: Document = {"$lte": _text(until)}
        if since is not None:
            days["$gte"] = _text(since)
        sums = {"dr": {"$sum": "$dr"}, "cr": {"$sum": "$cr"}}
        rows = self._balances.aggregate(
            [{"$match": {_FIELDS[by]: days}}, {"$group": {"_id": "$account", **sums}}]
        )
        found = [_balance(row) for row in rows]
        return sorted(found, key=lambda row: row.path)


def _balance(row: Document) -> AccountBalance:
    path = row["_id"]
    return AccountBalance(
        path, Currency.of(path.rpartition(":")[2]), int(row["dr"]), int(row["cr"])
    )


def _growth(cell: Cell, moved: Moved) -> UpdateOne:
    key = f"{cell.account}|{cell.effective_on}|{cell.booked_on}|{cell.period}"
    grown = {"dr": Int64(moved.debit), "cr": Int64(moved.credit), "n": moved.count}
    return UpdateOne({"_id": key}, {"$inc": grown, "$setOnInsert": asdict(cell)}, upsert=True)


def _text(day: date | str) -> str:
    return day if isinstance(day, str) else day.isoformat()
