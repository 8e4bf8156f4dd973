"""Periods and what their closings stored, in MongoDB; and what a checklist reads."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any

from crowdloom.chassis.dead_letters import DEAD_LETTERS
from crowdloom.chassis.relay import unpublished
from crowdloom.chassis.store import OUTBOX, Document, MongoDatabase
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession

from payment_service.adapters.mongo_balances import MongoBalances
from payment_service.adapters.mongo_closed_trials import MongoClosedTrials
from payment_service.adapters.mongo_exceptions import EXCEPTIONS
from payment_service.adapters.mongo_journal import summed
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL, PERIODS
from payment_service.adapters.mongo_processor import RECONCILIATIONS
from payment_service.adapters.mongo_seals import JOURNAL_SEAL, OVERLAP, chunks
from payment_service.adapters.mongo_totals import MongoTaskTotals
from payment_service.adapters.mongo_work import ASSIGNMENTS
from payment_service.application.daily_balances import By
from payment_service.application.journal import AccountBalance
from payment_service.application.period_ports import ClosedBefore, Feed
from payment_service.domain.chart import is_guarded
from payment_service.domain.exceptions import UNEXPLAINED, ExceptionState
from payment_service.domain.periods import (
    Period,
    PeriodNotInState,
    PeriodState,
    next_month,
)
from payment_service.domain.reconciliation import merged

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
    """Each method is one or two queries; what is summed is summed by the database, from the newest
    close on, and read with cursors.
    """

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database
        self._journal = database[JOURNAL]
        self._totals = MongoTaskTotals(database, None)
        self._balances = MongoBalances(database)
        self._trials = MongoClosedTrials(database)

    def closed_before(self, month: str) -> ClosedBefore | None:
        closed = {"state": PeriodState.CLOSED.value, "_id": {"$lt": month}}
        period = self._database[PERIODS].find_one(closed, sort=[("_id", DESCENDING)])
        closings = self._database[PERIOD_CLOSINGS]
        # One of before its trial balance was kept in pieces is nothing to go on from.
        wanted = {"account_count": {"$exists": True}}
        closing = period and closings.find_one({"_id": period["closing_id"], **wanted})
        if not closing:
            return None
        return ClosedBefore(
            closing["_id"],
            closing["period"],
            version=closing["version"],
            sealed_count=closing["sealed_count"],
            seal_head=closing["seal_head"],
        )

    def first_month(self) -> str | None:
        found = self._journal.find_one({}, {"period": 1}, sort=[("period", ASCENDING)])
        return None if found is None else str(found["period"])

    def trial(self, month: str) -> Iterator[AccountBalance]:
        return self._summed(self.closed_before(month), month)

    def counted_trial(self, month: str) -> Iterator[AccountBalance]:
        return self._counted(self.closed_before(month), month)

    def keep_trial(self, month: str, version: int, rows: Iterable[AccountBalance]) -> None:
        self._trials.keep(month, version, rows)

    def kept_trial(self, month: str, version: int, *, after: str = "") -> Iterator[AccountBalance]:
        return self._trials.rows(month, version, after=after)

    def _summed(self, before: ClosedBefore | None, until: str) -> Iterator[AccountBalance]:
        return _added(
            self._opening(before), summed(self._journal, {"period": _months(before, until)})
        )

    def _opening(self, before: ClosedBefore | None) -> Iterable[AccountBalance]:
        return () if before is None else self._trials.rows(before.month, before.version)

    def _counted(self, before: ClosedBefore | None, until: str) -> Iterator[AccountBalance]:
        """Balances by day, and the entries that they have not counted: those booked since, or a
        little before and committed later.
        """
        progress = self._balances.progress()
        since = None if before is None else next_month(before.month)
        counted = self._balances.trial(since=since, until=until, by=By.PERIOD)
        query: Document = {"period": _months(before, until)}
        if progress.booked_at is not None:
            query["booked_at"] = {"$gte": progress.booked_at - OVERLAP}
        new = self._uncounted(query, progress.number)
        return _added(self._opening(before), counted, new)

    def _uncounted(self, query: Document, number: int) -> Sequence[AccountBalance]:
        seals = self._database[JOURNAL_SEAL]
        rows: Sequence[AccountBalance] = []
        for found in chunks(self._journal.find(query, {"_id": 1}), _LOOKED_UP_TOGETHER):
            ids = {row["_id"] for row in found}
            known = {"entry_id": {"$in": sorted(ids)}, "_id": {"$lte": number}}
            ids -= {row["entry_id"] for row in seals.find(known, {"entry_id": 1})}
            if ids:
                more = summed(self._journal, {"_id": {"$in": sorted(ids)}})
                rows = list(_added(rows, more))
        return rows

    def entry_count(self, month: str) -> int:
        return self._journal.count_documents({"period": month})

    def unsealed_count(self, month: str) -> int:
        return self._unsealed({"period": month})

    def unsealed_lately(self, month: str) -> int:
        seals = self._database[JOURNAL_SEAL]
        query: Document = {"period": month}
        last = seals.find_one(sort=[("_id", DESCENDING)])
        if last is not None:
            query["booked_at"] = {"$gte": last["booked_at"] - OVERLAP}
        return self._unsealed(query)

    def _unsealed(self, query: Document) -> int:
        seals, count = self._database[JOURNAL_SEAL], 0
        for rows in chunks(self._journal.find(query, {"_id": 1}), _LOOKED_UP_TOGETHER):
            sealed = {"entry_id": {"$in": [row["_id"] for row in rows]}}
            count += len(rows) - seals.count_documents(sealed)
        return count

    def drift_count(self, month: str) -> int:
        return self._drifts(self._summed(self.closed_before(month), _NEVER))

    def counted_drift_count(self, month: str) -> int:
        return self._drifts(self._counted(self.closed_before(month), _NEVER))

    def _drifts(self, rows: Iterator[AccountBalance]) -> int:
        pairs = merged(
            (row for row in rows if is_guarded(row.path)),
            self._database[ACCOUNTS].find({}, {"posted": 1}).sort("_id", ASCENDING),
            left_key=lambda row: row.path,
            right_key=lambda kept: kept["_id"],
        )
        return sum(
            (-row.signed if row else 0) != (int(kept["posted"]) if kept else 0)
            for row, kept in pairs
        )

    def unexplained(self, until: datetime) -> int:
        return self._exceptions(until, [state.value for state in UNEXPLAINED])

    def escalated(self, until: datetime) -> int:
        return self._exceptions(until, [ExceptionState.ESCALATED.value])

    def _exceptions(self, until: datetime, states: list[str]) -> int:
        query = {"state": {"$in": states}, "opened_at": {"$lt": until}}
        return self._database[EXCEPTIONS].count_documents(query)

    def unpublished(self, until: datetime) -> int:
        query = {**unpublished(self._database), "created_at": {"$lt": until}}
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


def _months(before: ClosedBefore | None, until: str) -> Document:
    since: Document = {} if before is None else {"$gt": before.month}
    return {**since, "$lte": until}


def _added(*sides: Iterable[AccountBalance]) -> Iterator[AccountBalance]:
    """One row an account; each side comes by path."""
    together = heapq.merge(*sides, key=lambda row: row.path)
    for _, group in groupby(together, key=lambda row: row.path):
        rows = list(group)
        yield replace(
            rows[0], debit=sum(row.debit for row in rows), credit=sum(row.credit for row in rows)
        )


def _closed_on(last: Mapping[str, Any] | None) -> date | None:
    return None if not last else date.fromisoformat(str(last["closed_on"])[:10])


def _period(row: Document) -> Period:
    fields = {name: value for name, value in row.items() if name != "_id"}
    return Period(row["_id"], **{**fields, "state": PeriodState(row["state"])})
