"""Every flow of money as a journal entry: money.md section 4. Pure functions."""

from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, BatchId, RequesterId, WorkerId

from payment_service.domain import chart
from payment_service.domain.batches import BatchTerms
from payment_service.domain.bonuses import Bonus
from payment_service.domain.entries import Entry, Line, credit, debit
from payment_service.domain.gifts import Gift
from payment_service.domain.holds import Hold
from payment_service.domain.payout_lines import kept
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.processor_lines import BalanceTransaction
from payment_service.domain.vat import Vat


def top_up(transaction: BalanceTransaction, *, top_up_id: str, requester_id: RequesterId) -> Entry:
    """A charge on the processor's books: the requester gets the gross, we bear the fee."""
    currency = transaction.currency
    return Entry(
        key=f"topup:{transaction.transaction_id}",
        code="topup",
        currency=currency,
        lines=_lines(
            debit(chart.stripe_pending(currency), transaction.net),
            debit(chart.processing_costs(currency), transaction.fee),
            credit(chart.wallet(requester_id, currency), transaction.gross),
        ),
        refs={"requester": requester_id, "top_up": top_up_id, **_refs(transaction)},
        occurred_at=transaction.created_at,
    )


def settlement(transaction: BalanceTransaction) -> Entry:
    """The processor made a pending line available."""
    currency = transaction.currency
    there, here = chart.stripe_available(currency), chart.stripe_pending(currency)
    if transaction.net.units < 0:
        there, here = here, there
    amount = _size(transaction.net)
    return Entry(
        key=f"settle:{transaction.transaction_id}",
        code="settle",
        currency=currency,
        lines=(debit(there, amount), credit(here, amount)),
        refs=_refs(transaction),
        occurred_at=transaction.available_on,
    )


def unidentified(transaction: BalanceTransaction) -> Entry:
    """A processor line nobody can explain yet: booked the day it is seen, to suspense."""
    currency = transaction.currency
    lines = [
        _either_side(chart.stripe_pending(currency), transaction.net.units),
        _either_side(chart.processing_costs(currency), transaction.fee.units),
        _either_side(chart.suspense(currency), -transaction.gross.units),
    ]
    return Entry(
        key=f"suspense:{transaction.transaction_id}",
        code="suspense",
        currency=currency,
        lines=tuple(line for line in lines if line.debit or line.credit),
        refs=_refs(transaction),
        occurred_at=transaction.created_at,
    )


def processor_fee(transaction: BalanceTransaction) -> Entry:
    """The processor charges for something that is none of ours, as its month; or gives it back."""
    currency = transaction.currency
    return Entry(
        key=f"stripefee:{transaction.transaction_id}",
        code="stripe_fee",
        currency=currency,
        lines=_lines(
            _either_side(chart.stripe_pending(currency), transaction.net.units),
            _either_side(chart.processing_costs(currency), -transaction.net.units),
        ),
        refs=_refs(transaction),
        occurred_at=transaction.created_at,
    )


def publish(terms: BatchTerms, more: Money | None = None) -> Entry:
    """Reserve the whole cost, or what terms that grew cost `more`."""
    amount = terms.cost if more is None else more
    return Entry(
        key=f"publish:{terms.batch_id}:{terms.revision}",
        code="publish",
        currency=terms.currency,
        lines=(
            debit(chart.wallet(terms.requester_id, terms.currency), amount),
            credit(_escrow(terms), amount),
        ),
        refs={
            "requester": terms.requester_id,
            "batch": terms.batch_id,
            "slot_units": str(terms.slot_cost.units),
        },
    )


def accept(terms: BatchTerms, *, assignment_id: AssignmentId, worker_id: WorkerId) -> Entry:
    """Reward, fee and VAT as published, never as an event says."""
    return Entry(
        key=f"accept:{assignment_id}",
        code="accept",
        currency=terms.currency,
        lines=_lines(
            debit(_escrow(terms), terms.slot_cost),
            credit(chart.clearing(worker_id, terms.currency), terms.reward),
            credit(chart.platform_fees(terms.currency), terms.fee),
            *_vat(terms.tax, terms.vat),
        ),
        refs={
            "batch": terms.batch_id,
            "requester": terms.requester_id,
            "assignment": assignment_id,
            "worker": worker_id,
            **_vat_refs(terms.tax),
        },
    )


def overturn(
    terms: BatchTerms, *, assignment_id: AssignmentId, worker_id: WorkerId, from_wallet: Money
) -> Entry:
    """Accepted after a rejection. What is reserved belongs to slots that are still open, so the
    wallet pays, and beyond `from_wallet` we do, and the requester owes it: the worker is paid.
    """
    currency = terms.currency
    return Entry(
        key=f"accept:{assignment_id}:appeal",
        code="overturn",
        currency=currency,
        lines=_lines(
            debit(chart.wallet(terms.requester_id, currency), from_wallet),
            debit(chart.owed_by(terms.requester_id, currency), terms.slot_cost - from_wallet),
            credit(chart.clearing(worker_id, currency), terms.reward),
            credit(chart.platform_fees(currency), terms.fee),
            *_vat(terms.tax, terms.vat),
        ),
        refs={
            "batch": terms.batch_id,
            "requester": terms.requester_id,
            "assignment": assignment_id,
            "worker": worker_id,
            **_vat_refs(terms.tax),
        },
    )


def mature(
    reward: Money, *, assignment_id: AssignmentId, batch_id: BatchId, worker_id: WorkerId
) -> Entry:
    """The hold window is over."""
    return Entry(
        key=f"mature:{assignment_id}",
        code="mature",
        currency=reward.currency,
        lines=(
            debit(chart.clearing(worker_id, reward.currency), reward),
            credit(chart.payable(worker_id, reward.currency), reward),
        ),
        refs={"assignment": assignment_id, "batch": batch_id, "worker": worker_id},
    )


def release(terms: BatchTerms, assignment_id: AssignmentId) -> Entry:
    """A rejected answer whose slot is closed."""
    return _back_to_wallet(terms, f"release:{assignment_id}", "release", terms.slot_cost)


def cancel(terms: BatchTerms, *, revision: int, slot_count: int) -> Entry:
    """Slots of a cancelled batch that nobody holds and nobody will."""
    key = f"cancel:{terms.batch_id}:{revision}"
    return _back_to_wallet(terms, key, "cancel", terms.slot_cost * slot_count)


def close(terms: BatchTerms, rest: Money) -> Entry:
    """All that is still reserved, when every slot is decided."""
    return _back_to_wallet(terms, f"close:{terms.batch_id}", "close", rest)


def bonus(granted: Bonus, worker_id: WorkerId) -> Entry:
    """Payable at once: nobody disputes a gift."""
    currency = granted.amount.currency
    return Entry(
        key=f"bonus:{granted.bonus_id}",
        code="bonus",
        currency=currency,
        lines=_lines(
            debit(chart.wallet(granted.requester_id, currency), granted.cost),
            credit(chart.payable(worker_id, currency), granted.amount),
            credit(chart.bonus_fees(currency), granted.fee),
            *_vat(granted.tax, granted.vat),
        ),
        refs={
            "batch": granted.batch_id,
            "requester": granted.requester_id,
            "assignment": granted.assignment_id,
            "worker": worker_id,
            "bonus": granted.bonus_id,
            **_vat_refs(granted.tax),
        },
    )


def hold(held: Hold) -> Entry:
    """What is payable is kept back."""
    return _between(
        held,
        f"hold:{held.hold_id}",
        "hold",
        debit(chart.payable(held.worker_id, held.amount.currency), held.amount),
        credit(chart.held(held.worker_id, held.amount.currency), held.amount),
    )


def unhold(held: Hold) -> Entry:
    """What was kept back is payable again."""
    return _between(
        held,
        f"unhold:{held.hold_id}",
        "unhold",
        debit(chart.held(held.worker_id, held.amount.currency), held.amount),
        credit(chart.payable(held.worker_id, held.amount.currency), held.amount),
    )


def _between(held: Hold, key: str, code: str, *lines: Line) -> Entry:
    return Entry(
        key=key,
        code=code,
        currency=held.amount.currency,
        lines=lines,
        refs={"worker": held.worker_id, "hold": held.hold_id},
    )


def payout_reserve(item: PayoutItem) -> Entry:
    return Entry(
        key=f"payout:{item.item_id}:reserve:{item.attempt}",
        code="payout_reserve",
        currency=item.currency,
        lines=(
            debit(chart.payable(item.worker_id, item.currency), item.gross),
            credit(chart.payout_item(item.item_id, item.currency), item.gross),
        ),
        refs=_item_refs(item),
    )


def payout_void(item: PayoutItem) -> Entry:
    """A definite refusal: the money is payable again."""
    return Entry(
        key=f"payout:{item.item_id}:void:{item.attempt}",
        code="payout_void",
        currency=item.currency,
        lines=(
            debit(chart.payout_item(item.item_id, item.currency), item.gross),
            credit(chart.payable(item.worker_id, item.currency), item.gross),
        ),
        refs=_item_refs(item),
    )


def payout_post(item: PayoutItem, transaction: BalanceTransaction) -> Entry:
    """The transfer is on the processor's books."""
    return Entry(
        key=f"payout:{item.item_id}:post:{transaction.transaction_id}",
        code="payout_post",
        currency=item.currency,
        lines=(
            debit(chart.payout_item(item.item_id, item.currency), _size(transaction.net)),
            credit(chart.stripe_available(item.currency), _size(transaction.net)),
            *kept(item),
        ),
        refs={**_item_refs(item), **_refs(transaction)},
        occurred_at=transaction.created_at,
    )


def payout_as_gift(item: PayoutItem) -> Entry:
    """The worker takes credit: no money leaves, we owe it to whoever has the code."""
    return Entry(
        key=f"payout:{item.item_id}:post:gift",
        code="payout_post",
        currency=item.currency,
        lines=(
            debit(chart.payout_item(item.item_id, item.currency), item.amount),
            credit(chart.gift_credit(item.currency), item.amount),
            *kept(item),
        ),
        refs=_item_refs(item),
    )


def gift_redeem(gift: Gift, requester_id: RequesterId) -> Entry:
    """The code was used: the credit is a requester's free money."""
    currency = gift.amount.currency
    return Entry(
        key=f"gift:{gift.item_id}:redeem",
        code="gift_redeem",
        currency=currency,
        lines=(
            debit(chart.gift_credit(currency), gift.amount),
            credit(chart.wallet(requester_id, currency), gift.amount),
        ),
        refs={"item": str(gift.item_id), "requester": requester_id},
    )


def _back_to_wallet(terms: BatchTerms, key: str, code: str, amount: Money) -> Entry:
    return Entry(
        key=key,
        code=code,
        currency=terms.currency,
        lines=(
            debit(_escrow(terms), amount),
            credit(chart.wallet(terms.requester_id, terms.currency), amount),
        ),
        refs={"requester": terms.requester_id, "batch": terms.batch_id},
    )


def _escrow(terms: BatchTerms) -> str:
    return chart.escrow(terms.requester_id, terms.batch_id, terms.currency)


def _vat(tax: Vat, amount: Money) -> tuple[Line, ...]:
    return (credit(chart.vat(tax.country, amount.currency), amount),) if amount else ()


def _vat_refs(tax: Vat) -> dict[str, str]:
    return {"vat": tax.note} if tax.note else {}


def _item_refs(item: PayoutItem) -> dict[str, str]:
    return {"run": item.run_id, "item": str(item.item_id), "worker": item.worker_id}


def _refs(transaction: BalanceTransaction) -> dict[str, str]:
    return {
        "stripe_txn": transaction.transaction_id,
        "stripe_source": transaction.source_id,
    }


def _lines(*lines: Line) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.debit or line.credit)


def _either_side(account: str, units: int) -> Line:
    return Line(account, max(units, 0), max(-units, 0))


def _size(amount: Money) -> Money:
    return -amount if amount.units < 0 else amount
