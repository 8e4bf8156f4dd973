"""Refunds as journal entries: money.md section 4. Pure functions."""

from crowdloom.kernel import Money

from payment_service.domain import chart
from payment_service.domain.entries import Entry, credit, debit
from payment_service.domain.processor_lines import BalanceTransaction
from payment_service.domain.refunds import Refund, RefundPart


def reserve(refund: Refund) -> Entry:
    """Asked for: no longer free, and not sent yet."""
    currency = refund.amount.currency
    return Entry(
        key=f"refund:{refund.refund_id}:reserve",
        code="refund_reserve",
        currency=currency,
        lines=(
            debit(chart.wallet(refund.requester_id, currency), refund.amount),
            credit(chart.refunding(refund.requester_id, currency), refund.amount),
        ),
        refs=_refs(refund),
    )


def void(refund: Refund, amount: Money, *, number: int) -> Entry:
    """Not sent, for good: free again. `number` is the part's, or 0 for the whole."""
    return Entry(
        key=f"refund:{refund.refund_id}:void:{number}",
        code="refund_void",
        currency=amount.currency,
        lines=(
            debit(chart.refunding(refund.requester_id, amount.currency), amount),
            credit(chart.wallet(refund.requester_id, amount.currency), amount),
        ),
        refs=_refs(refund),
    )


def post(refund: Refund, transaction: BalanceTransaction) -> Entry:
    """The refund is on the processor's books, at its own figure; a fee on it is ours to bear."""
    currency = transaction.currency
    paid_from = chart.stripe_available if transaction.available else chart.stripe_pending
    lines = (
        debit(chart.refunding(refund.requester_id, currency), -transaction.gross),
        debit(chart.processing_costs(currency), transaction.fee),
        credit(paid_from(currency), -transaction.net),
    )
    return Entry(
        key=f"refund:{refund.refund_id}:post:{transaction.transaction_id}",
        code="refund_post",
        currency=currency,
        lines=tuple(line for line in lines if line.debit or line.credit),
        refs={
            **_refs(refund),
            "stripe_txn": transaction.transaction_id,
            "stripe_source": transaction.source_id,
        },
        occurred_at=transaction.created_at,
    )


def come_back(refund: Refund, part: RefundPart, transaction: BalanceTransaction) -> Entry:
    """The card's bank did not take it: it is the requester's free money again."""
    currency = transaction.currency
    paid_to = chart.stripe_available if transaction.available else chart.stripe_pending
    lines = (
        debit(paid_to(currency), transaction.net),
        debit(chart.processing_costs(currency), transaction.fee),
        credit(chart.wallet(refund.requester_id, currency), transaction.gross),
    )
    return Entry(
        key=f"refund:{refund.refund_id}:return:{transaction.transaction_id}",
        code="refund_return",
        currency=currency,
        lines=tuple(line for line in lines if line.debit or line.credit),
        refs={
            **_refs(refund),
            "top_up": part.top_up_id,
            "stripe_txn": transaction.transaction_id,
            "stripe_source": transaction.source_id,
        },
        occurred_at=transaction.created_at,
    )


def _refs(refund: Refund) -> dict[str, str]:
    return {"requester": refund.requester_id, "refund": refund.refund_id}
