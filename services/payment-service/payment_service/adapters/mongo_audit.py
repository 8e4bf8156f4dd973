"""What an audit reads, with cursors: page by page, never all of the journal."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from crowdloom.chassis.dead_letters import DEAD_LETTERS
from crowdloom.chassis.relay import unpublished
from crowdloom.chassis.store import OUTBOX, MongoDatabase
from crowdloom.chassis.worker import PROCESS_STATUS
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import BatchId
from pymongo import ASCENDING, DESCENDING

from payment_service.adapters.mongo_approvals import APPROVALS
from payment_service.adapters.mongo_balances import BALANCES_DAILY, PROGRESS
from payment_service.adapters.mongo_banks import BANK_LINES, BANK_STATEMENTS
from payment_service.adapters.mongo_closed_trials import MongoClosedTrials
from payment_service.adapters.mongo_exceptions import EXCEPTIONS
from payment_service.adapters.mongo_journal import journal_entry
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL, PERIODS
from payment_service.adapters.mongo_memos import MEMO_ACCOUNTS, MEMOS
from payment_service.adapters.mongo_payouts import PAYOUT_ITEMS, payout_item
from payment_service.adapters.mongo_periods import PERIOD_CLOSINGS
from payment_service.adapters.mongo_processor import (
    RECONCILIATIONS,
    STRIPE_LINES,
    MongoProcessorLines,
)
from payment_service.adapters.mongo_totals import MongoTaskTotals
from payment_service.adapters.mongo_work import ASSIGNMENTS, BATCHES, batch_book
from payment_service.application.audit_batches import TotalsCompared
from payment_service.application.journal import JournalEntry
from payment_service.domain.audit import (
    BankLineKept,
    BatchWork,
    BatchWorks,
    ClosedPeriod,
    Consumer,
    Decision,
    Finding,
    LineKept,
)
from payment_service.domain.bank_flows import bank
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.batches import BatchBook
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.periods import PeriodState

AUDITS = "audits"


class MongoAudits:
    """What each day's audit found, by day."""

    def __init__(self, database: MongoDatabase) -> None:
        self._audits = database[AUDITS]
        self._journal = database[JOURNAL]

    def newest(self) -> Mapping[str, Any] | None:
        return self._audits.find_one(sort=[("_id", DESCENDING)])

    def keep(self, at: datetime, findings: Sequence[Finding]) -> None:
        day = f"{at:%Y-%m-%d}"
        found = {
            "at": at,
            "broken": sum(not each.holds for each in findings),
            "findings": [asdict(each) for each in findings],
        }
        self._audits.replace_one({"_id": day}, found, upsert=True)

    def first_booked(self) -> datetime | None:
        found = self._journal.find_one({}, {"booked_at": 1}, sort=[("booked_at", ASCENDING)])
        return None if found is None else found["booked_at"]


class MongoAuditBooks:
    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    def entries(self) -> Iterator[JournalEntry]:
        for row in self._database[JOURNAL].find().sort("_id", ASCENDING):
            yield journal_entry(row)

    def kept_balances(self) -> Iterator[tuple[str, int]]:
        for row in self._database[ACCOUNTS].find({}, {"posted": 1}):
            yield row["_id"], int(row["posted"])

    def mirrors(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        accounts = self._database[MEMO_ACCOUNTS].find({}, {"posted": 1})
        sums = self._database[MEMOS].aggregate(
            [{"$group": {"_id": "$path", "units": {"$sum": "$units"}}}]
        )
        return (
            {row["_id"]: int(row["posted"]) for row in accounts},
            {row["_id"]: int(row["units"]) for row in sums},
        )

    def batches(self) -> Iterator[BatchBook]:
        for row in self._database[BATCHES].find():
            yield batch_book(row)

    def works(self) -> BatchWorks:
        accepted: Counter[BatchId] = Counter()
        settled: Counter[BatchId] = Counter()
        found = self._database[ASSIGNMENTS].find(
            {"accepted_at": {"$exists": True}}, {"batch_id": 1, "settled_at": 1}
        )
        for row in found:
            accepted[row["batch_id"]] += 1
            settled[row["batch_id"]] += "settled_at" in row
        return {
            batch_id: BatchWork(count, settled[batch_id], count - settled[batch_id])
            for batch_id, count in accepted.items()
        }

    def items(self) -> Iterator[PayoutItem]:
        for row in self._database[PAYOUT_ITEMS].find():
            yield payout_item(row)

    def lines(self) -> Iterator[LineKept]:
        for row in self._database[STRIPE_LINES].find():
            yield LineKept(
                transaction_id=row["_id"],
                entry_key=row["entry_key"],
                fee=Money.from_wire(row["fee"]),
                net=Money.from_wire(row["net"]),
                settled=row["settled"],
            )

    def bank_lines(self) -> Iterator[BankLineKept]:
        for row in self._database[BANK_LINES].find({"state": {"$ne": BankLineState.WAITING.value}}):
            account = bank(row["account_id"], Currency.of(row["currency"]))
            yield BankLineKept(row["_id"], account, int(row["units"]))

    def unbooked_statements(self) -> Mapping[str, datetime]:
        found = self._database[BANK_STATEMENTS].find({"unbooked": True}, {"confirmed_at": 1})
        return {row["_id"]: row["confirmed_at"] for row in found}

    def decisions(self) -> Mapping[str, Decision]:
        found = self._database[APPROVALS].find({"status": "approved"})
        return {row["_id"]: Decision(row["made_by"], row["decided_by"]) for row in found}

    def open_exceptions(self) -> frozenset[str]:
        found = self._database[EXCEPTIONS].find({"waiting": True}, {"key": 1})
        return frozenset(row["key"] for row in found)

    def newest_reconciliation(self) -> Mapping[str, Any] | None:
        return self._database[RECONCILIATIONS].find_one(
            {"status": "completed"}, sort=[("_id", DESCENDING)]
        )

    def oldest_unpublished(self) -> datetime | None:
        found = self._database[OUTBOX].find_one(
            unpublished(self._database), sort=[("_id", ASCENDING)]
        )
        return None if found is None else found["created_at"]

    def closed_periods(self) -> Mapping[str, ClosedPeriod]:
        rows = self._database[PERIODS].find({"state": PeriodState.CLOSED.value})
        return {row["_id"]: self._closed(row) for row in rows}

    def _closed(self, row: Mapping[str, Any]) -> ClosedPeriod:
        closing = self._database[PERIOD_CLOSINGS].find_one({"_id": row["closing_id"]})
        if closing is None:
            return ClosedPeriod(row["closed_at"], {})
        trial = MongoClosedTrials(self._database).rows(closing["period"], closing["version"])
        return ClosedPeriod(row["closed_at"], {each.path: each.signed for each in trial})

    def totals_apart(self) -> TotalsCompared:
        totals = MongoTaskTotals(self._database, None)
        return TotalsCompared(totals.count(), *totals.apart())

    def processor_read_to(self) -> datetime | None:
        return MongoProcessorLines(self._database, None).complete_to()

    def consumer(self) -> Consumer | None:
        found = self._database[PROCESS_STATUS].find_one(sort=[("seen_at", DESCENDING)])
        if found is None:
            return None
        return Consumer(found["seen_at"], found["lag"], found.get("lag_age_seconds"))

    def dead_letters(self) -> int:
        return self._database[DEAD_LETTERS].count_documents({"state": {"$ne": "replayed"}})

    def counted_before(self) -> str:
        found = self._database[PROGRESS].find_one({})
        last = None if found is None else found["booked_at"]
        return "" if last is None else f"{last:%Y-%m-%d}"

    def counted(self, before: str) -> Mapping[str, int]:
        rows = self._database[BALANCES_DAILY].find({"booked_on": {"$lt": before}})
        sums: Counter[str] = Counter()
        for row in rows:
            sums[row["account"]] += int(row["dr"]) - int(row["cr"])
        return sums
