"""Every table in MongoDB: what it shows of which collection, and the orders that are kept."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crowdloom.chassis.store import Document
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import RequesterId, WorkerId

from payment_service.adapters.mongo_approvals import (
    APPROVALS,
    HOLDS,
    stored_approval,
    stored_hold,
)
from payment_service.adapters.mongo_audit_log import AUDIT_LOG
from payment_service.adapters.mongo_banks import (
    BANK_LINES,
    BANK_STATEMENTS,
    kept_line,
    stored_statement,
)
from payment_service.adapters.mongo_exceptions import EXCEPTIONS, query_of
from payment_service.adapters.mongo_invoices import INVOICES, stored_invoice
from payment_service.adapters.mongo_journal import journal_entry
from payment_service.adapters.mongo_ledger import ACCOUNTS, JOURNAL
from payment_service.adapters.mongo_own_tables import MongoOwnTables, same
from payment_service.adapters.mongo_payouts import (
    PAYOUT_ITEMS,
    PAYOUT_RUNS,
    payout_item,
    payout_run,
)
from payment_service.adapters.mongo_people import PAYEES, stored_payee
from payment_service.adapters.mongo_processor import DIFFERENCES, RECONCILIATIONS, TIMING
from payment_service.adapters.mongo_refunds import REFUNDS, stored_refund
from payment_service.adapters.mongo_rows import wire_sum
from payment_service.adapters.mongo_statements import MongoStatementRows
from payment_service.application.bank_ports import KeptLine, KeptStatement
from payment_service.application.exception_ports import Wanted
from payment_service.application.journal import JournalEntry, StatementLine
from payment_service.application.rows import Rows
from payment_service.application.tables import Acts, Entries, Funds, RunLine
from payment_service.domain.approvals import Approval, ApprovalStatus
from payment_service.domain.bank_statements import BankLineState
from payment_service.domain.holds import Hold
from payment_service.domain.invoices import Invoice, number_of
from payment_service.domain.payouts import ItemState, PayoutItem, PayoutRun, Rail, RunStatus
from payment_service.domain.people import Payee
from payment_service.domain.refunds import Refund, RefundStatus

_EQUAL = {"differences_count": 0, "unreconciled_minor": 0}
_RESULTS: dict[str, Document] = {
    "equal": {"status": "completed", **_EQUAL},
    "differs": {"status": "completed", "$nor": [_EQUAL]},
    "failed": {"status": "failed"},
}
_PART_CHARACTERS_MAX = 200
# What a requester has: free, reserved, on its way back.
_FUNDS = ("wallet", "escrow", "refunding")

# What entries name, by how an id begins.
_REFS_BY_PREFIX = {
    "jrn": ["_id", "refs.corrects"],
    "run": ["refs.run"],
    "pay": ["refs.item"],
    "bat": ["refs.batch"],
    "req": ["refs.requester"],
    "wrk": ["refs.worker"],
    "asg": ["refs.assignment"],
    "top": ["refs.top_up"],
    "bon": ["refs.bonus"],
    "hld": ["refs.hold"],
    "rfd": ["refs.refund"],
    "apr": ["refs.approval"],
    "exc": ["refs.exception"],
    "txn": ["refs.stripe_txn"],
    "bln": ["refs.bank_line"],
    "bst": ["refs.bank_statement"],
    "": ["refs.stripe_source", "refs.sweep", "refs.bank_account"],
}


class MongoTables(MongoOwnTables):
    """The `Tables` port."""

    def runs(self, *, status: RunStatus | None = None, rail: Rail | None = None) -> Rows[PayoutRun]:
        query: Document = {} if status is None else {"status": status.value}
        if rail is not None:
            # Runs from before there were rails name none.
            query["rail"] = {"$in": [rail.value, None] if rail is Rail.STRIPE else [rail.value]}
        keys = {"run": "number", "state": "status"}
        return self._rows(
            PAYOUT_RUNS,
            query,
            made=payout_run,
            ids=lambda run: run.run_id,
            keys=keys | same("made_at", "approved_at", "ended_at"),
        )

    def run_lines(self, runs: Sequence[PayoutRun]) -> Sequence[RunLine]:
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

    def payees(self, *, status: str | None = None, part: str = "") -> Rows[Payee]:
        query: Document = {} if status is None else {"status": status}
        return self._rows(
            PAYEES,
            query | _with_part("_id", part),
            made=stored_payee,
            ids=lambda payee: payee.worker_id,
            keys={"worker": "_id", "account": "status", "details_at": "details_at"},
        )

    def payouts_of(self, worker_id: WorkerId) -> Rows[PayoutItem]:
        return self._rows(
            PAYOUT_ITEMS,
            {"worker_id": worker_id},
            made=payout_item,
            ids=lambda item: item.item_id,
            keys={"line": "_id", "run": "run_id", **same("state", "changed_at")},
            wire_sums=same("amount"),
        )

    def holds(self) -> Rows[Hold]:
        return self._rows(
            HOLDS,
            {"released_at": None},
            made=stored_hold,
            ids=lambda hold: hold.hold_id,
            keys={"worker": "worker_id", **same("reason", "placed_at")},
            wire_sums=same("amount"),
        )

    def approvals(
        self, *, status: ApprovalStatus | None = None, kind: str | None = None
    ) -> Rows[Approval]:
        named = {"status": status and status.value, "kind": kind}
        return self._rows(
            APPROVALS,
            _given(named),
            made=stored_approval,
            ids=lambda approval: approval.approval_id,
            keys={"made_at": "_id", "state": "status", **same("kind", "subject", "reason")},
        )

    def refunds(
        self, *, status: RefundStatus | None = None, requester_id: RequesterId | None = None
    ) -> Rows[Refund]:
        named = {"status": status and status.value, "requester_id": requester_id}
        return self._rows(
            REFUNDS,
            _given(named),
            made=stored_refund,
            ids=lambda refund: refund.refund_id,
            keys={"asked_at": "asked_at", "requester": "requester_id", "state": "status"},
            wire_sums=same("amount", "sent", "returned"),
        )

    def invoices(
        self, *, part: str = "", month: str = "", requester_id: RequesterId | None = None
    ) -> Rows[Invoice]:
        query = _given({"period": month or None}) | _with_part("requester_id", part)
        return self._rows(
            INVOICES,
            query if requester_id is None else {**query, "requester_id": requester_id},
            made=stored_invoice,
            ids=lambda invoice: invoice.name,
            keys={
                "number": "_id",
                "month": "period",
                "requester": "requester_id",
                "issued_at": "issued_at",
            },
            place=number_of,
        )

    def bank_statements(self, account_id: str | None = None) -> Rows[KeptStatement]:
        return self._rows(
            BANK_STATEMENTS,
            _given({"account_id": account_id}),
            made=stored_statement,
            ids=lambda statement: statement.statement_id,
            keys={"statement": "reference", "lines": "line_count"}
            | same("closed_on", "confirmed_at"),
        )

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
        return self._rows(
            RECONCILIATIONS,
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

    def differences(self, reconciliation_id: str) -> Rows[Mapping[str, Any]]:
        return self._rows(
            DIFFERENCES,
            {"reconciliation_id": reconciliation_id},
            keys=same("number", "kind", "subject"),
            made=dict,
            ids=_id_of,
            sums={"amount": "units"},
        )

    def timing(self, reconciliation_id: str) -> Rows[Mapping[str, Any]]:
        return self._rows(
            TIMING,
            {"reconciliation_id": reconciliation_id},
            keys={"number": "number", "what": "subject", "due_on": "due_on"},
            made=dict,
            ids=_id_of,
            sums={"amount": "units"},
        )

    def exceptions(self, wanted: Wanted) -> Rows[Mapping[str, Any]]:
        return self._rows(
            EXCEPTIONS,
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
        query = _given({"who": acts.who, "what": acts.what, "subject": acts.subject})
        return self._rows(
            AUDIT_LOG,
            query | _between("at", {"$gte": acts.since, "$lt": acts.until}),
            keys={"at": "_id", "who": "who", "what": "what", "subject": "subject"},
            made=dict,
            ids=_id_of,
        )

    def entries(self, entries: Entries) -> Rows[JournalEntry]:
        query: Document = {} if entries.code is None else {"code": entries.code}
        if entries.ref is not None:
            query[f"refs.{entries.ref[0]}"] = entries.ref[1]
        if entries.about:
            query |= _naming(entries.about)
        since, until = (day and day.isoformat() for day in (entries.since, entries.until))
        return self._rows(
            JOURNAL,
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

    def statement(
        self,
        path: str,
        *,
        since: date | None = None,
        until: date | None = None,
        debit: str = "debit",
        credit: str = "credit",
    ) -> Rows[StatementLine]:
        return MongoStatementRows(
            self._database,
            path,
            days=(since, until),
            names=(debit, credit),
            summed_max=self._summed_max,
        )

    def bank_lines(self, statement_id: str, state: BankLineState | None = None) -> Rows[KeptLine]:
        query: Document = {"statement_id": statement_id}
        if state is not None:
            query["state"] = state.value
        return self._rows(
            BANK_LINES,
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
        amounts = (
            wire_sum(row, run.currency.code) for row in sums if row["_id"]["state"] in states
        )
        return sum(amounts, Money.zero(run.currency))

    return RunLine(
        run,
        payee_count=sum(int(row["count"]) for row in sums),
        total=of(*(set(ItemState) - {ItemState.CANCELLED})),
        paid=of(ItemState.PAID),
        failed=of(ItemState.FAILED),
    )


def _id_of(row: Mapping[str, Any]) -> str:
    return str(row["_id"])


def _between(field: str, limits: Mapping[str, Any]) -> Document:
    given = _given(limits)
    return {field: given} if given else {}


def _given(named: Mapping[str, Any]) -> Document:
    return {name: value for name, value in named.items() if value is not None}


def _with_part(field: str, part: str) -> Document:
    """A part that is longer than any value finds nothing, and engines refuse long patterns."""
    return {field: {"$regex": re.escape(part[:_PART_CHARACTERS_MAX])}} if part else {}


def _naming(text: str) -> Document:
    """Entries that an id is in. Our own ids say of what kind they are, the processor's do not."""
    if ":" in text:
        return {"key": text}
    own = _REFS_BY_PREFIX.get(text.partition("_")[0])
    fields = own or [field for each in _REFS_BY_PREFIX.values() for field in each]
    return {"$or": [{field: text} for field in fields]}
