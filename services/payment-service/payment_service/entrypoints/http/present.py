"""Domain objects as the API shows them."""

from collections.abc import Mapping
from typing import Any

from crowdloom.kernel import Currency, Money

from payment_service.application.journal import AccountBalance, JournalEntry, StatementLine
from payment_service.application.payout_runs import RunView
from payment_service.application.show_money import BatchSpend
from payment_service.domain.approvals import Approval
from payment_service.domain.chart import is_debit_side
from payment_service.domain.payouts import ItemState, PayoutItem
from payment_service.domain.people import PayoutRequest

Shown = dict[str, Any]

_FIGURES = (
    *("ended_at", "error_code", "error", "journal_minor", "processor_minor"),
    *("unreconciled_minor", "lines_count", "transfers_count", "transfers_minor"),
    *("posted_minor", "differences_count"),
)
_LISTS = ("journal", "processor", "differences", "banks", "timing")


def spend(shown: BatchSpend) -> Shown:
    terms = shown.terms
    return {
        "batch_id": terms.batch_id,
        "slot_count": terms.slot_count,
        "reward": terms.reward,
        "fee_per_slot": terms.fee,
        "vat_per_slot": terms.vat,
        "reserved": shown.reserved,
        "settled": shown.settled,
        "settled_count": shown.book.settled_count,
        "fee": shown.fees,
        "vat": shown.vat,
        "released": shown.released,
        "closed": shown.book.closed,
    }


def payout_request(request: PayoutRequest) -> Shown:
    return {**vars(request), "payout_request_id": request.request_id}


def account_balance(row: AccountBalance) -> Shown:
    signed = row.signed if is_debit_side(row.path) else -row.signed
    return {
        "account": row.path,
        "currency": row.currency.code,
        "debit": Money(row.debit, row.currency),
        "credit": Money(row.credit, row.currency),
        "balance": Money(signed, row.currency),
    }


def currency_total(currency: Currency, rows: list[AccountBalance]) -> Shown:
    debit = Money(sum(row.debit for row in rows), currency)
    credit = Money(sum(row.credit for row in rows), currency)
    return {
        "currency": currency.code,
        "debit": debit,
        "credit": credit,
        "difference": debit - credit,
    }


def entry(found: JournalEntry) -> Shown:
    lines = [
        {
            "account": line.account,
            "debit": Money(line.debit, found.currency),
            "credit": Money(line.credit, found.currency),
        }
        for line in found.lines
    ]
    return {
        **vars(found),
        "currency": found.currency.code,
        "total": Money(found.total, found.currency),
        "lines": lines,
    }


def movement(line: StatementLine) -> Shown:
    currency = line.entry.currency
    return {
        **vars(line.entry),
        "debit": Money(line.debit, currency),
        "credit": Money(line.credit, currency),
        "balance": Money(line.balance, currency),
    }


def run_summary(view: RunView) -> Shown:
    return {
        **vars(view.run),
        "payout_run_id": view.run.run_id,
        "status": view.run.status.value,
        "currency": view.run.currency.code,
        "rail": view.run.rail.value,
        "approvals": list(view.run.approvers),
        "total": view.total,
        "paid": view.paid,
        "failed": view.failed,
        "item_count": view.count(*ItemState),
    }


def run(view: RunView) -> Shown:
    return {**run_summary(view), "items": [payout_item(item) for item in view.items]}


def payout_item(item: PayoutItem) -> Shown:
    return {
        **vars(item),
        "payout_item_id": item.item_id,
        "state": item.state.value,
        "fee": item.fee,
        "withheld": item.withheld,
    }


def reconciliation(document: Mapping[str, Any]) -> Shown:
    return {
        "reconciliation_id": document["_id"],
        "status": document["status"],
        "asked_by": document["asked_by"],
        "asked_at": document["asked_at"],
        **{name: document.get(name) for name in _FIGURES},
        **{name: document.get(name) or [] for name in _LISTS},
    }


def approval(found: Approval) -> Shown:
    return {**vars(found), "status": found.status.value, "content_hash": found.content_hash}
