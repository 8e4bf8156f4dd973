"""What requesters and workers see of their money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crowdloom.kernel import Clock, Currency, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, RequesterId, WorkerId

from payment_service.application import ports
from payment_service.application.memo_ports import Memos
from payment_service.domain import chart
from payment_service.domain.batches import BatchBook, BatchTerms
from payment_service.domain.deductions import Deductions, PayoutRules
from payment_service.domain.payouts import IN_FLIGHT, ItemState
from payment_service.domain.people import Payee, PayoutRequest, TopUp

_LISTED_MAX = 50


class LedgerView(ports.Ledger, Protocol):
    def reserved_by_owner(self, owner: str) -> int:
        """Units on all escrow accounts of a requester."""
        ...


class Readers(Protocol):
    """Repositories outside of any transaction."""

    @property
    def ledger(self) -> LedgerView: ...
    @property
    def assignments(self) -> ports.Assignments: ...
    @property
    def batches(self) -> ports.Batches: ...
    @property
    def top_ups(self) -> ports.TopUps: ...
    @property
    def payees(self) -> ports.Payees: ...
    @property
    def payout_requests(self) -> ports.PayoutRequests: ...
    @property
    def payout_runs(self) -> ports.PayoutRuns: ...
    @property
    def memos(self) -> Memos: ...


@dataclass(frozen=True)
class Wallet:
    free: Money
    reserved: Money


@dataclass(frozen=True)
class BatchSpend:
    """`reserved` is what is still set aside for the batch."""

    book: BatchBook
    terms: BatchTerms
    reserved: Money
    settled: Money
    fees: Money
    vat: Money
    released: Money


@dataclass(frozen=True)
class Earnings:
    """Where a worker's money is. `in_review` is what answers that nobody decided on yet would pay,
    at the terms in force; `held` is kept back while somebody looks into it. `at_processor` was
    paid, and is on the worker's own balance there; a bank last sent something back to it at
    `returned_at`. `next_payout` is what one asked for now would take and send; `fees` and
    `withheld` were taken from those that were paid.
    """

    in_review: Money
    in_review_count: int
    clearing: Money
    payable: Money
    held: Money
    on_its_way: Money
    paid: Money
    settled_count: int
    at_processor: Money
    returned_at: datetime | None
    next_payout: Deductions
    fees: Money
    withheld: Money


class ShowMoney:
    def __init__(
        self, readers: Readers, currency: Currency, *, rules: PayoutRules, clock: Clock
    ) -> None:
        self._readers = readers
        self._currency = currency
        self._rules = rules
        self._clock = clock

    def wallet(self, requester_id: RequesterId) -> Wallet:
        path = chart.wallet(requester_id, self._currency)
        free = self._readers.ledger.balances({path})[path]
        reserved = self._readers.ledger.reserved_by_owner(requester_id)
        return Wallet(Money(free, self._currency), Money(reserved, self._currency))

    def top_up(self, requester_id: RequesterId, top_up_id: str) -> TopUp:
        """Raises NotFound, also for another requester's."""
        top_up = self._readers.top_ups.get(top_up_id)
        if top_up is None or top_up.requester_id != requester_id:
            raise NotFound("There is no such top-up")
        return top_up

    def batch(self, requester_id: RequesterId, batch_id: BatchId) -> BatchSpend:
        """Raises NotFound for a batch that is unknown, not funded yet, or another's."""
        book = self._readers.batches.get(batch_id)
        if book is None or book.terms is None or book.terms.requester_id != requester_id:
            raise NotFound("No money was reserved for such a batch")
        return self.spends([book])[0]

    def spends(self, books: Sequence[BatchBook]) -> list[BatchSpend]:
        """What became of the money of each that was funded."""
        funded = [(book, book.terms) for book in books if book.terms is not None]
        paths = {
            book.batch_id: chart.escrow(terms.requester_id, terms.batch_id, terms.currency)
            for book, terms in funded
        }
        held = self._readers.ledger.balances(set(paths.values()))
        return [
            BatchSpend(
                book=book,
                terms=terms,
                reserved=Money(held[paths[book.batch_id]], terms.currency),
                settled=book.settled or Money.zero(terms.currency),
                fees=book.fees or Money.zero(terms.currency),
                vat=book.vat or Money.zero(terms.currency),
                released=Money(book.released_units, terms.currency),
            )
            for book, terms in funded
        ]

    def earnings(self, worker_id: WorkerId) -> Earnings:
        clearing = chart.clearing(worker_id, self._currency)
        payable = chart.payable(worker_id, self._currency)
        kept = chart.held(worker_id, self._currency)
        held: Mapping[str, int] = self._readers.ledger.balances({clearing, payable, kept})
        counts = self._readers.assignments.in_review(worker_id)
        payouts = self._readers.payout_runs.sums_of_worker(worker_id)
        mirrors = [
            mirror
            for mirror in self._readers.memos.of_worker(worker_id)
            if mirror.balance.currency is self._currency
        ]
        fees, withheld = self._readers.payout_runs.kept_of_worker(worker_id, self._currency)
        return Earnings(
            next_payout=self._next(worker_id, Money(held[payable], self._currency)),
            fees=fees,
            withheld=withheld,
            in_review=self._in_review(counts),
            in_review_count=sum(counts.values()),
            clearing=Money(held[clearing], self._currency),
            payable=Money(held[payable], self._currency),
            held=Money(held[kept], self._currency),
            on_its_way=self._sum(payouts, set(IN_FLIGHT)),
            paid=self._sum(payouts, {ItemState.PAID}),
            settled_count=self._readers.assignments.settled_count(worker_id),
            at_processor=sum((each.balance for each in mirrors), Money.zero(self._currency)),
            returned_at=max((m.returned_at for m in mirrors if m.returned_at), default=None),
        )

    def _next(self, worker_id: WorkerId, payable: Money) -> Deductions:
        gross, nothing = payable.floored_to_minor(), Money.zero(self._currency)
        payee = self._readers.payees.get(worker_id)
        if payee is None:
            return Deductions(gross, nothing, nothing)
        return self._rules.of(payee, gross, self._clock.now().date())

    def _in_review(self, counts: Mapping[BatchId, int]) -> Money:
        books = self._readers.batches.many(set(counts))
        rewards = [
            book.terms.reward * counts[batch_id]
            for batch_id, book in books.items()
            if book.terms is not None and book.terms.currency is self._currency
        ]
        return sum(rewards, Money.zero(self._currency))

    def payee(self, worker_id: WorkerId) -> Payee | None:
        return self._readers.payees.get(worker_id)

    def payout_requests(self, worker_id: WorkerId) -> Sequence[PayoutRequest]:
        return self._readers.payout_requests.of_worker(worker_id, _LISTED_MAX)

    def _sum(self, payouts: Sequence[tuple[ItemState, Money]], states: set[ItemState]) -> Money:
        chosen = (
            amount
            for state, amount in payouts
            if state in states and amount.currency is self._currency
        )
        return sum(chosen, Money.zero(self._currency))
