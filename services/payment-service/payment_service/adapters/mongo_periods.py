"""Periods and what their closings stored, in MongoDB; and what a checklist reads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from crowdloom.chassis.dead_letters import DEAD_LETTERS
from crowdloom.chassis.store import OUTBOX, Document, MongoDatabase
from crowdloom.kernel import Currency
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_balances import MongoBalances
from payment_service.adapters.mongo_exceptions import EXCEPTIONS
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL, PERIODS
from payment_service.adapters.mongo_processor import RECONCILIATIONS
from payment_service.adapters.mongo_seals import JOURNAL_SEAL, OVERLAP, chunks
from payment_service.adapters.mongo_totals import MongoTaskTotals
from payment_service.adapters.mongo_work import ASSIGNMENTS
from payment_service.application.daily_balances import By
from payment_service.application.journal import AccountBalance
from payment_service.application.period_ports import Feed
from payment_service.domain.chart import is_guarded
from payment_service.domain.exceptions import UNEXPLAINED, ExceptionState
from payment_service.domain.periods import Period, PeriodNotInState, PeriodState

PERIOD_CLOSINGS = "period_closings"
_BANK_ACCOUNTS = "bank_accounts"
_LOOKED_UP_TOGETHER = 500
# After every month there is.
_NEVER = "9999-12"


class MongoPeriods:
    def __init__(self, database: MongoDatabase, session: ClientSession | None) -> None:
        self._periods = database[PERIODS]
        self._closings = database[PERIOD_CLOSINGS]
        self._session = session

    def get(self, month: str) -> Period:
        found = self._periods.find_one({"_id": month}, session=self._session)
        return Period(month) if found is None else _period(found)

    def states(self) -> Mapping[str, PeriodState]:
        found = self._periods.find({}, {"state": 1}, session=self._session)
        return {row["_id"]: PeriodState(row["state"]) for row in found}

    def listed(self) -> Sequence[Period]:
        found = self._periods.find({}, session=self._session).sort("_id", DESCENDING)
        return [_period(row) for row in found]

    def replace(self, period: Period, *, version: int) -> None:
        document = asdict(period)
        document["_id"] = document.pop("month")
        document["state"] = period.state.value
        if version == 0:
            self._periods.update_one(
                {"_id": period.month},
                {"$setOnInsert": {"version": 0}},
                upsert=True,
                session=self._session,
            )
        changed = self._periods.replace_one(
            {"_id": period.month, "version": version}, document, session=self._session
        )
        if changed.matched_count != 1:
            raise PeriodNotInState("The period has changed; look at it again")

    def keep_closing(self, closing: Mapping[str, Any]) -> None:
        self._closings.update_one(
            {"_id": closing["_id"]},
            {"$setOnInsert": {n: v for n, v in closing.items() if n != "_id"}},
            upsert=True,
            session=self._session,
        )

    def closing(self, closing_id: str) -> Mapping[str, Any] | None:
        return self._closings.find_one({"_id": closing_id}, session=self._session)


class MongoPeriodBooks:
    """Each method is one or two queries; what is summed is summed by the database."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._journal = database[JOURNAL]
        self._totals = MongoTaskTotals(database, None)
        self._balances = MongoBalances(database)

    def first_month(self) -> str | None:
        found = self._journal.find_one({}, {"period": 1}, sort=[("period", ASCENDING)])
        return None if found is None else str(found["period"])

    def trial(self, month: str) -> Sequence[AccountBalance]:
        return sorted(
            trial_rows(self._journal, {"period": {"$lte": month}}), key=lambda row: row.path
        )

    def counted_trial(self, month: str) -> Sequence[AccountBalance]:
        return sorted(self._counted(month), key=lambda row: row.path)

    def _counted(self, month: str) -> Sequence[AccountBalance]:
        """Balances by day, and the entries that they have not counted: those booked since, or a
        little before and committed later.
        """
        progress = self._balances.progress()
        counted = self._balances.trial(since=None, until=month, by=By.PERIOD)
        query: Document = {"period": {"$lte": month}}
        if progress.booked_at is not None:
            query["booked_at"] = {"$gte": progress.booked_at - OVERLAP}
        new = {row["_id"] for row in self._journal.find(query, {"_id": 1})}
        seals = self._database[JOURNAL_SEAL]
        for ids in chunks(sorted(new), _LOOKED_UP_TOGETHER):
            known = {"entry_id": {"$in": ids}, "_id": {"$lte": progress.number}}
            new -= {row["entry_id"] for row in seals.find(known, {"entry_id": 1})}
        rows = list(counted)
        for ids in chunks(sorted(new), _LOOKED_UP_TOGETHER):
            rows += trial_rows(self._journal, {"_id": {"$in": ids}})
        return _added(rows)

    def entry_count(self, month: str) -> int:
        return self._journal.count_documents({"period": month})

    def unsealed_count(self, month: str) -> int:
        count, ids = 0, [row["_id"] for row in self._journal.find({"period": month}, {"_id": 1})]
        seals = self._database[JOURNAL_SEAL]
        for start in range(0, len(ids), _LOOKED_UP_TOGETHER):
            chunk = ids[start : start + _LOOKED_UP_TOGETHER]
            count += len(chunk) - seals.count_documents({"entry_id": {"$in": chunk}})
        return count

    def unsealed_lately(self, month: str) -> int:
        seals = self._database[JOURNAL_SEAL]
        query: Document = {"period": month}
        last = seals.find_one(sort=[("_id", DESCENDING)])
        if last is not None:
            query["booked_at"] = {"$gte": last["booked_at"] - OVERLAP}
        count = 0
        for rows in chunks(self._journal.find(query, {"_id": 1}), _LOOKED_UP_TOGETHER):
            sealed = {"entry_id": {"$in": [row["_id"] for row in rows]}}
            count += len(rows) - seals.count_documents(sealed)
        return count

    def drift_count(self) -> int:
        return self._drifts(trial_rows(self._journal, {}))

    def counted_drift_count(self) -> int:
        return self._drifts(self._counted(_NEVER))

    def _drifts(self, rows: Sequence[AccountBalance]) -> int:
        kept = {row["_id"]: int(row["posted"]) for row in self._database[ACCOUNTS].find()}
        summed = {row.path: -row.signed for row in rows if is_guarded(row.path)}
        return sum(kept.get(path, 0) != summed.get(path, 0) for path in kept | summed)

    def unexplained(self, until: datetime) -> int:
        return self._exceptions(until, [state.value for state in UNEXPLAINED])

    def escalated(self, until: datetime) -> int:
        return self._exceptions(until, [ExceptionState.ESCALATED.value])

    def _exceptions(self, until: datetime, states: list[str]) -> int:
        query = {"state": {"$in": states}, "opened_at": {"$lt": until}}
        return self._database[EXCEPTIONS].count_documents(query)

    def unpublished(self, until: datetime) -> int:
        query = {"pending": True, "created_at": {"$lt": until}}
        return self._database[OUTBOX].count_documents(query)

    def unsettled(self, until: datetime) -> int:
        query = {"accepted_at": {"$lt": until}, "settled_at": {"$exists": False}}
        return self._database[ASSIGNMENTS].count_documents(query)

    def controls_apart(self, month: str) -> Sequence[str]:
        work, slots = self._totals.apart(month)
        return [*work, *slots]

    def controls_count(self, month: str) -> int:
        return self._totals.count(month)

    def dead_letters(self) -> int:
        return self._database[DEAD_LETTERS].count_documents({"state": {"$ne": "replayed"}})

    def newest_reconciliation(self) -> Mapping[str, Any] | None:
        return self._database[RECONCILIATIONS].find_one(
            {"status": "completed"}, sort=[("_id", DESCENDING)]
        )

    def bank_feeds(self) -> Sequence[Feed]:
        rows = self._database[_BANK_ACCOUNTS].find().sort("_id", ASCENDING)
        return [Feed(row["_id"], _closed_on(row.get("last"))) for row in rows]


def trial_rows(journal: Any, query: Document) -> list[AccountBalance]:
    """Debits and credits of each account over what a query finds."""
    sums = {"dr": {"$sum": "$lines.dr"}, "cr": {"$sum": "$lines.cr"}}
    rows = journal.aggregate(
        [{"$match": query}, {"$unwind": "$lines"}, {"$group": {"_id": "$lines.a", **sums}}]
    )
    return [
        AccountBalance(
            row["_id"],
            Currency.of(row["_id"].rpartition(":")[2]),
            int(row["dr"]),
            int(row["cr"]),
        )
        for row in rows
    ]


def _added(rows: Sequence[AccountBalance]) -> Sequence[AccountBalance]:
    """One row an account."""
    sums: dict[str, AccountBalance] = {}
    for row in rows:
        known = sums.get(row.path)
        debit, credit = (known.debit, known.credit) if known else (0, 0)
        sums[row.path] = replace(row, debit=row.debit + debit, credit=row.credit + credit)
    return list(sums.values())


def _closed_on(last: Mapping[str, Any] | None) -> date | None:
    return None if not last else date.fromisoformat(str(last["closed_on"])[:10])


def _period(row: Document) -> Period:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return Period(row["_id"], **{**fields, "state": PeriodState(row["state"])})
