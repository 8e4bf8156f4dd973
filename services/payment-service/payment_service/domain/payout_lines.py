"""The lines of what was taken from a payout: ours when it is posted, not before."""

from payment_service.domain import chart
from payment_service.domain.entries import Line, credit, debit
from payment_service.domain.payouts import PayoutItem


def kept(item: PayoutItem) -> tuple[Line, ...]:
    """On posting: what was reserved beyond what was sent is our fee, and a tax office's."""
    lines = (
        debit(chart.payout_item(item.item_id, item.currency), item.gross - item.amount),
        credit(chart.payout_fees(item.currency), item.fee),
        credit(chart.withheld(item.tax_country, item.currency), item.withheld),
    )
    return tuple(line for line in lines if line.debit or line.credit)


def given_back(item: PayoutItem) -> tuple[Line, ...]:
    """On a return: nothing was paid, so no tax is due on it. The fee was for sending."""
    if not item.withheld:
        return ()
    return (
        debit(chart.withheld(item.tax_country, item.currency), item.withheld),
        credit(chart.held(item.worker_id, item.currency), item.withheld),
    )
