"""Long tables in MongoDB. Orders are allow-listed fields, a place is the id of the row before it:
nothing that a reader typed becomes part of a query but as a value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from crowdloom.chassis.store import Document, MongoDatabase
from crowdloom.kernel import Currency, Money
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from payment_service.adapters.mongo_audit_log import AUDIT_LOG
from payment_service.adapters.mongo_banks import BANK_LINES, kept_line
from payment_service.adapters.mongo_exceptions import EXCEPTIONS, query_of
from payment_service.adapters.mongo_invoices import INVOICES, stored_invoice
from payment_service.adapters.mongo_journal import journal_entry
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL
from payment_service.adapters.mongo_payouts import PAYOUT_ITEMS, PAYOUT_RUNS, payout_run
from payment_service.adapters.mongo_processor import RECONCILIATIONS
from payment_service.application.bank_ports import KeptLine
from payment_service.application.exception_ports import Wanted
from payment_service.application.journal import JournalEntry
from payment_service.application.tables import (
    LISTED_MAX,
    SUMMED_MAX,
    Acts,
    Entries,
    Funds,
    Order,
    Rows,
    RunLine,
    Totals,
)
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.invoices import Invoice
from payment_service.domain.payouts import ItemState, PayoutRun, Rail, RunStatus

RowT = TypeVar("RowT")
_EQUAL = {"differences_count": 0, "unreconciled_minor": 0}
_RESULTS: dict[str, Document] = {
    "equal": {"status": "completed", **_EQUAL},
    "differs": {"status": "completed", "$nor": [_EQUAL]},
    "failed": {"status": "failed"},
}
# What a requester has: free, reserved, on its way back.
_FUNDS = ("wallet", "escrow", "refunding")


class MongoRows(Generic[RowT]):
    """The rows of a collection that fit `query`. `keys`: order -> field; `sums`: column -> field
    of whole units, beside which `currency` says of what.
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
    ) -> None:
        self._collection = collection
        self._query = query
        self._keys = keys
        self._made = made
        self._ids = ids
        self._sums = sums or {}

    def page(self, order: Order, count_max: int, *, after: str | None = None) -> Sequence[RowT]:
        field = self._keys[order.key]
        direction = DESCENDING if order.is_descending else ASCENDING
        query = self._query
        seen = self._collection.find_one({"_id": after}, {field: 1}) if after else None
        if seen is not None:
            query = {"$and": [query, _beyond(seen, field, is_descending=order.is_descending)]}
        by = [("_id", direction)] if field == "_id" else [(field, direction), ("_id", direction)]
        found = self._collection.find(query).sort(by).limit(count_max)
        return [self._made(row) for row in found]

    def totals(self) -> Totals:
        count = self._collection.count_documents(self._query, limit=SUMMED_MAX + 1)
        if count > SUMMED_MAX:
            return Totals(SUMMED_MAX, is_whole=False)
        if not self._sums:
            return Totals(count)
        group: Document = {name: {"$sum": f"${field}"} for name, field in self._sums.items()}
        rows = self._collection.aggregate(
            [{"$match": self._query}, {"$group": {"_id": "$currency", **group}}]
        )
        known = sorted((row for row in rows if row["_id"]), key=lambda row: str(row["_id"]))
        sums = {
            name: [Money(int(row[name]), Currency.of(row["_id"])) for row in known]
            for name in self._sums
        }
        return Totals(count, sums)

    def id_of(self, row: RowT) -> str:
        return self._ids(row)


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


class MongoTables:
    """The `Tables` port."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    def runs(
        self, *, status: RunStatus | None = None, rail: Rail | None = None
    ) -> Sequence[RunLine]:
        query: Document = {} if status is None else {"status": status.value}
        if rail is not None:
            # Runs from before there were rails name none.
            query["rail"] = {"$in": [rail.value, None] if rail is Rail.STRIPE else [rail.value]}
        found = self._database[PAYOUT_RUNS].find(query).sort("_id", DESCENDING)
        runs = [payout_run(row) for row in found.limit(LISTED_MAX + 1)]
        sums = self._sums_of_items([run.run_id for run in runs])
        return [_run_line(run, sums.get(run.run_id, [])) for run in runs]

    def _sums_of_items(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[Document]]:
        """Of each run: how many items are in each state, and what they come to."""
        by = {"run": "$run_id", "state": "$state", "scale": "$amount.scale"}
        rows = self._database[PAYOUT_ITEMS].aggregate(
            [
                {"$match": {"run_id": {"$in": run_ids}}},
                {
                    "$group": {
                        "_id": by,
                        "count": {"$sum": 1},
                        "minor": {"$sum": "$amount.amount_minor"},
                    }
                },
            ]
        )
        sums: dict[str, list[Document]] = {}
        for row in rows:
            sums.setdefault(row["_id"]["run"], []).append(row)
        return sums

    def invoices(self) -> Sequence[Invoice]:
        found = self._database[INVOICES].find().sort("_id", DESCENDING).limit(LISTED_MAX + 1)
        return [stored_invoice(row) for row in found]

    def funds(self) -> Sequence[Funds]:
        query = {"kind": {"$in": list(_FUNDS)}, "posted": {"$gt": 0}}
        sums: dict[tuple[str, Currency], dict[str, int]] = {}
        for row in self._database[ACCOUNTS].find(query, {"owner": 1, "kind": 1, "posted": 1}):
            currency = Currency.of(row["_id"].rpartition(":")[2])
            of_one = sums.setdefault((row["owner"], currency), dict.fromkeys(_FUNDS, 0))
            of_one[row["kind"]] += int(row["posted"])
        return [
            Funds(owner, *(Money(units[kind], currency) for kind in _FUNDS))
            for (owner, currency), units in sums.items()
        ]

    def reconciliations(self, result: str = "") -> Rows[Mapping[str, Any]]:
        return MongoRows(
            self._database[RECONCILIATIONS],
            _RESULTS.get(result, {}),
            keys={
                "asked_at": "_id",
                "status": "status",
                "lines": "lines_count",
                "differences": "differences_count",
                "asked_by": "asked_by",
            },
            made=dict,
            ids=_id_of,
        )

    def exceptions(self, wanted: Wanted) -> Rows[Mapping[str, Any]]:
        return MongoRows(
            self._database[EXCEPTIONS],
            query_of(wanted),
            keys={
                "kind": "kind",
                "subject": "subject",
                "amount": "figure",
                "severity": "rank",
                "state": "state",
                "owner": "owner",
                "opened_at": "_id",
            },
            made=dict,
            ids=_id_of,
            sums={"amount": "size"},
        )

    def audit(self, acts: Acts) -> Rows[Mapping[str, Any]]:
        named = {"who": acts.who, "what": acts.what, "subject": acts.subject}
        query: Document = {name: value for name, value in named.items() if value is not None}
        return MongoRows(
            self._database[AUDIT_LOG],
            query | _between("at", {"$gte": acts.since, "$lt": acts.until}),
            keys={"at": "_id", "who": "who", "what": "what", "subject": "subject"},
            made=dict,
            ids=_id_of,
        )

    def entries(self, entries: Entries) -> Rows[JournalEntry]:
        query: Document = {} if entries.code is None else {"code": entries.code}
        if entries.ref is not None:
            query[f"refs.{entries.ref[0]}"] = entries.ref[1]
        since, until = (day and day.isoformat() for day in (entries.since, entries.until))
        return MongoRows(
            self._database[JOURNAL],
            query | _between("effective_on", {"$gte": since, "$lte": until}),
            keys={
                "booked_at": "_id",
                "effective_on": "effective_on",
                "code": "code",
                "key": "key",
                "total": "total",
            },
            made=journal_entry,
            ids=lambda entry: entry.entry_id,
            sums={"total": "total"},
        )

    def bank_lines(self, statement_id: str, state: BankLineState | None = None) -> Rows[KeptLine]:
        query: Document = {"statement_id": statement_id}
        if state is not None:
            query["state"] = state.value
        return MongoRows(
            self._database[BANK_LINES],
            query,
            keys={
                "number": "number",
                "booked_on": "booked_on",
                "amount": "units",
                "counterparty": "counterparty",
                "text": "text",
                "state": "state",
                "matched_as": "kind",
            },
            made=kept_line,
            ids=lambda kept: kept.line_id,
            sums={"amount": "units"},
        )


def _run_line(run: PayoutRun, sums: Sequence[Document]) -> RunLine:
    def of(*states: ItemState) -> Money:
        amounts = (_summed(row, run.currency) for row in sums if row["_id"]["state"] in states)
        return sum(amounts, Money.zero(run.currency))

    return RunLine(
        run,
        payee_count=sum(int(row["count"]) for row in sums),
        total=of(*(set(ItemState) - {ItemState.CANCELLED})),
        paid=of(ItemState.PAID),
        failed=of(ItemState.FAILED),
    )


def _summed(row: Document, currency: Currency) -> Money:
    """Amounts are finer than the smallest coin where they name a scale."""
    minor = int(row["minor"])
    return Money(minor, currency) if row["_id"].get("scale") else Money.of_minor(minor, currency)


def _id_of(row: Mapping[str, Any]) -> str:
    return str(row["_id"])


def _between(field: str, limits: Mapping[str, Any]) -> Document:
    given = {limit: value for limit, value in limits.items() if value is not None}
    return {field: given} if given else {}
