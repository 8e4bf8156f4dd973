"""The trail of a payout: accepted work, ledger, processor, bank, and the first link that is broken.

Work is paid first in, first out: what was payable longest is in the next payout.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from crowdloom.kernel import Currency, Money

from payment_service.domain.memos import Reached
from payment_service.domain.payouts import IN_FLIGHT, ItemState, PayoutItem, Rail
from payment_service.domain.processor_lines import BalanceTransaction

# How long money may be on its way before a missing link is a broken one.
PROCESSOR_GRACE = timedelta(hours=1)
BANK_GRACE = timedelta(days=7)
_THERE_AND_BACK = 2


class LinkState(StrEnum):
    """`absent`: this rail has no such link."""

    HOLDS = "holds"
    WAITS = "waits"
    BROKEN = "broken"
    ABSENT = "absent"


@dataclass(frozen=True)
class Share:
    """What one credit to what is payable gave to this payout; `accept_id` is the entry of the
    accepted work behind it, where there is one.
    """

    entry_id: str
    code: str
    amount: Money
    assignment_id: str = ""
    batch_id: str = ""
    accept_id: str = ""

    @property
    def is_backed(self) -> bool:
        return self.code != "mature" or bool(self.accept_id)


@dataclass(frozen=True)
class Posting:
    """An entry of the payout; `total` is what it moved."""

    entry_id: str
    key: str
    code: str
    total: Money
    booked_at: datetime


@dataclass(frozen=True)
class BankSeen:
    line_id: str
    amount: Money
    booked_on: date


@dataclass(frozen=True)
class Link:
    name: str
    state: LinkState
    amount: Money | None = None


@dataclass(frozen=True)
class Trail:
    item: PayoutItem
    shares: Sequence[Share]
    postings: Sequence[Posting]
    processor_line: BalanceTransaction | None
    bank_lines: Sequence[BankSeen]
    links: Sequence[Link]
    reached: Reached | None = None

    @property
    def broken(self) -> str | None:
        """The first link that is."""
        return next((link.name for link in self.links if link.state is LinkState.BROKEN), None)


def trail(
    item: PayoutItem,
    *,
    shares: Sequence[Share],
    postings: Sequence[Posting],
    processor_line: BalanceTransaction | None,
    bank_lines: Sequence[BankSeen],
    reached: Reached | None = None,
    now: datetime,
) -> Trail:
    """`reached`: what a worker's own bank has of it, where the processor pays that bank."""
    links = (
        _work(item, shares, postings),
        _ledger(item, postings),
        _processor(item, processor_line, now),
        _bank(item, bank_lines, now) if reached is None else _workers_bank(item, reached),
    )
    return Trail(item, shares, postings, processor_line, bank_lines, links, reached)


def _work(item: PayoutItem, shares: Sequence[Share], postings: Sequence[Posting]) -> Link:
    if not any(each.code == "payout_reserve" for each in postings):
        return Link("work", LinkState.ABSENT)
    total = _sum((share.amount for share in shares), item.currency)
    whole = total == item.gross and all(share.is_backed for share in shares)
    return Link("work", LinkState.HOLDS if whole else LinkState.BROKEN, total)


def _ledger(item: PayoutItem, postings: Sequence[Posting]) -> Link:
    """Reserved once more than given back while it is under way, and posted once when it is paid."""
    amounts = {
        code: _sum((p.total for p in postings if p.code == code), item.currency)
        for code in (
            *("payout_reserve", "payout_void", "payout_post", "bank_unmatch"),
            *("payout_return", "return_unmatch"),
        )
    }
    posted = amounts["payout_post"] - amounts["bank_unmatch"]
    returned = amounts["payout_return"] - amounts["return_unmatch"]
    open_amount = amounts["payout_reserve"] - amounts["payout_void"] - posted
    nothing = Money.zero(item.currency)
    if item.state is ItemState.PAID:
        holds = (posted, open_amount) == (item.gross, nothing)
        return Link("ledger", LinkState.HOLDS if holds else LinkState.BROKEN, posted)
    if item.state is ItemState.RETURNED:
        holds = (posted, returned, open_amount) == (item.gross, item.returnable, nothing)
        return Link("ledger", LinkState.HOLDS if holds else LinkState.BROKEN, posted - returned)
    if item.state in IN_FLIGHT:
        waits = (posted, open_amount) == (nothing, item.gross)
        return Link("ledger", LinkState.WAITS if waits else LinkState.BROKEN, open_amount)
    holds = (posted, open_amount) == (nothing, nothing)
    return Link("ledger", LinkState.ABSENT if holds else LinkState.BROKEN, posted)


def _processor(item: PayoutItem, line: BalanceTransaction | None, now: datetime) -> Link:
    if item.rail is not Rail.STRIPE:
        return Link("processor", LinkState.ABSENT)
    if line is not None:
        same = -line.net == item.amount and line.source_id == item.transfer_id
        return Link("processor", LinkState.HOLDS if same else LinkState.BROKEN, -line.net)
    if item.state is ItemState.PAID:
        return Link("processor", LinkState.BROKEN)
    return Link("processor", _since(item, now, PROCESSOR_GRACE))


def _bank(item: PayoutItem, lines: Sequence[BankSeen], now: datetime) -> Link:
    """A worker whom the processor pays is paid from its bank, not from ours: unless its payouts
    were seen, there is no such link.
    """
    if item.rail is not Rail.BANK_FILE:
        return Link("bank", LinkState.ABSENT)
    seen = _sum((-line.amount for line in lines), item.currency)
    if item.state is ItemState.RETURNED:
        there_and_back = len(lines) == _THERE_AND_BACK and not seen
        return Link("bank", LinkState.HOLDS if there_and_back else LinkState.BROKEN, seen)
    if lines:
        same = len(lines) == 1 and seen == item.amount and item.state is ItemState.PAID
        return Link("bank", LinkState.HOLDS if same else LinkState.BROKEN, seen)
    if item.state is ItemState.PAID:
        return Link("bank", LinkState.BROKEN)
    return Link("bank", _since(item, now, BANK_GRACE))


def _workers_bank(item: PayoutItem, reached: Reached) -> Link:
    """The last link is off our books: what the processor paid on from the worker's own balance."""
    if reached.came_back:
        return Link("bank", LinkState.BROKEN, reached.amount)
    whole = reached.amount == item.amount
    return Link("bank", LinkState.HOLDS if whole else LinkState.WAITS, reached.amount)


def _since(item: PayoutItem, now: datetime, grace: timedelta) -> LinkState:
    if item.state not in IN_FLIGHT:
        return LinkState.ABSENT
    began = item.sending_since or item.changed_at or now
    return LinkState.BROKEN if now - began > grace else LinkState.WAITS


def _sum(amounts: Iterable[Money], currency: Currency) -> Money:
    return sum(amounts, Money.zero(currency))
