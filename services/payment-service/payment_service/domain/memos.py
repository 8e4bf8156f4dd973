"""A worker's own balance at the processor, mirrored off our books: money that we sent there is not
ours any more, and whether its bank took it is still worth knowing. No memo is a journal entry.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crowdloom.kernel import Money
from crowdloom.kernel.ids import PayoutItemId, WorkerId

from payment_service.domain import chart
from payment_service.domain.payouts import PayoutItem


class MemoKind(StrEnum):
    """`arrived` at the worker's balance, `paid` to the worker's bank, `returned` by that bank."""

    ARRIVED = "arrived"
    PAID = "paid"
    RETURNED = "returned"


@dataclass(frozen=True)
class Memo:
    """`key` makes noting idempotent; `amount` is signed: what it adds to the mirrored balance.
    `subject` is our payout line, or the processor's payout to the worker's bank.
    """

    key: str
    account_id: str
    worker_id: WorkerId
    kind: MemoKind
    amount: Money
    subject: str
    occurred_at: datetime | None = None

    @property
    def path(self) -> str:
        return chart.connected(self.account_id, self.amount.currency)


@dataclass(frozen=True)
class ConnectedPayout:
    """What the processor paid from a worker's balance to the worker's bank. `status` is as the
    processor says: pending, in_transit, paid, failed or canceled.
    """

    payout_id: str
    amount: Money
    status: str
    created_at: datetime
    failure_code: str = ""


@dataclass(frozen=True)
class Mirror:
    """What a worker's account holds by our memos; `returned_at` is when a bank last sent a payout
    back to it.
    """

    account_id: str
    worker_id: WorkerId
    balance: Money
    returned_at: datetime | None = None


@dataclass(frozen=True)
class Reached:
    """How much of a payout line a worker's bank has, by which payouts of the processor, oldest
    first; `came_back` where it had it and sent it back.
    """

    amount: Money
    payout_ids: tuple[str, ...] = ()
    came_back: bool = False


@dataclass
class _Paid:
    payout_id: str
    units: int
    returned: bool = False


def arrived(item: PayoutItem, at: datetime | None = None) -> Memo:
    """Our transfer is on the processor's books: it is on the worker's balance there."""
    return Memo(
        key=f"memo:{item.item_id}:arrived",
        account_id=item.destination,
        worker_id=item.worker_id,
        kind=MemoKind.ARRIVED,
        amount=item.amount,
        subject=item.item_id,
        occurred_at=at,
    )


def noted(payout: ConnectedPayout, *, account_id: str, worker_id: WorkerId) -> tuple[Memo, ...]:
    """What there is to note of a payout as it stands: one that came back was paid before."""
    moves = {
        "paid": ((MemoKind.PAID, -payout.amount),),
        "failed": ((MemoKind.PAID, -payout.amount), (MemoKind.RETURNED, payout.amount)),
    }
    return tuple(
        Memo(
            key=f"memo:{payout.payout_id}:{kind.value}",
            account_id=account_id,
            worker_id=worker_id,
            kind=kind,
            amount=amount,
            subject=payout.payout_id,
            occurred_at=payout.created_at,
        )
        for kind, amount in moves.get(payout.status, ())
    )


def reached(memos: Iterable[Memo], item_id: PayoutItemId) -> Reached | None:
    """First in, first out, as they were noted. None where the account never paid its worker out,
    or our line is not among the memos.
    """
    begin = end = arrived_units = 0
    found: Memo | None = None
    paid: list[_Paid] = []
    for memo in memos:
        if memo.kind is MemoKind.ARRIVED:
            if memo.subject == item_id:
                found, begin = memo, arrived_units
                end = begin + memo.amount.units
            arrived_units += memo.amount.units
        elif memo.kind is MemoKind.PAID:
            paid.append(_Paid(memo.subject, -memo.amount.units))
        else:
            for each in paid:
                each.returned = each.returned or each.payout_id == memo.subject
    if found is None or not paid:
        return None
    place = covered = 0
    payouts: list[str] = []
    tried = False
    for each in paid:
        overlap = min(place + each.units, end) - max(place, begin)
        if overlap > 0 and each.returned:
            tried = True
        elif overlap > 0:
            covered += overlap
            payouts.append(each.payout_id)
        place += 0 if each.returned else each.units
    came_back = tried and covered < found.amount.units
    return Reached(Money(covered, found.amount.currency), tuple(payouts), came_back)
